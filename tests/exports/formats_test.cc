// What formats write, whatever a best file says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/embedded.h"
#include "exports/notice.h"
#include "exports/select.h"
#include "exports/templates.h"
#include "exports/usable.h"
#include "exports/writer.h"
#include "inputs.h"

namespace scantune::exports {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

ExportInput usable(ExportInput input) {
  input.entries = usable_entries(input.entries).entries;
  return input;
}

Export make(std::string_view format, const ExportInput& input) { return (*find_format(format))->make(input).value(); }

std::string text_of(const Export& files, std::string_view path) {
  for (const ExportFile& file : files) {
    if (file.path == path) {
      return file.contents;
    }
  }
  return "no such file";
}

TEST(Formats, GiveTheSameBytesForTheSameInputInAnyOrder) {
  ExportInput input = usable(standard());
  ExportInput reversed = export_input("", {input.entries.rbegin(), input.entries.rend()});
  reversed.best_digest = input.best_digest;
  for (const std::string_view format : {"cmake", "header"}) {
    EXPECT_EQ(make(format, input), make(format, reversed)) << format;
  }
}

TEST(Formats, WriteOnlyPathsThatTheWriterTakes) {
  for (const std::string_view format : {"cmake", "header"}) {
    for (const ExportFile& file : make(format, usable(standard()))) {
      EXPECT_EQ(path_refused(file.path), "") << file.path;
    }
  }
}

TEST(Formats, SayWhereEachTextComesFromAndItsLicence) {
  const ExportInput input = usable(standard());
  for (const ExportFile& file : make("cmake", input)) {
    if (file.path == "LICENSE" || file.path.find("/kernels/") != std::string::npos) {
      continue;
    }
    EXPECT_THAT(file.contents, HasSubstr("SPDX-License-Identifier: Apache-2.0")) << file.path;
    EXPECT_THAT(file.contents, HasSubstr(input.best_digest)) << file.path;
  }
}

TEST(Formats, HoldTheKernelsVerbatim) {
  const Export files = make("cmake", usable(standard()));
  for (const char* name : {"scan.cuh", "launch.h", "row_carry.cuh", "long_row.launch.h", "device.cuh"}) {
    EXPECT_EQ(text_of(files, std::string("include/scantune_kernels/kernels/") + name), embedded({name}).front().text);
  }
}

TEST(Formats, AreMadeForTypesThatNothingWasTunedFor) {
  Pick one;
  one.dtype = DType::i64;
  ExportInput input = usable(standard());
  input.entries = select(input.entries, one).value();
  EXPECT_THAT(text_of(make("cmake", input), "include/scantune_kernels/detail/tuned_f16.h"),
              HasSubstr("static constexpr Entry* kEntries = nullptr;"));
}

TEST(Formats, AreNoneTheWiserForHostileNames) {
  ExportInput input = usable(standard());
  input.entries.front().chip.name = "evil\"; }\n#include \"/etc/passwd\"\n*/ \\ ?\?/ ../../x | @VERSION@";
  for (const std::string_view format : {"cmake", "header"}) {
    for (const ExportFile& file : make(format, input)) {
      EXPECT_EQ(path_refused(file.path), "");
      EXPECT_THAT(file.contents, Not(HasSubstr("\n#include \"/etc/passwd\""))) << file.path;
    }
  }
}

TEST(Usable, PutsARunnerUpInThePlaceOfAWinnerThatIsNoMore) {
  ExportInput input = standard();
  BestEntry& entry = input.entries.front();
  const Variant second = entry.contenders[1].variant;
  entry.contenders.front().variant.settings.push_back({"colour", 3});
  const Usable usable = usable_entries({entry});
  ASSERT_EQ(usable.entries.size(), 1U);
  EXPECT_EQ(usable.entries.front().contenders.front().variant, second);
  EXPECT_THAT(usable.notes, Contains(HasSubstr("in the winner's place")));
}

TEST(Usable, LeavesOutWhatIsNoGpuAndWhatCannotBeBuilt) {
  ExportInput input = standard();
  BestEntry cpu = input.entries[0];
  cpu.chip.backend = Backend::cpu;
  BestEntry gone = input.entries[1];
  for (Contender& contender : gone.contenders) {
    contender.variant.kernel = "no_such_kernel";
  }
  BestEntry absurd = input.entries[2];
  for (Contender& contender : absurd.contenders) {
    for (Setting& setting : contender.variant.settings) {
      if (std::holds_alternative<int64_t>(setting.value)) {
        setting.value = int64_t{1} << 40;
      }
    }
  }
  const Usable usable = usable_entries({cpu, gone, absurd});
  EXPECT_THAT(usable.entries, IsEmpty());
  EXPECT_EQ(usable.notes.size(), 3U);
}

TEST(Templates, AreFilledOnceAndCompletely) {
  EXPECT_EQ(filled("a @X@ b@c @X@", {{"X", "@Y@"}}), "a @Y@ b@c @Y@");
  EXPECT_THROW(filled("@X@", {}), std::logic_error);
  EXPECT_THROW(filled("x", {{"X", ""}}), std::logic_error);
}

TEST(Notice, KeepsTextOnItsLineAndNamesSafe) {
  EXPECT_EQ(one_line("a\nb\x01\xff"), "a?b??");
  EXPECT_EQ(safe_name("NVIDIA H200"), "nvidia_h200");
  EXPECT_EQ(safe_name("../../x"), "______x");
  EXPECT_EQ(safe_name(""), "_");
  EXPECT_EQ(safe_name("9a"), "_9a");
  EXPECT_EQ(quoted("a\"\\\n?"), R"("a\"\\\012\077")");
}

TEST(Select, SaysWhatThereIsWhereNothingFits) {
  Pick pick;
  pick.chip = "gh100";
  pick.dim = -1;
  EXPECT_EQ(select(standard().entries, pick).value().size(), 18U);
  pick.chip = "sm_80";
  const auto none = select(standard().entries, pick);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("on NVIDIA H200"));
}

}  // namespace
}  // namespace scantune::exports
