// What options mean: text in, values out. Errors name the option and say what was expected.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "cli/command_line.h"
#include "core/workload.h"
#include "tune/tune.h"

namespace scantune::cli {

inline constexpr std::string_view kDefaultOut = "results/best.json";
inline constexpr std::string_view kDefaultReplayOut = "results/replay/best.json";  // what was not measured lies apart
inline constexpr std::string_view kDefaultJournal = "results/journal.jsonl";

// The error with "OPTION VALUE: " before its message.
tl::unexpected<Error> at_option(std::string_view option, std::string_view value, Error error);

// "a,b" in its items. An empty item is an error.
Expected<std::vector<std::string>> split_list(std::string_view text);

// "60s", "5m", "1h" (time), "200" (variants measured).
Expected<Budget> parse_budget(std::string_view text);

Expected<uint64_t> parse_seed(std::string_view text);

// How many variants are profiled: a number, or "all", which is more than there can be.
Expected<int> parse_profiled(std::string_view text);

enum class Format { text, json };
Expected<Format> parse_format(const std::optional<std::string>& text);

// --kernels, --set, --space, whose file it reads, and --no-prune. Values of one parameter given in several --set are
// taken together.
Expected<Selection> parse_selection(const Target& target);

// --shape, --dim, --dtype, --accumulate and --cache: one workload a shape.
Expected<std::vector<Workload>> parse_shapes(const Target& target);

// $XDG_CACHE_HOME/scantune, else ~/.cache/scantune, else a folder for temporary files.
std::filesystem::path default_cache_dir();

}  // namespace scantune::cli
