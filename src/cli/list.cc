// scantune list: what there is to tune with. Lists go to standard output, what they were made for
// to standard error.
#include <algorithm>
#include <array>
#include <cstdio>

#include "catalog/catalog.h"
#include "cli/commands.h"
#include "cli/devices.h"
#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/suggest.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "core/units.h"
#include "cuda/cuda.h"
#include "device/cpu.h"
#include "wire/list_json.h"

namespace scantune::cli {
namespace {

void note(const std::string& text) { print(stderr, "scantune: " + text + "\n", text_style(stderr, false)); }

void print_table(const Table& table) { print(stdout, to_text(table), text_style(stdout, false)); }

Expected<Chip> chip_by_name(const std::string& name) {
  auto chip = reference_chip(name);
  return chip ? chip : at_option("--chip", name, chip.error());
}

// The chips that kernels are listed for: the one asked for, or one GPU (this machine's, else a
// reference) and the CPU.
Expected<std::vector<Chip>> chips_for_kernels(const ListCommand& list) {
  if (list.chip) {
    const auto chip = chip_by_name(*list.chip);
    return chip ? Expected<std::vector<Chip>>({*chip}) : tl::unexpected(chip.error());
  }
  const auto request = parse_device(list.target.device);
  if (!request) {
    return tl::unexpected(request.error());
  }
  auto chosen = find_device(*request);
  if (!chosen) {
    return tl::unexpected(chosen.error());
  }
  if (!request->automatic) {
    return std::vector<Chip>{chosen->info.chip};
  }
  if (chosen->info.chip.backend == Backend::cuda) {
    return std::vector<Chip>{chosen->info.chip, cpu::info().chip};
  }
  return std::vector<Chip>{*reference_chip(90), chosen->info.chip};
}

// The one device that variants or metrics are listed for; of one that is not here, the chip only.
Expected<FoundDevice> device_for_variants(const ListCommand& list) {
  if (list.chip) {
    return chip_by_name(*list.chip).map([](const Chip& chip) {
      FoundDevice named;
      named.info.chip = chip;
      return named;
    });
  }
  const auto request = parse_device(list.target.device);
  if (!request) {
    return tl::unexpected(request.error());
  }
  auto chosen = find_device(*request);
  if (chosen && !chosen->note.empty()) {
    note(chosen->note + "; --chip lists for a GPU that is not here");
  }
  return chosen;
}

// Of a recording, rules out what it has nothing of.
Expected<void> keep_recorded(std::vector<Candidate>& candidates, const Workload& workload,
                             replay::Recording& recording) {
  const auto context = recording.find(workload);
  if (!context) {
    return tl::unexpected(context.error());
  }
  for (Candidate& candidate : candidates) {
    if (candidate.broken.empty() && (*context)->find(candidate.variant) == nullptr) {
      candidate.broken = "not recorded";
    }
  }
  return {};
}

Expected<Workload> workload_of(const ListCommand& list) {
  Target target = list.target;
  if (target.shapes.size() > 1) {
    return bad_input("--shape {}: lists are for one shape; give --shape once", target.shapes.back());
  }
  if (target.shapes.empty()) {
    target.shapes = {"32768x32768"};
  }
  const auto workloads = parse_shapes(target);
  return workloads ? Expected<Workload>(workloads->front()) : tl::unexpected(workloads.error());
}

Expected<void> list_devices(const ListCommand& /*list*/, Format format) {
  auto gpus = cuda::list_devices();
  std::vector<DeviceInfo> devices;
  if (gpus) {
    devices = *std::move(gpus);
  } else {
    note("no GPU: " + gpus.error().message);
  }
  devices.push_back(cpu::info());
  if (format == Format::json) {
    print_json(stdout, wire::devices_json(devices));
    return {};
  }
  Table table{{"device", "chip", "code", "units", "memory", "driver", "compiler"}, {}};
  for (const DeviceInfo& device : devices) {
    const Chip& chip = device.chip;
    table.rows.push_back({device.id, chip.name,
                          chip.backend == Backend::cuda ? chip.code_name + " " + sm_name(chip) : chip.code_name,
                          fmt::format("{} {}", chip.multiprocessors, chip.backend == Backend::cuda ? "SMs" : "CPUs"),
                          format_bytes(device.memory_bytes), device.driver, device.compiler});
  }
  print_table(table);
  return {};
}

Expected<void> list_kernels(const ListCommand& list, Format format) {
  const auto workload = workload_of(list);
  if (!workload) {
    return tl::unexpected(workload.error());
  }
  const auto chips = chips_for_kernels(list);
  if (!chips) {
    return tl::unexpected(chips.error());
  }
  std::vector<wire::KernelListing> listings;
  for (const Chip& chip : *chips) {
    note(fmt::format("{} kernels for {} on {}", name(chip.backend), to_string(*workload), chip.name));
    for (const Kernel& kernel : kernels()) {
      if (kernel.backend == chip.backend) {
        wire::KernelListing listing{&kernel, chip, kernel.refuses(*workload, chip), {}};
        if (listing.refuses.empty()) {
          listing.space = kernel.space(*workload, chip);
        }
        listings.push_back(std::move(listing));
      }
    }
  }
  if (format == Format::json) {
    print_json(stdout, wire::kernels_json(*workload, listings));
    return {};
  }
  std::string text;
  for (const auto& listing : listings) {
    text += fmt::format("{} ({}{}): {}\n", listing.kernel->name, name(listing.kernel->backend),
                        listing.kernel->baseline ? ", the baseline" : "", listing.kernel->summary);
    if (!listing.refuses.empty()) {
      text += fmt::format("  cannot do {}: {}\n", to_string(*workload), listing.refuses);
    }
    Table params;
    for (const Param& param : listing.space.params) {
      std::string values;
      for (const Value& value : param.values) {
        values += (values.empty() ? "" : ",") + to_string(value);
      }
      params.rows.push_back({"  " + param.name + "=" + values, param.summary});
    }
    text += to_text(params);
  }
  print(stdout, text, text_style(stdout, false));
  return {};
}

Expected<void> list_variants(const ListCommand& list, Format format) {
  const auto workload = workload_of(list);
  if (!workload) {
    return tl::unexpected(workload.error());
  }
  const auto selection = parse_selection(list.target);
  if (!selection) {
    return tl::unexpected(selection.error());
  }
  const auto device = device_for_variants(list);
  if (!device) {
    return tl::unexpected(device.error());
  }
  const Chip* chip = &device->info.chip;
  auto found = supported(*workload, *chip).and_then([&] { return candidates(*workload, *chip, *selection); });
  if (!found) {
    return tl::unexpected(found.error());
  }
  if (device->recording != nullptr) {
    if (auto kept = keep_recorded(*found, *workload, *device->recording); !kept) {
      return kept;
    }
  }
  std::vector<wire::VariantListing> variants;
  size_t broken = 0;
  for (const Candidate& candidate : *found) {
    broken += candidate.broken.empty() ? 0U : 1U;
    if (candidate.broken.empty() || list.all) {
      variants.push_back({candidate.variant, candidate.broken});
    }
  }
  note(fmt::format("{} of {} variants admitted for {} on {}{}", found->size() - broken, found->size(),
                   to_string(*workload), chip->name,
                   broken > 0 && !list.all ? fmt::format("; --all lists the {} ruled out, too", broken) : ""));
  if (format == Format::json) {
    print_json(stdout, wire::variants_json(*workload, *chip, variants));
    return {};
  }
  std::string text;
  for (const auto& variant : variants) {
    text += to_string(variant.variant) + (variant.broken.empty() ? "" : "  # ruled out: " + variant.broken) + "\n";
  }
  print(stdout, text, text_style(stdout, false));
  return {};
}

Expected<void> list_metrics(const ListCommand& list, Format format) {
  std::string chip_name;
  if (list.chip) {
    chip_name = chip_with_counters(*list.chip);
  } else {
    const auto device = device_for_variants(list);
    if (!device) {
      return tl::unexpected(device.error());
    }
    const Chip& chip = device->info.chip;
    chip_name = chip.backend == Backend::cpu ? "cpu" : chip.code_name;
  }
  std::vector<wire::MetricListing> metrics;
  if (chip_name == "cpu") {
    const auto wanted = cpu::resolve_metrics(list.metrics.value_or("core"));
    if (!wanted) {
      return at_option("--metrics", *list.metrics, wanted.error());
    }
    for (const auto& counter : cpu::known_counters()) {
      if (list.all || std::ranges::find(*wanted, counter.name) != wanted->end()) {
        metrics.push_back({counter.name, counter.unit, counter.description, 0});
      }
    }
  } else {
    const auto described = [&](const std::vector<std::string>& names) {
      return cuda::describe_metrics(names, chip_name);
    };
    const auto found = list.metrics ? cuda::resolve_metrics(*list.metrics, chip_name).and_then(described)
                                    : cuda::list_metrics(chip_name, list.all);
    if (!found && list.metrics && cuda::metric_chips() && cuda::list_metrics(chip_name, false)) {
      return at_option("--metrics", *list.metrics, found.error());
    }
    if (!found) {
      return list.chip ? at_option("--chip", *list.chip, found.error()) : tl::unexpected(found.error());
    }
    for (const auto& metric : *found) {
      metrics.push_back({metric.name, metric.unit, metric.description, metric.passes});
    }
  }
  if (format == Format::json) {
    print_json(stdout, wire::metrics_json(chip_name, metrics));
    return {};
  }
  Table table{{"metric", "passes", "unit", "what it is"}, {}};
  for (const auto& metric : metrics) {
    table.rows.push_back(
        {metric.name, metric.passes > 0 ? fmt::format("{}", metric.passes) : "-", metric.unit, metric.description});
  }
  print_table(table);
  return {};
}

Expected<void> list_dtypes(const ListCommand& /*list*/, Format format) {
  if (format == Format::json) {
    print_json(stdout, wire::dtypes_json());
    return {};
  }
  const std::array<Chip, 2> chips = {*reference_chip(90), cpu::info().chip};
  Table table{{"dtype", "bytes", "sums in", "tuned on"}, {}};
  for (const DType dtype : kAllDTypes) {
    const Workload workload{.shape = {{32768, 32768}, 1}, .dtype = dtype, .accumulator = default_accumulator(dtype)};
    std::string where;
    for (const Chip& chip : chips) {
      if (supported(workload, chip)) {
        where += (where.empty() ? "" : ", ") + std::string(name(chip.backend));
      }
    }
    table.rows.push_back({std::string(name(dtype)), fmt::format("{}", size_bytes(dtype)),
                          std::string(name(default_accumulator(dtype))), where.empty() ? "not yet" : where});
  }
  print_table(table);
  return {};
}

struct Topic {
  std::string_view name;
  Expected<void> (*run)(const ListCommand&, Format);
  std::string_view options;  // that mean something, --format besides
};

constexpr std::array<Topic, 5> kTopics = {{
    {"devices", list_devices, ""},
    {"kernels", list_kernels, "--shape --dim --dtype --accumulate --device --chip"},
    {"variants", list_variants,
     "--shape --dim --dtype --accumulate --kernels --set --space --no-prune --device --chip --all"},
    {"metrics", list_metrics, "--device --chip --metrics --all"},
    {"dtypes", list_dtypes, ""},
}};

Expected<void> check_options(const ListCommand& list, const Topic& topic) {
  const Target& t = list.target;
  for (const auto& [given, option] :
       {std::pair{!t.shapes.empty(), "--shape"}, std::pair{t.dim.has_value(), "--dim"},
        std::pair{t.dtype.has_value(), "--dtype"}, std::pair{t.accumulate.has_value(), "--accumulate"},
        std::pair{t.kernels.has_value(), "--kernels"}, std::pair{!t.settings.empty(), "--set"},
        std::pair{t.space.has_value(), "--space"}, std::pair{t.no_prune, "--no-prune"},
        std::pair{t.device.has_value(), "--device"}, std::pair{list.chip.has_value(), "--chip"},
        std::pair{list.metrics.has_value(), "--metrics"}, std::pair{list.all, "--all"}}) {
    const std::string options = fmt::format(" {} ", topic.options);
    if (given && options.find(fmt::format(" {} ", option)) == std::string::npos) {
      return bad_input("{}: it means nothing to list {}; leave it out", option, topic.name);
    }
  }
  if (list.metrics && list.all) {
    return bad_input("--all: it lists every metric; leave it out, or --metrics");
  }
  if (list.chip && t.device) {
    return bad_input("--chip {}: it cannot go with --device; give one of them", *list.chip);
  }
  return {};
}

}  // namespace

int run(const ListCommand& command) {
  std::vector<std::string> known(kTopics.size());
  std::ranges::transform(kTopics, known.begin(), [](const Topic& topic) { return std::string(topic.name); });
  const auto* const topic = std::ranges::find(kTopics, command.topic, &Topic::name);
  if (topic == kTopics.end()) {
    const std::string hint = closest(command.topic, known);
    const std::string choice = "choose devices, kernels, variants, metrics or dtypes";
    return report_error(
        {ErrorKind::bad_input, command.topic.empty()
                                   ? "list: " + choice
                                   : fmt::format("list {}: {}; {}", command.topic,
                                                 hint.empty() ? "unknown" : "did you mean " + hint + "?", choice)});
  }
  const auto format = parse_format(command.format);
  if (!format) {
    return report_error(format.error());
  }
  const auto done = check_options(command, *topic).and_then([&] { return topic->run(command, *format); });
  return done ? kDone : report_error(done.error());
}

}  // namespace scantune::cli
