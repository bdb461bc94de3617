#include "device/cpu_session.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "cpu/families.h"
#include "cpu/team.h"
#include "device/buffer.h"
#include "device/cache_lines.h"
#include "device/copy.h"
#include "device/verify.h"

namespace scantune::cpu {
namespace {

// Tensors smaller than this many times the last-level cache may still lie in it when a run starts.
constexpr int64_t kCachedMultiple = 4;
constexpr int64_t kUnknownCacheBytes = int64_t{32} << 20;
constexpr int64_t kSmallestTile = 16;  // elements; a whole vector of every type

// How a cold cache is made before a sample.
struct Eviction {
  bool lines = false;  // of the tensors, one by one
  int64_t bytes = 0;   // else so much else is read
};

Eviction eviction(const Workload& workload, const Chip& chip) {
  const int64_t cache = chip.cache_bytes > 0 ? chip.cache_bytes : kUnknownCacheBytes;
  const int64_t tensors = workload.bytes_read() + workload.bytes_written();
  if (workload.cache == CacheState::hot || tensors >= kCachedMultiple * cache) {
    return {};
  }
  // To drop a line takes about as long as to read some. It matters where a virtual machine of two CPUs sees the cache
  // of a whole socket: reading twice its 300 MB before each sample took a thousand times as long as the sample.
  constexpr int64_t kReadsAsQuick = 8;
  if (can_flush_lines() && kReadsAsQuick * tensors <= 2 * cache) {
    return {.lines = true};
  }
  return {.bytes = 2 * cache};
}

struct Loaded {
  std::string kernel;
  Family family = nullptr;
  Tuning tuning;
};

struct NamedFamily {
  Family run;
  bool rows;  // whether it does tensors with inner = 1
  bool columns;
};

tl::expected<Loaded, Failure> parse(const Variant& variant, const Workload& workload, const ScanLeaves& leaves,
                                    int workers) {
  static const std::map<std::string, NamedFamily, std::less<>> families = {
      {"cpu_two_pass", {two_pass, true, true}},          {"cpu_row_carry", {row_carry, true, false}},
      {"cpu_tile_chain", {tile_chain, true, false}},     {"cpu_column_carry", {column_carry, false, true}},
      {"cpu_column_chain", {column_chain, false, true}},
  };
  const auto refuse = [&](const std::string& what) {
    return tl::unexpected(Failure{FailureKind::load, fmt::format("{}: {}", to_string(variant), what)});
  };
  const auto family = families.find(variant.kernel);
  if (family == families.end()) {
    return refuse("no such kernel on the CPU");
  }
  const bool one_column = workload.geometry().inner == 1;
  if (one_column ? !family->second.rows : !family->second.columns) {
    return refuse(fmt::format("it cannot do {}", to_string(workload)));
  }
  Loaded loaded{variant.kernel, family->second.run, {}};
  for (const auto& [name, value] : variant.settings) {
    const auto* number = std::get_if<int64_t>(&value);
    const std::string word = to_string(value);
    if ((name == "tile" || name == "strip") && number != nullptr && *number > 0 && *number % kSmallestTile == 0) {
      loaded.tuning.tile = *number;
    } else if (name == "threads" && number != nullptr && *number >= 1 && *number <= workers) {
      loaded.tuning.threads = static_cast<int>(*number);
    } else if (name == "unroll" && number != nullptr && std::ranges::find(kUnrolls, *number) != std::end(kUnrolls)) {
      loaded.tuning.unroll = static_cast<int>(*number);
    } else if (name == "store" && (word == "cached" || word == "streaming")) {
      loaded.tuning.store = word == "cached" ? Store::cached : Store::streaming;
    } else if (name == "prefetch" && (word == "falling" || word == "rising")) {
      loaded.tuning.prefetch = word == "falling" ? Ahead::falling : Ahead::rising;
    } else {
      return refuse(fmt::format("{}={} is not possible here", name, word));
    }
  }
  if (loaded.tuning.tile == 0) {
    return refuse("its tile, or strip, is missing");
  }
  if (scan_leaf(leaves, loaded.tuning, Ahead::falling) == nullptr) {
    return refuse(fmt::format("unroll={} is for f32 only", loaded.tuning.unroll));
  }
  return loaded;
}

class CpuSession final : public Session {
 public:
  CpuSession(const Leaves& leaves, const Chip& chip, CountersFactory counters, const Workload& workload, uint64_t seed)
      : leaves_(leaves),
        counters_(std::move(counters)),
        workload_(workload),
        types_(*type_pair(workload)),
        eviction_by_(eviction(workload, chip)),
        team_(chip.multiprocessors),
        verifier_(leaves, team_, workload, seed) {}

