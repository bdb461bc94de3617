#include "catalog/given_space.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "catalog/catalog.h"

namespace scantune {
namespace {

// Far beyond any parameter, and so small that no launch rule overflows.
constexpr int64_t kMostInteger = int64_t{1} << 30;

Expected<void> check_values(const Param& param, const std::vector<Value>& values, const std::string& where) {
  for (size_t i = 0; i < values.size(); ++i) {
    const Value& value = values[i];
    const auto* number = std::get_if<int64_t>(&value);
    if (param.words.empty() && (number == nullptr || *number < 1 || *number > kMostInteger)) {
      return bad_input("{}[{}]: '{}' is not a value of {}; it takes integers from 1 to 2^30", where, i,
                       to_string(value), param.name);
    }
    if (!param.words.empty() &&
        (number != nullptr || std::ranges::find(param.words, std::get<std::string>(value)) == param.words.end())) {
      return bad_input("{}[{}]: '{}' is not a value of {}; it takes {}", where, i, to_string(value), param.name,
                       fmt::join(param.words, ", "));
    }
  }
  return {};
}

Expected<void> check_kernel(const KernelSpace& given) {
  const auto& all = kernels();
  const auto kernel = std::ranges::find(all, given.kernel, &Kernel::name);
  if (kernel == all.end()) {
    std::vector<std::string> names(all.size());
    std::ranges::transform(all, names.begin(), &Kernel::name);
    return bad_input("kernels: unknown kernel '{}'; known: {}", given.kernel, fmt::join(names, ", "));
  }
  const Space own = all_params(*kernel);
  for (const auto& [name, values] : given.params) {
    const Param* param = own.find(name);
    if (param == nullptr) {
      std::vector<std::string> names(own.params.size());
      std::ranges::transform(own.params, names.begin(), &Param::name);
      return bad_input("kernels: {}: unknown parameter '{}'; it takes {}", given.kernel, name, fmt::join(names, ", "));
    }
    auto checked = check_values(*param, values, fmt::format("kernels: {}: {}", given.kernel, name));
    if (!checked) {
      return checked;
    }
  }
  return {};
}

}  // namespace

Space all_params(const Kernel& kernel) {
  Chip chip = *reference_chip(90);
  chip.backend = kernel.backend;
  Space all;
  for (const int dim : {0, 1}) {
    const Workload workload{.shape = {{2, 2}, dim}};
    if (!kernel.refuses(workload, chip).empty()) {
      continue;
    }
    for (Param& param : kernel.space(workload, chip).params) {
      if (all.find(param.name) == nullptr) {
        all.params.push_back(std::move(param));
      }
    }
  }
  return all;
}

Expected<void> check_space(const std::vector<KernelSpace>& given) {
  for (const KernelSpace& kernel : given) {
    if (auto checked = check_kernel(kernel); !checked) {
      return checked;
    }
  }
  return {};
}

const KernelSpace* find_space(const std::vector<KernelSpace>& given, std::string_view kernel) {
  const auto it = std::ranges::find(given, kernel, &KernelSpace::kernel);
  return it == given.end() ? nullptr : &*it;
}

Expected<Space> replaced(Space space, const KernelSpace& given) {
  for (Param& param : space.params) {
    const auto it = std::ranges::find(given.params, param.name, &ParamValues::param);
    if (it != given.params.end()) {
      param.values = it->values;
    }
  }
  int64_t left = kMostPoints;
  for (const Param& param : space.params) {
    left /= static_cast<int64_t>(param.values.size());  // as the product may fit no integer
  }
  if (left == 0) {
    return bad_input("kernels: {}: it has more than {} points; give fewer values", given.kernel, kMostPoints);
  }
  return space;
}

}  // namespace scantune
