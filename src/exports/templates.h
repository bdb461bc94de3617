// The files of src/exports/templates, embedded at build time: what exports are made of, filled in where they hold
// @NAME@.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/kernel.h"

namespace scantune::exports {

// LICENSE and every template, by their path in the source tree.
const std::vector<SourceFile>& template_files();

// A template by its file's name. A name that there is not is a programming error and throws std::out_of_range.
const std::string& template_text(std::string_view name);

// The template with each @NAME@ replaced by its value, once: values are not looked through. A name in the text without
// a value, or a value without a place, is a programming error and throws std::logic_error.
std::string filled(std::string_view text, const std::vector<std::pair<std::string_view, std::string>>& values);

}  // namespace scantune::exports
