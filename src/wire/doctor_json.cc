#include "wire/doctor_json.h"

#include <nlohmann/json.hpp>

#include "wire/values_json.h"

namespace scantune::wire {

std::string doctor_json(const std::vector<HealthCheck>& checks) {
  Json document = {
      {"format", "scantune-doctor"}, {"version", 1}, {"health", name(worst(checks))}, {"checks", Json::array()}};
  for (const HealthCheck& check : checks) {
    document["checks"].push_back({{"subject", check.subject},
                                  {"health", name(check.health)},
                                  {"what", check.what},
                                  {"remedy", text_or_null(check.remedy)}});
  }
  return to_text(document);
}

}  // namespace scantune::wire
