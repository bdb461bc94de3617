// Regression checks for people and for CI servers.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/check.h"
#include "report/report.h"

namespace scantune::report {

// "-0.1% ± 0.3%": how much faster (+) or slower (-) than before, as check prints it.
std::string change_text(const Interval& slowdown);

// What there is to say of an entry beside its verdict, a line each: what changed (the `most_changes` that explain
// most), why there are no counters, who else used the device, a faster variant, the planted kernel, a change of level.
std::vector<std::string> check_details(const EntryCheck& entry, size_t most_changes);

// A line an entry, what changed below those that are slower, and how many of how many failed. Ends in a newline.
std::string check_text(const Check& check, const TextStyle& style);

// JUnit XML as CI servers read it (the rules of Jenkins' junit-10.xsd): a test case an entry, one for its planted
// kernel, and one for each estimate of noise. A regression is a failure; what is inconclusive, a planted kernel that
// was not found, and noise that leaves the threshold undecided are errors, so that none of them shows as passed.
std::string check_junit(const Check& check);

// For a step summary or a comment: a table of the entries and, below it, their details.
std::string check_markdown(const Check& check);

// Workflow commands of GitHub Actions, a line each: an error for a regression, a warning for what is inconclusive, a
// notice for the rest together.
std::string check_github(const Check& check);

// scantune show and verify: a row an entry.
std::string staleness_text(const std::vector<Staleness>& entries, const TextStyle& style);

}  // namespace scantune::report