  Expected<void> prepare() {
    for (auto [buffer, bytes] : {std::pair{&in_, workload_.input_bytes()}, std::pair{&out_, workload_.bytes_written()},
                                 std::pair{&eviction_, eviction_by_.bytes}}) {
      if (bytes > 0) {
        auto allocated = Buffer::allocate(bytes);
        if (!allocated) {
          return tl::unexpected(allocated.error());
        }
        *buffer = *std::move(allocated);
      }
    }
    fill(eviction_, 0);
    fill(in_, 0);
    fill(out_, verifier_.poison());
    set_input(Input::exact);
    copy_ = fastest_copy(leaves_, team_, in_.data(), out_.data(), workload_.copy_bytes(), [this] { evict(); });
    return {};
  }

  tl::expected<Handle, Failure> load(const Artifact& artifact) override {
    auto loaded = parse(artifact.variant, workload_, leaves_.scans[static_cast<int>(types_)], team_.workers());
    if (!loaded) {
      return tl::unexpected(loaded.error());
    }
    loaded_[next_] = *std::move(loaded);
    return next_++;
  }

  void unload(Handle handle) override { loaded_.erase(handle); }

  [[nodiscard]] std::vector<EntryResources> resources(Handle /*handle*/) const override { return {}; }

  tl::expected<void, Failure> verify(Handle handle) override {
    const Loaded& loaded = loaded_.at(handle);
    // Making an input takes as long as a check: begin with the one that is there.
    std::vector<Input> inputs = {input_};
    if (verifier_.has_bound_test()) {
      inputs.push_back(input_ == Input::exact ? Input::mixed : Input::exact);
    }
    for (const Input input : inputs) {
      set_input(input);
      fill(out_, verifier_.poison());
      run(team_, loaded);
      std::string wrong =
          input == Input::exact ? verifier_.check_exact(out_.data()) : verifier_.check_bound(out_.data());
      if (wrong.empty()) {
        wrong = out_.check_canaries();
      }
      if (!wrong.empty()) {
        return tl::unexpected(Failure{FailureKind::wrong_result, std::move(wrong)});
      }
    }
    return {};
  }

  tl::expected<std::vector<Sample>, RoundFault> round(std::span<const Handle> order, const RoundSpec& spec,
                                                      std::stop_token stop) override {
    std::vector<Sample> samples;
    for (size_t i = 0; i < order.size() && !stop.stop_requested(); ++i) {
      const Loaded* loaded = nullptr;
      if (order[i] != kCopy) {
        const auto found = loaded_.find(order[i]);
        if (found == loaded_.end()) {
          return tl::unexpected(RoundFault{i, {FailureKind::launch, fmt::format("handle {} is not loaded", order[i])}});
        }
        loaded = &found->second;
      }
      if (begin_) {
        begin_(i);
      }
      if (spec.cache == CacheState::cold) {
        evict();
      }
      const EnqueueScope scope(on_enqueue_, i);
      const auto begin = std::chrono::steady_clock::now();
      if (loaded == nullptr) {
        copy(leaves_, team_, copy_, in_.data(), out_.data(), workload_.copy_bytes());
      } else {
        run(team_, *loaded);
      }
      const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - begin;
      samples.push_back({order[i], taken.count()});
    }
    return samples;
  }

  void on_begin(const std::function<void(size_t)>& begin) override { begin_ = begin; }
  void on_enqueue(const EnqueueHooks& hooks) override { on_enqueue_ = hooks; }

