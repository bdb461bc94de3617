#include "cli/arguments.h"

namespace scantune::cli {

CLI::Option* add_text(CLI::App& app, const std::string& name, std::optional<std::string>& into, const char* value,
                      const char* group, const char* description) {
  return app
      .add_option_function<std::string>(
          name, [&into](const std::string& text) { into = text; }, description)
      ->type_name(value)
      ->group(group)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

CLI::Option* add_texts(CLI::App& app, const std::string& name, std::vector<std::string>& into, const char* value,
                       const char* group, const char* description) {
  return app.add_option(name, into, description)
      ->type_name(value)
      ->group(group)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
}

void add_flag(CLI::App& app, const std::string& name, bool& into, const char* group, const char* description) {
  app.add_flag(name, into, description)->group(group)->disable_flag_override();
}

}  // namespace scantune::cli
