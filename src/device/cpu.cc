#include "device/cpu.h"

#include <algorithm>

#include "catalog/catalog.h"
#include "core/digest.h"
#include "core/pattern.h"
#include "cpu/leaves.h"
#include "device/cpu_session.h"
#include "device/host.h"

namespace scantune::cpu {
namespace {

const Leaves& leaves_of(const std::string& isa) {
  const LeafTables tables = leaf_tables();
  for (int i = 0; i < tables.count; ++i) {
    if (isa == tables.tables[i]->isa) {
      return *tables.tables[i];
    }
  }
  return *tables.tables[0];
}

std::string compiler_name() {
#if defined(__clang__)
  return fmt::format("Clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("GCC {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

DeviceInfo make_info(const Options& options) {
  const Host host = read_host();
  const std::string isa = leaves_of(options.isa).isa;
  DeviceInfo info;
  info.chip.backend = Backend::cpu;
  info.chip.multiprocessors = options.threads > 0 ? options.threads : host.cpus;
  info.chip.name = fmt::format("{} ({} {}, {})", host.model, info.chip.multiprocessors,
                               info.chip.multiprocessors == 1 ? "CPU" : "CPUs", isa);
  info.chip.code_name = isa;
  info.chip.cache_bytes = host.cache_bytes;
  info.id = "cpu";
  info.driver = host.kernel_release;
  info.compiler = compiler_name();
  info.memory_bytes = host.memory_bytes;
  info.free_bytes = host.free_bytes;
  return info;
}

class CpuDevice final : public Device {
 public:
  explicit CpuDevice(Options options) : options_(std::move(options)), info_(make_info(options_)) {
    if (!options_.counters) {
      options_.counters = perf_counters;
    }
  }

  [[nodiscard]] const DeviceInfo& info() const override { return info_; }

  [[nodiscard]] int64_t memory_needed(const Workload& workload) const override {
    return session_bytes(workload, info_.chip);
  }

  Expected<std::unique_ptr<Session>> open(const Workload& workload, uint64_t seed) override {
    return open_session(leaves_of(options_.isa), info_.chip, options_.counters, workload, seed);
  }

 private:
  Options options_;
  DeviceInfo info_;
};

// The kernels are in this binary: all that is left is to name the variant.
class CpuCompiler final : public Compiler {
 public:
  [[nodiscard]] int concurrency() const override { return 1; }

  [[nodiscard]] std::string build_digest(const Kernel& kernel, const Workload& /*workload*/, const Variant& /*variant*/,
                                         const Chip& /*chip*/) const override {
    return digest(source_digest(kernel) + compiler_name());
  }

  tl::expected<Artifact, Failure> compile(const Kernel& kernel, const Workload& workload, const Variant& variant,
                                          const Chip& chip) override {
    if (kernel.backend != Backend::cpu) {
      return tl::unexpected(Failure{FailureKind::compile, fmt::format("{} is no kernel of the CPU", variant.kernel)});
    }
    if (std::string broken = broken_constraint(kernel, variant, workload, chip); !broken.empty()) {
      return tl::unexpected(Failure{FailureKind::constraint, std::move(broken)});
    }
    Artifact artifact;
    artifact.variant = variant;
    return artifact;
  }
};

}  // namespace

std::vector<std::string> isa_names() {
  const LeafTables tables = leaf_tables();
  std::vector<std::string> names;
  std::transform(tables.tables, tables.tables + tables.count, std::back_inserter(names),
                 [](const Leaves* leaves) { return leaves->isa; });
  return names;
}

std::unique_ptr<Device> open_device(const Options& options) { return std::make_unique<CpuDevice>(options); }

DeviceInfo info() { return make_info({}); }

std::unique_ptr<Compiler> make_compiler() { return std::make_unique<CpuCompiler>(); }

std::vector<std::string> core_metrics() {
  return {"cycles",          "instructions",     "cache-references", "cache-misses", "LLC-loads",
          "LLC-load-misses", "dTLB-load-misses", "task-clock",       "page-faults",  "context-switches"};
}

Expected<std::vector<std::string>> resolve_metrics(const std::string& text) {
  if (text == "none") {
    return std::vector<std::string>{};
  }
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  };
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string name = text.substr(begin, end - begin);
    begin = end + 1;
    const auto& known = known_counters();
    if (name == "core") {
      for (const std::string& metric : core_metrics()) {
        add(metric);
      }
      continue;
    }
    if (const std::string pattern = name == "full" ? "*" : name; is_pattern(pattern)) {
      bool any = false;
      for (const CounterInfo& info : known) {
        if (matches(pattern, info.name)) {
          add(info.name);
          any = true;
        }
      }
      if (!any) {
        return bad_input("no metric of the CPU matches '{}'; see 'scantune list metrics --device cpu --all'", name);
      }
      continue;
    }
    if (name == "seed" || name == "stalls" || name == "memory") {
      return bad_input("the metrics of the set {} are counters of a GPU; on the CPU ask for core, full, none or names",
                       name);
    }
    if (std::none_of(known.begin(), known.end(), [&](const CounterInfo& info) { return info.name == name; })) {
      std::string names_text;
      for (const CounterInfo& info : known) {
        names_text += (names_text.empty() ? "" : ", ") + info.name;
      }
      return bad_input("unknown metric '{}' on the CPU; use core, full, none, or names of: {}", name, names_text);
    }
    add(name);
  }
  return names;
}

}  // namespace scantune::cpu
