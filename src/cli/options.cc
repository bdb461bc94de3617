#include "cli/options.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "catalog/given_space.h"
#include "store/file.h"
#include "wire/space_json.h"

namespace scantune::cli {
namespace {

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

Expected<int> parse_dim(std::string_view text) {
  const auto dim = parse_number<int>(text);
  if (!dim) {
    return bad_input("'{}' is not a dimension; write an integer, negative to count from the end", text);
  }
  return *dim;
}

// Seconds in one of the unit, or nothing for a unit that is not known.
std::optional<double> unit_seconds(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    default:
      return std::nullopt;
  }
}

struct Types {
  DType dtype = DType::f32;
  DType accumulator = DType::f32;
};

// --dtype and --accumulate.
Expected<Types> parse_types(const Target& target) {
  Types types;
  if (target.dtype) {
    const auto parsed = parse_dtype(*target.dtype);
    if (!parsed) {
      return at_option("--dtype", *target.dtype, parsed.error());
    }
    types.dtype = *parsed;
  }
  types.accumulator = default_accumulator(types.dtype);
  if (target.accumulate) {
    const auto parsed = parse_dtype(*target.accumulate);
    if (!parsed) {
      return at_option("--accumulate", *target.accumulate, parsed.error());
    }
    if (const auto possible = check_accumulator(types.dtype, *parsed); !possible) {
      return at_option("--accumulate", *target.accumulate, possible.error());
    }
    types.accumulator = *parsed;
  }
  return types;
}

Expected<std::vector<KernelSpace>> read_space(const std::string& path) {
  const auto text = store::read_file(path);
  if (!text) {
    Error error = text.error();
    error.kind = ErrorKind::bad_input;
    return at_option("--space", "", std::move(error));
  }
  auto space = wire::parse_space(*text);
  if (!space) {
    return at_option("--space", path, space.error());
  }
  if (const auto checked = check_space(*space); !checked) {
    return at_option("--space", path, checked.error());
  }
  return space;
}

}  // namespace

tl::unexpected<Error> at_option(std::string_view option, std::string_view value, Error error) {
  error.message = fmt::format("{}{}{}: {}", option, value.empty() ? "" : " ", value, error.message);
  return tl::unexpected(std::move(error));
}

Expected<std::vector<std::string>> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    if (item.empty()) {
      return bad_input("an item is empty; write items joined by commas, without spaces");
    }
    items.emplace_back(item);
    if (comma == std::string_view::npos) {
      return items;
    }
    text.remove_prefix(comma + 1);
  }
}

Expected<Budget> parse_budget(std::string_view text) {
  const auto wrong = [&] {
    return bad_input("'{}' is not a budget; write a time such as 60s, 5m or 1h, or a number of variants such as 200",
                     text);
  };
  if (const auto trials = parse_number<int>(text)) {
    if (*trials < 1) {
      return bad_input("a budget of {} measures nothing; write at least 1", *trials);
    }
    return Budget{.seconds = std::nullopt, .trials = *trials};
  }
  const auto unit = text.empty() ? std::nullopt : unit_seconds(text.back());
  if (!unit) {
    return wrong();
  }
  const auto number = parse_number<double>(text.substr(0, text.size() - 1));
  if (!number || !std::isfinite(*number)) {
    return wrong();
  }
  if (*number <= 0) {
    return bad_input("a budget of {} measures nothing; write a time above zero", text);
  }
  return Budget{.seconds = *number * *unit, .trials = std::nullopt};
}

Expected<int> parse_profiled(std::string_view text) {
  if (text == "all") {
    return std::numeric_limits<int>::max();
  }
  const auto number = parse_number<int>(text);
  if (!number || *number < 1) {
    return bad_input("'{}' is not a number of variants; write 1 or more, or all (--metrics none reads no counters)",
                     text);
  }
  return *number;
}

Expected<uint64_t> parse_seed(std::string_view text) {
  const auto seed = parse_number<uint64_t>(text);
  if (!seed) {
    return bad_input("'{}' is not a seed; write an integer from 0 to 2^64-1", text);
  }
  return *seed;
}

Expected<Format> parse_format(const std::optional<std::string>& text) {
  if (!text || *text == "text") {
    return Format::text;
  }
  if (*text == "json") {
    return Format::json;
  }
  return bad_input("--format {}: unknown format; known: text, json", *text);
}

Expected<Selection> parse_selection(const Target& target) {
  Selection selection;
  if (target.kernels) {
    auto names = split_list(*target.kernels);
    if (!names) {
      return at_option("--kernels", *target.kernels, names.error());
    }
    selection.kernels = *std::move(names);
  }
  for (const std::string& setting : target.settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return bad_input("--set {}: not a setting; write a parameter and its values, such as tile=4096,8192", setting);
    }
    const auto values = split_list(std::string_view(setting).substr(equals + 1));
    if (!values) {
      return at_option("--set", setting, values.error());
    }
    const std::string param = setting.substr(0, equals);
    auto it = std::ranges::find(selection.settings, param, &ParamValues::param);
    if (it == selection.settings.end()) {
      it = selection.settings.insert(selection.settings.end(), {param, {}});
    }
    std::ranges::transform(*values, std::back_inserter(it->values), parse_value);
  }
  if (target.space) {
    auto space = read_space(*target.space);
    if (!space) {
      return tl::unexpected(space.error());
    }
    selection.space = *std::move(space);
  }
  selection.prune = !target.no_prune;
  return selection;
}

Expected<std::vector<Workload>> parse_shapes(const Target& target) {
  int dim = -1;
  if (target.dim) {
    const auto parsed = parse_dim(*target.dim);
    if (!parsed) {
      return at_option("--dim", *target.dim, parsed.error());
    }
    dim = *parsed;
  }
  const auto types = parse_types(target);
  if (!types) {
    return tl::unexpected(types.error());
  }
  CacheState cache = CacheState::cold;
  if (target.cache) {
    const auto parsed = parse_cache_state(*target.cache);
    if (!parsed) {
      return at_option("--cache", *target.cache, parsed.error());
    }
    cache = *parsed;
  }
  std::vector<Workload> workloads;
  for (const std::string& text : target.shapes) {
    auto extents = parse_extents(text);
    if (!extents) {
      return at_option("--shape", text, extents.error());
    }
    const auto rank = static_cast<int>(extents->size());
    // A dim that does not fit is the dim's fault, whatever make_shape() is told of besides.
    const bool dim_given_and_out = target.dim && (dim < -rank || dim >= rank);
    const auto shape = make_shape(*std::move(extents), dim);
    if (!shape) {
      return dim_given_and_out && rank <= kMaxRank ? at_option("--dim", *target.dim, shape.error())
                                                   : at_option("--shape", text, shape.error());
    }
    workloads.push_back({.shape = *shape,
                         .dtype = types->dtype,
                         .accumulator = types->accumulator,
                         .cache = cache,
                         .deterministic = target.deterministic});
  }
  return workloads;
}

std::filesystem::path default_cache_dir() {
  // The XDG base directory specification: a relative path is to be ignored.
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && xdg[0] == '/') {
    return std::filesystem::path(xdg) / "scantune";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/') {
    return std::filesystem::path(home) / ".cache" / "scantune";
  }
  return std::filesystem::path("/tmp") / fmt::format("scantune-{}", getuid());
}

}  // namespace scantune::cli
