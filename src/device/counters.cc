#include "device/counters.h"

#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace scantune::cpu {
namespace {

constexpr uint64_t cache_event(uint64_t cache, uint64_t operation, uint64_t result) {
  return cache | operation << 8 | result << 16;
}

struct Definition {
  CounterInfo info;
  uint32_t type;
  uint64_t config;
};

const std::vector<Definition>& definitions() {
  constexpr uint64_t kRead = PERF_COUNT_HW_CACHE_OP_READ;
  constexpr uint64_t kAccess = PERF_COUNT_HW_CACHE_RESULT_ACCESS;
  constexpr uint64_t kMiss = PERF_COUNT_HW_CACHE_RESULT_MISS;
  static const std::vector<Definition> all = {
      {{"cycles", "", "core cycles in user space"}, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
      {{"instructions", "", "instructions retired in user space"}, PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
      {{"stalled-cycles-backend", "", "cycles in which nothing could be issued"},
       PERF_TYPE_HARDWARE,
       PERF_COUNT_HW_STALLED_CYCLES_BACKEND},
      {{"cache-references", "", "accesses to the cache perf calls the last one"},
       PERF_TYPE_HARDWARE,
       PERF_COUNT_HW_CACHE_REFERENCES},
      {{"cache-misses", "", "misses of the cache perf calls the last one"},
       PERF_TYPE_HARDWARE,
       PERF_COUNT_HW_CACHE_MISSES},
      {{"branch-misses", "", "mispredicted branches"}, PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES},
      {{"L1-dcache-load-misses", "", "loads that missed the first-level cache"},
       PERF_TYPE_HW_CACHE,
       cache_event(PERF_COUNT_HW_CACHE_L1D, kRead, kMiss)},
      {{"LLC-loads", "", "loads that reached the last-level cache"},
       PERF_TYPE_HW_CACHE,
       cache_event(PERF_COUNT_HW_CACHE_LL, kRead, kAccess)},
      {{"LLC-load-misses", "", "loads that missed the last-level cache"},
       PERF_TYPE_HW_CACHE,
       cache_event(PERF_COUNT_HW_CACHE_LL, kRead, kMiss)},
      {{"dTLB-load-misses", "", "loads whose address was in no TLB"},
       PERF_TYPE_HW_CACHE,
       cache_event(PERF_COUNT_HW_CACHE_DTLB, kRead, kMiss)},
      {{"task-clock", "ns", "time on a CPU, summed over threads"}, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
      {{"context-switches", "", "times a thread left its CPU"}, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES},
      {{"cpu-migrations", "", "times a thread changed its CPU"}, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS},
      {{"page-faults", "", "page faults"}, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
  };
  return all;
}

std::string read_paranoid() {
  std::ifstream file("/proc/sys/kernel/perf_event_paranoid");
  std::string level;
  std::getline(file, level);
  return level;
}

// One event of this thread and those it starts from now on. `error` is errno where it did not open.
class Event {
 public:
  explicit Event(const Definition& definition) {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = definition.type;
    attributes.config = definition.config;
    attributes.disabled = 1;
    attributes.inherit = 1;
    // What the kernel does for us is no part of a kernel of ours, and counting it takes more rights.
    // Software events happen in the kernel: they would all be 0.
    attributes.exclude_kernel = definition.type == PERF_TYPE_SOFTWARE ? 0 : 1;
    attributes.exclude_hv = 1;
    attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    descriptor_ = open(attributes);
    if (descriptor_ < 0 && errno == EACCES && attributes.exclude_kernel == 0) {
      attributes.exclude_kernel = 1;  // page faults and task time are counted without those rights as well
      descriptor_ = open(attributes);
    }
    error_ = descriptor_ < 0 ? errno : 0;
  }
  ~Event() {
    if (descriptor_ >= 0) {
      close(descriptor_);
    }
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  Event(Event&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), error_(other.error_) {}
  Event& operator=(Event&&) = delete;

  [[nodiscard]] int error() const { return error_; }

  // Acts on the inherited events of the other threads as well.
  void control(unsigned long request) const {
    if (descriptor_ >= 0) {
      ioctl(descriptor_, request, 0);
    }
  }

  struct Count {
    uint64_t value = 0;
    uint64_t enabled_ns = 0;
    uint64_t running_ns = 0;
  };
  [[nodiscard]] bool read(Count& count) const {
    return ::read(descriptor_, &count, sizeof count) == static_cast<ssize_t>(sizeof count);
  }

 private:
  static int open(perf_event_attr& attributes) {
    return static_cast<int>(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
  }

  int descriptor_ = -1;
  int error_ = 0;
};

class PerfCounters final : public Counters {
 public:
  explicit PerfCounters(const std::vector<std::string>& metrics) {
    for (const std::string& name : metrics) {
      const auto& all = definitions();
      const auto found = std::find_if(all.begin(), all.end(), [&](const Definition& d) { return d.info.name == name; });
      opened_.push_back({name, found == all.end() ? nullptr : &*found, {}});
      if (found != all.end()) {
        opened_.back().event.emplace_back(*found);
      }
    }
  }

  void start() override {
    for (const Opened& opened : opened_) {
      for (const Event& event : opened.event) {
        event.control(PERF_EVENT_IOC_RESET);
        event.control(PERF_EVENT_IOC_ENABLE);
      }
    }
  }

  std::vector<MetricValue> stop() override {
    for (const Opened& opened : opened_) {
      for (const Event& event : opened.event) {
        event.control(PERF_EVENT_IOC_DISABLE);
      }
    }
    std::vector<MetricValue> values;
    std::transform(opened_.begin(), opened_.end(), std::back_inserter(values), value);
    return values;
  }

 private:
  struct Opened {
    std::string name;
    const Definition* definition;
    std::vector<Event> event;  // one, or none for an unknown name
  };

  static MetricValue value(const Opened& opened) {
    MetricValue metric{.requested = opened.name, .read_as = opened.name, .value = {}, .unit = "", .reason = ""};
    if (opened.definition == nullptr) {
      metric.reason = "no counter of this name is known for the CPU; see 'scantune list metrics'";
      return metric;
    }
    metric.unit = opened.definition->info.unit;
    const Event& event = opened.event.front();
    if (event.error() != 0) {
      metric.reason = refusal(event.error(), opened.definition->type != PERF_TYPE_SOFTWARE, read_paranoid());
      return metric;
    }
    Event::Count count;
    if (!event.read(count)) {
      metric.reason = fmt::format("reading the counter failed: {}", std::strerror(errno));
    } else if (count.running_ns == 0) {
      metric.reason = "the counter never ran: others hold the CPU's counters; ask for fewer metrics";
    } else {
      // More events than counters take turns: scale to the whole time.
      metric.value = static_cast<double>(count.value) * static_cast<double>(count.enabled_ns) /
                     static_cast<double>(count.running_ns);
    }
    return metric;
  }

  std::vector<Opened> opened_;
};

}  // namespace

const std::vector<CounterInfo>& known_counters() {
  static const std::vector<CounterInfo> all = [] {
    std::vector<CounterInfo> infos;
    std::transform(definitions().begin(), definitions().end(), std::back_inserter(infos),
                   [](const Definition& definition) { return definition.info; });
    return infos;
  }();
  return all;
}

std::unique_ptr<Counters> perf_counters(const std::vector<std::string>& metrics) {
  return std::make_unique<PerfCounters>(metrics);
}

std::string refusal(int error_number, bool hardware, const std::string& paranoid) {
  switch (error_number) {
    case EACCES:
    case EPERM:
      if (paranoid.empty() || paranoid <= "1") {
        return "perf_event_open is not permitted here (a container's seccomp filter?); allow it, or add CAP_PERFMON";
      }
      return fmt::format("perf_event_paranoid is {}: not permitted; run 'sysctl kernel.perf_event_paranoid=1' as root",
                         paranoid);
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP:
      return hardware ? "this CPU, or the virtual machine it is seen through, has no such counter"
                      : "this kernel has no such counter";
    case ENOSYS:
      return "this kernel has no perf_event_open";
    case EMFILE:
      return "too many open files: raise the limit (ulimit -n)";
    default:
      return fmt::format("perf_event_open failed: {}", std::strerror(error_number));
  }
}

}  // namespace scantune::cpu
