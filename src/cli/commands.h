// The subcommands: options in, exit code out.
#pragma once

#include "cli/command_line.h"

namespace scantune::cli {

int run(const TuneCommand& command);           // tune.cc
int run(const ListCommand& command);           // list.cc
int run(const JournalCommand& command);        // journal.cc
int run(const CheckCommand& command);          // check.cc
int run(const VerifyCommand& command);         // verify.cc
int run(const ShowCommand& command);           // best.cc
int run(const MergeCommand& command);          // best.cc
int run(const ExportCommand& command);         // export.cc
int run(const ProfileCommand& command);        // profile.cc
int run(const CompareCommand& command);        // compare.cc
int run(const ReportCommand& command);         // report.cc
int run(const DoctorCommand& command);         // doctor.cc
int run(const CompileServerCommand& command);  // compile_server.cc
int run(const WorkerCommand& command);         // worker.cc
int run(const SayCommand& command);            // say.cc

// "scantune: MESSAGE" on standard error; the exit code the error stands for.
int report_error(const Error& error);

}  // namespace scantune::cli
