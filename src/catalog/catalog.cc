#include "catalog/catalog.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "catalog/families.h"
#include "catalog/given_space.h"
#include "catalog/prune.h"
#include "core/digest.h"

namespace scantune {
namespace {

std::string names_of(const std::vector<KernelSpace>& space) {
  std::string names;
  for (const KernelSpace& kernel : space) {
    names += (names.empty() ? "" : ", ") + kernel.kernel;
  }
  return names;
}

// Those of a given space that can be tried. That a file is for more shapes and devices than one is no fault of it.
Expected<std::vector<const Kernel*>> kernels_of_space(const Workload& workload, const Chip& chip,
                                                      const std::vector<KernelSpace>& space) {
  std::vector<const Kernel*> chosen;
  std::string refusal;
  for (const KernelSpace& given : space) {
    const auto kernel = find_kernel(given.kernel, chip.backend);
    if (!kernel) {
      continue;
    }
    if (const std::string why = (*kernel)->refuses(workload, chip); why.empty()) {
      chosen.push_back(*kernel);
    } else {
      refusal += fmt::format("; {}: {}", given.kernel, why);
    }
  }
  if (!chosen.empty()) {
    return chosen;
  }
  if (!refusal.empty()) {
    return bad_input("no kernel of the space can do {}{}", to_string(workload), refusal);
  }
  return bad_input("no kernel of the space is one of this device, a {}; it names {}",
                   chip.backend == Backend::cuda ? "GPU" : "CPU", names_of(space));
}

Expected<std::vector<const Kernel*>> selected_kernels(const Workload& workload, const Chip& chip,
                                                      const Selection& selection) {
  if (selection.kernels.empty()) {
    return selection.space.empty() ? Expected<std::vector<const Kernel*>>(kernels_for(workload, chip))
                                   : kernels_of_space(workload, chip, selection.space);
  }
  std::vector<const Kernel*> chosen;
  for (const std::string& name : selection.kernels) {
    const auto kernel = find_kernel(name, chip.backend);
    if (!kernel) {
      return tl::unexpected(kernel.error());
    }
    if (!selection.space.empty() && find_space(selection.space, name) == nullptr) {
      return bad_input("{} is not in the space given, which has {}", name, names_of(selection.space));
    }
    if (const std::string why = (*kernel)->refuses(workload, chip); !why.empty()) {
      return bad_input("{} cannot do {}: {}", name, to_string(workload), why);
    }
    if (std::ranges::find(chosen, *kernel) == chosen.end()) {
      chosen.push_back(*kernel);
    }
  }
  return chosen;
}

std::string param_names(const std::vector<const Kernel*>& chosen, const Workload& workload, const Chip& chip) {
  std::vector<std::string> names;
  for (const Kernel* kernel : chosen) {
    for (const Param& param : kernel->space(workload, chip).params) {
      if (std::ranges::find(names, param.name) == names.end()) {
        names.push_back(param.name);
      }
    }
  }
  std::string joined;
  for (const std::string& name : names) {
    joined += (joined.empty() ? "" : ", ") + name;
  }
  return joined;
}

// Narrows each family's space by the settings that name a parameter of its own. A value must be
// in the space of at least one selected family; a family that lacks it offers nothing.
Expected<std::vector<Space>> narrowed_spaces(const std::vector<const Kernel*>& chosen, const Workload& workload,
                                             const Chip& chip, const Selection& selection) {
  std::vector<Space> spaces;
  spaces.reserve(chosen.size());
  for (const Kernel* kernel : chosen) {
    spaces.push_back(kernel->space(workload, chip));
    if (const KernelSpace* given = find_space(selection.space, kernel->name)) {
      auto space = replaced(std::move(spaces.back()), *given);
      if (!space) {
        return tl::unexpected(space.error());
      }
      spaces.back() = *std::move(space);
    }
  }
  for (const auto& [param, values] : selection.settings) {
    bool known = false;
    std::vector<Value> missing = values;
    for (Space& space : spaces) {
      const Param* found = space.find(param);
      if (found == nullptr) {
        continue;
      }
      known = true;
      std::vector<Value> here;
      std::ranges::copy_if(values, std::back_inserter(here),
                           [&](const Value& v) { return std::ranges::find(found->values, v) != found->values.end(); });
      std::erase_if(missing, [&](const Value& v) { return std::ranges::find(here, v) != here.end(); });
      if (chosen.size() == 1) {
        here = values;  // one family: let narrow() name the values it takes
      }
      auto narrowed = narrow(space, param, here);
      if (!narrowed) {
        return tl::unexpected(narrowed.error());
      }
      space = *std::move(narrowed);
    }
    if (!known) {
      return bad_input("unknown parameter '{}'; the selected kernels take {}", param,
                       param_names(chosen, workload, chip));
    }
    if (!missing.empty()) {
      return bad_input("{}={} is in no selected kernel's space; {}", param, to_string(missing.front()),
                       selection.space.empty() ? "see 'scantune list kernels'" : "the space given has other values");
    }
  }
  return spaces;
}

}  // namespace

const std::vector<Kernel>& kernels() {
  static const std::vector<Kernel> all = {three_pass_kernel(),       row_carry_kernel(),       short_row_kernel(),
                                          long_row_kernel(),         column_carry_kernel(),    column_split_kernel(),
                                          cpu_two_pass_kernel(),     cpu_row_carry_kernel(),   cpu_tile_chain_kernel(),
                                          cpu_column_carry_kernel(), cpu_column_chain_kernel()};
  return all;
}

std::vector<const Kernel*> kernels_for(const Workload& workload, const Chip& chip) {
  std::vector<const Kernel*> fitting;
  for (const Kernel& kernel : kernels()) {
    if (kernel.backend == chip.backend && kernel.refuses(workload, chip).empty()) {
      fitting.push_back(&kernel);
    }
  }
  return fitting;
}

Expected<const Kernel*> find_kernel(std::string_view name, Backend backend) {
  std::string known;
  for (const Kernel& kernel : kernels()) {
    if (kernel.backend != backend) {
      continue;
    }
    if (kernel.name == name) {
      return &kernel;
    }
    known += (known.empty() ? "" : ", ") + kernel.name;
  }
  return bad_input("unknown kernel '{}'; on this device: {}", name, known);
}

Expected<std::vector<Candidate>> candidates(const Workload& workload, const Chip& chip, const Selection& selection) {
  const auto chosen = selected_kernels(workload, chip, selection);
  if (!chosen) {
    return tl::unexpected(chosen.error());
  }
  const auto spaces = narrowed_spaces(*chosen, workload, chip, selection);
  if (!spaces) {
    return tl::unexpected(spaces.error());
  }
  std::vector<Candidate> all;
  for (size_t i = 0; i < chosen->size(); ++i) {
    const Kernel* kernel = (*chosen)[i];
    for (Variant& variant : enumerate(kernel->name, (*spaces)[i])) {
      std::string broken = broken_constraint(*kernel, variant, workload, chip);
      all.push_back({kernel, std::move(variant), std::move(broken)});
    }
  }
  if (selection.prune) {
    prune(all, workload, chip);
  }
  return all;
}

Expected<void> supported(const Workload& workload, const Chip& chip) {
  if (!kernels_for(workload, chip).empty()) {
    return {};
  }
  std::string why;
  for (const Kernel& kernel : kernels()) {
    if (kernel.backend == chip.backend) {
      why = kernel.refuses(workload, chip);
    }
  }
  return bad_input("{}: no {} kernel does this yet: {}", to_string(workload), name(chip.backend), why);
}

std::string foreign_parameters(const Kernel& kernel, const Variant& variant, const Workload& workload,
                               const Chip& chip) {
  const Space space = kernel.space(workload, chip);
  for (const Param& param : space.params) {
    const auto setting = std::ranges::find(variant.settings, param.name, &Setting::name);
    if (setting == variant.settings.end()) {
      return fmt::format("it lacks the parameter {}", param.name);
    }
    if (std::holds_alternative<int64_t>(setting->value) != param.words.empty()) {
      return fmt::format("{}={} is not {}", param.name, to_string(setting->value),
                         param.words.empty() ? "an integer" : "a word");
    }
    const auto* word = std::get_if<std::string>(&setting->value);
    if (word != nullptr && std::ranges::find(param.words, *word) == param.words.end()) {
      return fmt::format("{}={} is none of {}", param.name, *word, fmt::join(param.words, ", "));
    }
  }
  for (const Setting& setting : variant.settings) {
    if (space.find(setting.name) == nullptr) {
      return fmt::format("the family has no parameter {} any more", setting.name);
    }
    if (std::ranges::count(variant.settings, setting.name, &Setting::name) > 1) {
      return fmt::format("it has the parameter {} twice", setting.name);
    }
  }
  return {};
}

std::string source_digest(const Kernel& kernel) {
  std::string all;
  for (const SourceFile& file : kernel.sources) {
    all += file.path + '\0' + file.text + '\0';
  }
  return digest(all);
}

}  // namespace scantune