  tl::expected<Profile, Failure> profile(Handle handle, const std::vector<std::string>& metrics) override {
    const Loaded& loaded = loaded_.at(handle);
    // Counters count the threads started after them: a team of its own.
    const auto counters = counters_(metrics);
    Team team(loaded.tuning.threads);
    for (int i = 0; i < warm_runs_; ++i) {
      run(team, loaded);
    }
    evict();
    counters->start();
    run(team, loaded);
    return Profile{{LaunchProfile{loaded.kernel, counters->stop()}}};
  }

  void warm_before_profiles(int runs) override { warm_runs_ = runs; }

 private:
  enum class Input { none, exact, mixed };

  void set_input(Input input) {
    if (input == input_) {
      return;
    }
    if (input == Input::exact) {
      verifier_.fill_exact(in_.data());
    } else {
      verifier_.fill_mixed(in_.data());
    }
    input_ = input;
  }

  void run(Team& team, const Loaded& loaded) {
    const Geometry geometry = workload_.geometry();
    loaded.family(leaves_, team, {in_.data(), out_.data(), types_, geometry.outer, geometry.n, geometry.inner},
                  loaded.tuning, workspace_);
  }

  // In pieces over all threads, so that the first touch of a page is by one of those that use it.
  template <class Body>
  void for_pieces(const Buffer& buffer, Body body) {
    constexpr int64_t kPieceBytes = int64_t{2} << 20;
    Tickets pieces((buffer.size() + kPieceBytes - 1) / kPieceBytes);
    team_.run(team_.workers(), [&](int /*worker*/) {
      for (int64_t piece = 0; (piece = pieces.take()) >= 0;) {
        body(buffer.data() + piece * kPieceBytes, std::min(kPieceBytes, buffer.size() - piece * kPieceBytes));
      }
      leaves_.fence();
    });
  }

  void fill(const Buffer& buffer, int byte) {
    for_pieces(buffer, [&](std::byte* begin, int64_t bytes) { leaves_.stream_fill(begin, byte, bytes); });
  }

  // Leaves nothing of the tensors in a cache; large ones see to that themselves.
  void evict() {
    if (eviction_by_.lines) {
      for (const Buffer* tensor : {&in_, &out_}) {
        for_pieces(*tensor, [](const std::byte* begin, int64_t bytes) { flush_lines(begin, bytes); });
      }
      return;
    }
    for_pieces(eviction_, [&](const std::byte* begin, int64_t bytes) {
      const ScanLeaves& words = leaves_.scans[static_cast<int>(TypePair::i64)];
      evicted_.store(words.sum(begin, 0, bytes / words.input_bytes).bits, std::memory_order_relaxed);
    });
  }

  const Leaves& leaves_;
  const CountersFactory counters_;
  const Workload workload_;
  const TypePair types_;
  const Eviction eviction_by_;
  Team team_;
  Verifier verifier_;
  Buffer in_;
  Buffer out_;
  Buffer eviction_;
  Input input_ = Input::none;
  CopyMethod copy_;
  Workspace workspace_;
  std::map<Handle, Loaded> loaded_;
  Handle next_ = 0;
  int warm_runs_ = 0;  // before each counted run
  std::function<void(size_t)> begin_;
  EnqueueHooks on_enqueue_;
  std::atomic<uint64_t> evicted_{0};  // keeps the compiler from dropping the reads
};

}  // namespace

int64_t session_bytes(const Workload& workload, const Chip& chip) {
  const int64_t evicted = eviction(workload, chip).bytes;
  const auto [outer, n, inner] = workload.geometry();
  return Buffer::footprint(workload.input_bytes()) + Buffer::footprint(workload.bytes_written()) +
         (evicted > 0 ? Buffer::footprint(evicted) : 0) + Verifier::reference_bytes(workload) +
         workspace_bytes(outer, n, inner, static_cast<int>(size_bytes(workload.accumulator)));
}

Expected<std::unique_ptr<Session>> open_session(const Leaves& leaves, const Chip& chip, CountersFactory counters,
                                                const Workload& workload, uint64_t seed) {
  if (const auto types = type_pair(workload); !types) {
    return tl::unexpected(types.error());
  }
  auto session = std::make_unique<CpuSession>(leaves, chip, std::move(counters), workload, seed);
  if (auto prepared = session->prepare(); !prepared) {
    return tl::unexpected(prepared.error());
  }
  return session;
}

}  // namespace scantune::cpu
