#include "wire/bundle_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "wire/values_json.h"

namespace scantune::wire {
namespace {

constexpr std::string_view kFormat = "scantune-bundle";
constexpr int kVersion = 1;
constexpr size_t kDigits = 64;

// What every entry takes, in this order (core/kernel.h).
Json arguments() {
  Json list = Json::array();
  for (const auto& [name, type] :
       {std::pair{"in", "const T*"}, std::pair{"out", "T*"}, std::pair{"workspace", "void*"},
        std::pair{"outer", "long long"}, std::pair{"n", "long long"}, std::pair{"inner", "long long"}}) {
    list.push_back({{"name", name}, {"type", type}});
  }
  return list;
}

std::string read_digest(const Node& node) {
  std::string text = node.text();
  if (text.size() != kDigits || text.find_first_not_of("0123456789abcdef") != std::string::npos) {
    node.expected("a SHA-256 of 64 hexadecimal digits");
  }
  return text;
}

// A name that stays in the manifest's folder, whoever wrote it.
std::string read_path(const Node& node) {
  constexpr size_t kMostBytes = 240;
  std::string path = node.text();
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  if (path.empty() || path.size() > kMostBytes || path.front() == '.' || path.front() == '-' ||
      !std::ranges::all_of(path, allowed)) {
    node.expected("the name of a file in the manifest's folder, of letters, digits and ._-");
  }
  return path;
}

Json write_file(const BundleFile& file) {
  return {{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}};
}

BundleFile read_file(const Node& node) {
  return {read_path(node.at("path")), node.at("bytes").integer(), read_digest(node.at("sha256"))};
}

Json write_launch(const BundleLaunch& launch) {
  return {{"entry", launch.launch.entry},
          {"function", launch.function},
          {"grid_blocks", launch.launch.grid_blocks},
          {"block_threads", launch.launch.block_threads},
          {"dynamic_shared_bytes", launch.launch.shared_bytes},
          {"overlaps", launch.launch.overlaps},
          {"registers_per_thread", launch.resources.registers_per_thread},
          {"static_shared_bytes", launch.resources.static_shared_bytes},
          {"spill_bytes_per_thread", launch.resources.spill_bytes}};
}

BundleLaunch read_launch(const Node& node) {
  BundleLaunch launch;
  launch.launch = {.entry = node.at("entry").text(),
                   .grid_blocks = node.at("grid_blocks").integer(),
                   .block_threads = node.at("block_threads").small_integer(),
                   .shared_bytes = node.at("dynamic_shared_bytes").integer(),
                   .overlaps = node.at("overlaps").boolean()};
  launch.function = node.at("function").text();
  launch.resources = {.entry = launch.launch.entry,
                      .registers_per_thread = node.at("registers_per_thread").small_integer(),
                      .static_shared_bytes = node.at("static_shared_bytes").integer(),
                      .dynamic_shared_bytes = launch.launch.shared_bytes,
                      .spill_bytes = node.at("spill_bytes_per_thread").integer(),
                      .block_threads = launch.launch.block_threads,
                      .grid_blocks = launch.launch.grid_blocks};
  return launch;
}

Json write_kernel(const BundleKernel& kernel) {
  Json object = {{"key", kernel.key}, {"chip", write_chip(kernel.chip)}, {"workload", write_workload(kernel.workload)}};
  Json promised = Json::object();
  add_variant(promised, kernel.promised.variant);
  promised["time_ns"] = write_interval(kernel.promised.time_ns);
  promised["ratio_to_copy"] = write_interval(kernel.promised.ratio_to_copy);
  promised["bytes_in_flight_per_sm"] = number_or_null(kernel.promised.bytes_in_flight_per_sm);
  promised["source_digest"] = kernel.promised.source_digest;
  object["promised"] = std::move(promised);
  object["cubin"] = write_file(kernel.cubin);
  object["ptx"] = write_file(kernel.ptx);
  object["workspace_bytes"] = kernel.workspace_bytes;
  object["launches"] = Json::array();
  for (const BundleLaunch& launch : kernel.launches) {
    object["launches"].push_back(write_launch(launch));
  }
  return object;
}

BundleKernel read_kernel(const Node& node) {
  BundleKernel kernel;
  kernel.key = node.at("key").text();
  kernel.chip = read_chip(node.at("chip"));
  kernel.workload = read_workload(node.at("workload"));
  const Node promised = node.at("promised");
  kernel.promised.variant = read_variant(promised);
  kernel.promised.time_ns = read_interval(promised.at("time_ns"));
  kernel.promised.ratio_to_copy = read_interval(promised.at("ratio_to_copy"));
  const auto in_flight = promised.find("bytes_in_flight_per_sm");
  kernel.promised.bytes_in_flight_per_sm = in_flight ? in_flight->integer() : 0;
  kernel.promised.source_digest = promised.at("source_digest").text();
  kernel.cubin = read_file(node.at("cubin"));
  kernel.ptx = read_file(node.at("ptx"));
  kernel.workspace_bytes = node.at("workspace_bytes").integer();
  for (const Node& launch : node.at("launches").items()) {
    kernel.launches.push_back(read_launch(launch));
  }
  if (kernel.launches.empty()) {
    node.at("launches").expected("one launch at least");
  }
  return kernel;
}

Bundle read_bundle(const Json& document) {
  const Node root(document, "the bundle");
  if (!document.is_object()) {
    root.expected("an object");
  }
  if (const Node format = root.at("format"); format.text() != kFormat) {
    format.expected(fmt::format("\"{}\"", kFormat));
  }
  if (const Node version = root.at("version"); version.integer() != kVersion) {
    version.expected(fmt::format("{}, the version that this scantune reads", kVersion));
  }
  Bundle bundle;
  bundle.tool_version = root.at("tool_version").text();
  bundle.licence = root.at("licence").text();
  bundle.best_sha256 = read_digest(root.at("best_sha256"));
  const auto kernels = root.at("kernels").items();
  for (size_t i = 0; i < kernels.size(); ++i) {
    bundle.kernels.push_back(
        read_kernel(Node(kernels[i].value(), fmt::format("kernel {} of {}", i + 1, kernels.size()))));
  }
  return bundle;
}

}  // namespace

std::string bundle_json(const Bundle& bundle) {
  Json kernels = Json::array();
  for (const BundleKernel& kernel : bundle.kernels) {
    kernels.push_back(write_kernel(kernel));
  }
  return to_text({{"format", kFormat},
                  {"version", kVersion},
                  {"tool_version", bundle.tool_version},
                  {"licence", bundle.licence},
                  {"best_sha256", bundle.best_sha256},
                  {"arguments", arguments()},
                  {"kernels", std::move(kernels)}});
}

Expected<Bundle> parse_bundle(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) {
    return tl::unexpected(document.error());
  }
  return read_document<Bundle>([&] { return read_bundle(*document); });
}

}  // namespace scantune::wire
