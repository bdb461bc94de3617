// What a look at a machine found: one line of `scantune doctor`.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace scantune {

enum class Health {
  ok,
  degraded,  // tuning works, but not all of it, or its results are worth less
  broken,    // tuning does not work, or its results cannot be trusted
};

inline constexpr std::array<Health, 3> kAllHealth = {Health::ok, Health::degraded, Health::broken};

constexpr std::string_view name(Health health) {
  return health == Health::ok ? "ok" : health == Health::degraded ? "degraded" : "broken";
}

// One thing that was looked at.
struct HealthCheck {
  std::string subject;  // "driver", "counters of cuda:0"
  Health health = Health::ok;
  std::string what;    // what was found, with its figures
  std::string remedy;  // what to do; empty where all is well

  bool operator==(const HealthCheck&) const = default;
};

// The worst of them; ok where there is none.
constexpr Health worst(const std::vector<HealthCheck>& checks) {
  Health health = Health::ok;
  for (const HealthCheck& check : checks) {
    health = check.health > health ? check.health : health;
  }
  return health;
}

}  // namespace scantune
