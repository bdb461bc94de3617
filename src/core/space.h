// A space: named parameters with their allowed values. Its points are variants.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/variant.h"

namespace scantune {

struct Param {
  std::string name;
  std::string summary;  // one line: what it is, in which unit
  std::vector<Value> values;
  std::vector<std::string> words = {};  // all that a value can be, on any chip; empty where values are integers
};

// Values of one parameter, as a user gives them.
struct ParamValues {
  std::string param;
  std::vector<Value> values;

  bool operator==(const ParamValues&) const = default;
};

// What a user's own space says of one kernel: values that take the place of its default ones.
struct KernelSpace {
  std::string kernel;
  std::vector<ParamValues> params;

  bool operator==(const KernelSpace&) const = default;
};

struct Space {
  std::vector<Param> params;

  [[nodiscard]] int64_t size() const;  // points before constraints
  [[nodiscard]] const Param* find(std::string_view name) const;
};

// Every point of the space, the last parameter varying fastest.
std::vector<Variant> enumerate(const std::string& kernel, const Space& space);

// Keeps only `values` of the parameter; a value the space does not have is bad input that names
// the ones it has. The parameter must exist (see Space::find).
Expected<Space> narrow(const Space& space, std::string_view param, const std::vector<Value>& values);

}  // namespace scantune
