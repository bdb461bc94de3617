#include "emulation/engine.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

#include "emulation/fiber.h"
#include "emulation/memory.h"
#include "emulation/primitives.h"

// NOLINTNEXTLINE(readability-identifier-naming): of the linker: where the program lies
extern "C" const char __executable_start;

namespace scantune::emulation {

Dimensions thread_index;
Dimensions block_index;
Dimensions block_size;
Dimensions grid_size;

namespace {

constexpr int kWarpLanes = 32;
constexpr int kMaxWarps = 32;
constexpr size_t kStackBytes = size_t{64} << 10;
constexpr size_t kMaxBarriers = 32;  // in shared memory
constexpr size_t kPartBarriers = 16;
// Switches of a run: sixteen times as many as the longest of the kernels' own takes (1.26 million, of long_row).
constexpr uint64_t kMaxSteps = 20'000'000;

// --- How a run misbehaves ----------------------------------------------------------------------------

enum class Order { ascending, descending, random };
enum class Delivery { prompt, random, late };  // of relaxed stores and of asynchronous copies

struct Policy {
  Order blocks = Order::ascending;  // in which they start
  int resident = 1;                 // at most
  Order warps = Order::ascending;   // which of those that can run does: the first, the last, any
  Order lanes = Order::ascending;
  Delivery delivery = Delivery::late;
  uint64_t start_odds = 1;  // against the start of a block when others can run
};

constexpr std::array<Policy, kAdversarialSeeds> kAdversarial = {{
    {Order::descending, 1, Order::descending, Order::descending, Delivery::late},
    {Order::descending, 3, Order::ascending, Order::descending, Delivery::late},
    {Order::ascending, 4, Order::descending, Order::ascending, Delivery::late},
    {Order::random, 2, Order::random, Order::random, Delivery::random},
    {Order::descending, 8, Order::descending, Order::random, Delivery::prompt},
    {Order::random, 5, Order::ascending, Order::ascending, Delivery::late, 20000},
    {Order::ascending, 8, Order::random, Order::descending, Delivery::random},
    {Order::random, 8, Order::random, Order::random, Delivery::prompt, 100},
}};

Policy policy_of(uint64_t seed) {
  if (seed < kAdversarialSeeds) {
    return kAdversarial[seed];
  }
  uint64_t state = seed;
  const auto order = [&] { return static_cast<Order>(next_random(state) % 3); };
  Policy policy;
  policy.blocks = order();
  policy.resident = 1 + static_cast<int>(next_random(state) % kSlots);
  policy.warps = order();
  policy.lanes = order();
  policy.delivery = static_cast<Delivery>(next_random(state) % 3);
  constexpr std::array<uint64_t, 4> kOdds = {1, 4, 1000, 30000};
  policy.start_odds = kOdds[next_random(state) % kOdds.size()];
  return policy;
}

// --- What runs ---------------------------------------------------------------------------------------

enum class State { ready, collective, barrier, phase, front, ended };

struct AsyncCopy {
  unsigned char* shared;
  const unsigned char* global;
  int group;
  bool landed;
};

struct Block;

// What a thread knows to have happened, through barriers (a vector clock): the clock of each thread of the block, and
// whether the launch in front has ended. Threads that met share it.
using Facts = std::vector<uint32_t>;

// A status word that a thread looked at, and what it saw.
struct Poll {
  const void* word = nullptr;
  uint64_t value = 0;
};
constexpr size_t kBulkUnit = 16;  // bytes
constexpr size_t kPolls = 32;     // more words than a thread waits for at once

struct Thread {
  Fiber fiber;
  Block* block = nullptr;
  int index = 0;
  State state = State::ready;
  Collective kind = Collective::sync;  // where it waits for the lanes of `mask`
  unsigned mask = 0;
  uint64_t value = 0;
  unsigned operand = 0;
  int barrier = 0;  // at which it waits, in shared memory for the phase of this parity
  unsigned parity = 0;
  std::array<uint32_t, kMaxBarriers> phases{};  // of each barrier in shared memory that it has seen end
  uint32_t clock = 1;
  std::shared_ptr<const Facts> facts;  // but for its own clock
  int group = 0;                       // of the next cp.async
  std::vector<AsyncCopy> copies;
  std::array<Poll, kPolls> polls{};  // the latest, in a ring
  size_t next_poll = 0;
};

struct Warp {
  unsigned ready = 0;    // lanes
  unsigned tired = 0;    // those that polled in vain
  uint64_t demoted = 0;  // when it last polled in vain
};

struct SharedBarrier {
  const void* address;
  unsigned arrivals;   // that end a phase
  unsigned missing;    // of them
  bool ready = false;  // barrier_init_end() was called
  int copies = 0;      // under way
  uint32_t phases = 0;
  Facts arrived{};                       // what those knew that arrived
  std::shared_ptr<const Facts> ended{};  // and at the end of the latest phase
};

struct BulkCopy {
  unsigned char* shared;
  const unsigned char* global;
  size_t bytes;
  int barrier;
  uint32_t phase;
  bool landed;
};

struct SharedVariable {
  const void* key;
  unsigned char* data;
};

struct LaunchState {
  const EmulatedLaunch* launch = nullptr;
  uint32_t id = 0;
  std::vector<long long> order;  // of blocks
  size_t started = 0;
  size_t ended = 0;
  size_t allowed_next = 0;  // blocks that ended or let the next launch start
  bool waited = false;      // some thread, for the launch in front
  bool complete = false;
};

struct Block {
  bool resident = false;
  LaunchState* launch = nullptr;
  LaunchState* front = nullptr;  // the launch in front, if it is overlapped
  long long index = 0;
  uint64_t start = 0;  // counts blocks as they start
  int live = 0;        // threads
  std::array<int, kPartBarriers> at_barrier{};
  bool allowed_next = false;
  std::vector<Thread> threads;
  std::array<Warp, kMaxWarps> warps;
  unsigned ready_warps = 0;
  unsigned char* shared = nullptr;
  size_t shared_bytes = 0;  // in use
  std::vector<SharedVariable> variables;
  std::vector<SharedBarrier> barriers;
  std::vector<BulkCopy> bulk_copies;

  [[nodiscard]] size_t fact_count() const { return threads.size() + 1; }
  [[nodiscard]] size_t front_ended() const { return fact_count() - 1; }
};

// A relaxed store that only its own thread sees yet.
struct PendingStore {
  void* word;
  size_t bytes;
  uint64_t value;
  uint32_t launch;
  long long block;
  int thread;
};

class Engine {
 public:
  Engine();

  std::string run(const std::vector<EmulatedLaunch>& launches, const Arguments& arguments, uint64_t seed);

  // Called by the thread that runs.
  [[nodiscard]] bool in_thread() const { return current_ != nullptr; }
  [[noreturn]] void fail(const std::string& what);
  void access(const void* address, size_t bytes, bool write, bool atomic, const void* code);
  void barrier(int id, int threads);
  uint64_t collective(Collective kind, unsigned mask, uint64_t value, unsigned operand);
  void* shared_variable(const void* key, size_t bytes, size_t alignment);
  unsigned char* dynamic_shared();
  void async_copy(void* shared, const void* global);
  void async_commit() { ++current_->group; }
  void async_wait(int under_way);
  void barrier_init(const void* barrier, unsigned arrivals);
  void barrier_init_end();
  void barrier_arrive(const void* barrier);
  void barrier_wait(const void* barrier, unsigned parity);
  void bulk_load(void* shared, const void* global, size_t bytes, const void* barrier);
  void prefetch(const void* global, size_t bytes);
  uint64_t load_relaxed(const void* word, size_t bytes);
  void store_relaxed(void* word, size_t bytes, uint64_t value);
  unsigned atomic_add(unsigned* word, unsigned value);
  void wait_for_front();
  void let_next_start();

 private:
  static void body();
  uint64_t random(uint64_t below) { return next_random(random_) % below; }

  // Scheduler.
  void start_block(LaunchState& launch, LaunchState* front);
  bool start_some(bool must);
  void end_thread();
  void run_warp(Block& block, int index);
  bool pick_warp(Block*& best_block, int& best_warp);
  int pick_lane(unsigned ready);
  void leave() { Fiber::switch_to(current_->fiber, scheduler_); }
  void block_thread(State state);
  void wake(Thread& thread);
  std::string deadlock() const;

  // Delayed effects.
  void deliver();
  bool deliver_one();
  void land(AsyncCopy& copy);
  void land(Block& block, BulkCopy& copy);
  void make_visible(size_t store);
  void progress() { polls_ = 0; }

  // Barriers.
  void release_barrier(Block& block, int id);
  static void meet(Block& block, const std::vector<int>& threads);
  void finish_collective(Block& block, int warp, unsigned mask);
  uint64_t result_of(const Thread& thread, const Thread* lanes) const;
  int find_barrier(const void* barrier);
  void arrive(int barrier);
  void end_phase(Block& block, int barrier);

  // Races.
  [[nodiscard]] Stamp now(bool atomic) const;
  [[nodiscard]] bool ordered(const Stamp& before) const;
  void check_shared(const void* address, size_t bytes, const char* verb, const void* code);
  void check_copies(const Cell& cell, const char* verb, const void* address, const void* code);
  [[nodiscard]] const Stamp* unordered_read(const Cell& cell) const;
  void note_read(Cell& cell, bool atomic);
  std::string place(const void* address) const;
  static std::string location(const void* code);

  Arena& tensors_ = tensor_arena();
  Arena& shared_ = shared_arena();
  unsigned char* stacks_;

  Policy policy_;
  uint64_t seed_ = 0;
  uint64_t random_ = 0;
  Arguments arguments_;
  std::vector<LaunchState> launches_;
  size_t first_ = 0;  // the first launch that is not complete
  uint32_t launches_ever_ = 0;
  uint32_t first_id_ = 0;  // of this run
  std::array<Block, kSlots> blocks_;
  int resident_ = 0;
  uint64_t started_ = 0;
  uint64_t demotions_ = 0;
  uint64_t steps_ = 0;
  uint64_t polls_ = 0;  // in vain since anything changed
  int until_yield_ = 0;
  bool polled_in_vain_ = false;
  std::vector<PendingStore> pending_;
  std::vector<std::vector<uint32_t>> read_sets_;  // clocks of the threads of a block
  Fiber scheduler_;
  Thread* current_ = nullptr;
  std::string failure_;
};

Engine& engine() {
  static Engine one;
  return one;
}

void join(Facts& facts, const Facts& more) {
  for (size_t f = 0; f < facts.size(); ++f) {
    facts[f] = std::max(facts[f], more[f]);
  }
}

// --- Failures ----------------------------------------------------------------------------------------

void on_fault(int /*signal*/, siginfo_t* info, void* /*context*/) {
  if (engine().in_thread()) {
    char text[96];
    snprintf(text, sizeof text, "an access to address %p, far outside of the tensors", info->si_addr);
    engine().fail(text);
  }
  _Exit(EXIT_FAILURE);
}

std::string Engine::location(const void* code) {
  char text[64];
  snprintf(text, sizeof text, " (addr2line -Cfie PROGRAM 0x%zx)",
           static_cast<size_t>(static_cast<const char*>(code) - &__executable_start) - 1);
  return text;
}

void Engine::fail(const std::string& what) {
  failure_ = current_->block->launch->launch->name + ", block " + std::to_string(current_->block->index) + ", thread " +
             std::to_string(current_->index) + ": " + what;
  leave();
  std::abort();  // whoever failed is never resumed
}

std::string Engine::deadlock() const {
  std::string text = "deadlock:";
  for (const Block& block : blocks_) {
    if (!block.resident) {
      continue;
    }
    std::array<int, 6> count{};
    for (const Thread& thread : block.threads) {
      ++count[static_cast<size_t>(thread.state)];
    }
    constexpr std::array<const char*, 6> kWhere = {"polling a word",
                                                   "at a shuffle or __syncwarp()",
                                                   "at a barrier",
                                                   "at a barrier in shared memory",
                                                   "at wait_for_launch_in_front()",
                                                   "ended"};
    text += " " + block.launch->launch->name + " block " + std::to_string(block.index) + " (";
    const char* separator = "";
    for (size_t i = 0; i < count.size(); ++i) {
      if (count[i] > 0) {
        text += separator + std::to_string(count[i]) + " " + kWhere[i];
        separator = ", ";
      }
    }
    text += ")";
  }
  return text + "; at most " + std::to_string(policy_.resident) + " blocks at once";
}

// --- Races -------------------------------------------------------------------------------------------

Stamp Engine::now(bool atomic) const {
  const Block& block = *current_->block;
  Stamp stamp;
  stamp.launch = block.launch->id;
  stamp.block = static_cast<uint32_t>(block.index);
  stamp.clock = current_->clock;
  stamp.thread = static_cast<uint16_t>(current_->index);
  stamp.atomic = atomic;
  return stamp;
}

// Whether an access happened before anything the current thread does.
bool Engine::ordered(const Stamp& before) const {
  const Block& block = *current_->block;
  if (before.launch < first_id_) {
    return true;  // of an earlier run
  }
  if (before.launch != block.launch->id) {
    return before.launch < block.launch->id;  // which has been waited for
  }
  return before.block == static_cast<uint32_t>(block.index) &&
         (before.thread == current_->index || (*current_->facts)[before.thread] >= before.clock);
}

std::string Engine::place(const void* address) const {
  if (shared_.holds(address)) {
    return "shared memory, byte " + std::to_string(shared_.offset(address) % kSlotBytes);
  }
  const auto from = [&](const void* base) {
    return static_cast<const unsigned char*>(address) - static_cast<const unsigned char*>(base);
  };
  const char* nearest = "in";
  std::ptrdiff_t distance = from(arguments_.in);
  for (const auto& [name, base] : {std::pair<const char*, const void*>{"out", arguments_.out},
                                   std::pair<const char*, const void*>{"workspace", arguments_.workspace}}) {
    if (base != nullptr && std::abs(from(base)) < std::abs(distance)) {
      nearest = name;
      distance = from(base);
    }
  }
  return std::string(nearest) + (distance < 0 ? " - " : " + ") + std::to_string(std::abs(distance)) + " bytes";
}

void Engine::check_copies(const Cell& cell, const char* verb, const void* address, const void* code) {
  if (cell.async_thread != 0) {
    fail(std::string(verb) + " what a cp.async of thread " + std::to_string(cell.async_thread - 1) +
         " is still on its way to: " + place(address) + location(code));
  }
  if (cell.bulk_copy != 0) {
    const BulkCopy& copy = current_->block->bulk_copies[cell.bulk_copy - 1];
    if (current_->phases[static_cast<size_t>(copy.barrier)] <= copy.phase) {
      fail(std::string(verb) + " what a bulk copy that it has not waited for is on its way to: " + place(address) +
           location(code));
    }
  }
}

// A read of the cell that nothing orders before the current thread; null if there is none.
const Stamp* Engine::unordered_read(const Cell& cell) const {
  if (!ordered(cell.read)) {
    return &cell.read;
  }
  const Block& block = *current_->block;
  if (cell.readers == Readers::one || cell.read.launch != block.launch->id) {
    return nullptr;  // launches are ordered as a whole
  }
  if (cell.readers == Readers::blocks) {
    return &cell.read;
  }
  const std::vector<uint32_t>& clocks = read_sets_[cell.read_set - 1];
  const Facts& facts = *current_->facts;
  for (size_t t = 0; t < clocks.size(); ++t) {
    if (clocks[t] > facts[t] && t != static_cast<size_t>(current_->index)) {
      return &cell.read;
    }
  }
  return nullptr;
}

void Engine::note_read(Cell& cell, bool atomic) {
  Stamp stamp = now(atomic);
  const Stamp& before = cell.read;
  if (before.launch != stamp.launch) {
    cell.readers = Readers::one;
  } else {
    stamp.atomic = atomic && before.atomic;
    if (cell.readers == Readers::blocks || before.block != stamp.block) {
      cell.readers = Readers::blocks;
    } else if (cell.readers == Readers::set) {
      read_sets_[cell.read_set - 1][stamp.thread] = stamp.clock;
    } else if (!ordered(before)) {
      if (cell.read_set_run != first_id_) {
        read_sets_.emplace_back();
        cell.read_set_run = first_id_;
        cell.read_set = static_cast<uint32_t>(read_sets_.size());
      }
      std::vector<uint32_t>& clocks = read_sets_[cell.read_set - 1];
      clocks.assign(current_->block->threads.size(), 0);
      clocks[before.thread] = before.clock;
      clocks[stamp.thread] = stamp.clock;
      cell.readers = Readers::set;
    }
  }
  cell.read = stamp;
}

void Engine::check_shared(const void* address, size_t bytes, const char* verb, const void* code) {
  const Block& block = *current_->block;
  const auto* begin = static_cast<const unsigned char*>(address);
  if (begin < block.shared || begin + bytes > block.shared + block.shared_bytes) {
    fail(std::string(verb) + " shared memory that its block has not: byte " + std::to_string(begin - block.shared) +
         " of " + std::to_string(block.shared_bytes) + location(code));
  }
}

void Engine::access(const void* address, size_t bytes, bool write, bool atomic, const void* code) {
  const char* verb = write ? "writes" : "reads";
  Arena* arena = &tensors_;
  if (tensors_.holds(address)) {
    bool read_only = false;
    const char* wrong = wrong_with_tensor_access(address, bytes, write, read_only);
    if (*wrong != '\0') {
      fail(std::string(verb) + " " + wrong + ": " + place(address) + location(code));
    }
    const Block& block = *current_->block;
    if (block.launch->launch->overlaps && (*current_->facts)[block.front_ended()] == 0) {
      fail(std::string(verb) + " memory without having waited for the launch in front: " + place(address) +
           location(code));
    }
    if (read_only) {
      return;
    }
  } else if (shared_.holds(address)) {
    check_shared(address, bytes, verb, code);
    arena = &shared_;
  } else {
    return;  // the thread's own
  }
  const size_t offset = arena->offset(address);
  for (size_t c = offset / kCellBytes; c <= (offset + bytes - 1) / kCellBytes; ++c) {
    Cell& cell = arena->cells[c];
    check_copies(cell, verb, address, code);
    if (!(atomic && cell.write.atomic) && !ordered(cell.write)) {
      fail(std::string("race: ") + verb + " what thread " + std::to_string(cell.write.thread) + " of block " +
           std::to_string(cell.write.block) + " wrote, with nothing in between that orders them: " + place(address) +
           location(code));
    }
    if (!write) {
      note_read(cell, atomic);
      continue;
    }
    const Stamp* read = unordered_read(cell);
    if (read != nullptr && !(atomic && read->atomic)) {
      fail(std::string("race: ") + verb + " what thread " + std::to_string(read->thread) + " of block " +
           std::to_string(read->block) + " read, with nothing in between that orders them: " + place(address) +
           location(code));
    }
    cell.write = now(atomic);
    cell.read = Stamp{};
    cell.readers = Readers::one;
    cell.bulk_copy = 0;
  }
  if (--until_yield_ <= 0) {
    until_yield_ = policy_.warps == Order::random ? 1 + static_cast<int>(random(60)) : 1000;
    leave();
  }
}

// --- Shared memory -----------------------------------------------------------------------------------

unsigned char* Engine::dynamic_shared() { return current_->block->shared; }

void* Engine::shared_variable(const void* key, size_t bytes, size_t alignment) {
  Block& block = *current_->block;
  for (const SharedVariable& variable : block.variables) {
    if (variable.key == key) {
      return variable.data;
    }
  }
  // 16 bytes apart at least, so that what lies next to one is not another.
  const size_t begin = (block.shared_bytes + 16 + alignment - 1) / alignment * alignment;
  if (begin + bytes > kSlotBytes) {
    fail("too much shared memory");
  }
  block.shared_bytes = begin + bytes;
  block.variables.push_back({key, block.shared + begin});
  return block.shared + begin;
}

// --- cp.async ----------------------------------------------------------------------------------------

void Engine::land(AsyncCopy& copy) {
  if (!copy.landed) {
    memcpy(copy.shared, copy.global, 16);
    copy.landed = true;
  }
}

void Engine::async_copy(void* shared, const void* global) {
  constexpr size_t kBytes = 16;
  if (reinterpret_cast<uintptr_t>(shared) % kBytes != 0 || reinterpret_cast<uintptr_t>(global) % kBytes != 0) {
    fail("cp.async between addresses that are not multiples of 16");
  }
  if (!shared_.holds(shared) || !tensors_.holds(global)) {
    fail("cp.async does not copy from global to shared memory");
  }
  const void* code = __builtin_return_address(0);
  access(global, kBytes, false, false, code);
  access(shared, kBytes, true, false, code);
  const size_t first = shared_.offset(shared) / kCellBytes;
  for (size_t c = first; c < first + kBytes / kCellBytes; ++c) {
    shared_.cells[c].async_thread = static_cast<uint16_t>(current_->index + 1);
  }
  poison(shared, kBytes, seed_);
  current_->copies.push_back(
      {static_cast<unsigned char*>(shared), static_cast<const unsigned char*>(global), current_->group, false});
}

void Engine::async_wait(int under_way) {
  auto& copies = current_->copies;
  const auto done = [&](const AsyncCopy& copy) { return copy.group < current_->group - under_way; };
  for (AsyncCopy& copy : copies) {
    if (done(copy)) {
      land(copy);
      const size_t first = shared_.offset(copy.shared) / kCellBytes;
      for (size_t c = first; c < first + 16 / kCellBytes; ++c) {
        shared_.cells[c].async_thread = 0;
        shared_.cells[c].write = now(false);  // others see it after a barrier
      }
    }
  }
  copies.erase(std::remove_if(copies.begin(), copies.end(), done), copies.end());
}

// --- Barriers in shared memory, and bulk copies ------------------------------------------------------

int Engine::find_barrier(const void* barrier) {
  const auto& barriers = current_->block->barriers;
  for (size_t b = 0; b < barriers.size(); ++b) {
    if (barriers[b].address == barrier && barriers[b].ready) {
      return static_cast<int>(b);
    }
  }
  fail("a barrier in shared memory that is not initialised, or without barrier_init_end()");
}

void Engine::barrier_init(const void* barrier, unsigned arrivals) {
  access(barrier, sizeof(unsigned long long), true, false, __builtin_return_address(0));
  Block& block = *current_->block;
  if (block.barriers.size() == kMaxBarriers) {
    fail("more barriers in shared memory than the emulation knows");
  }
  block.barriers.push_back({barrier, arrivals, arrivals});
  block.barriers.back().arrived.assign(block.fact_count(), 0);
}

void Engine::barrier_init_end() {
  for (SharedBarrier& barrier : current_->block->barriers) {
    barrier.ready = true;
  }
}

void Engine::arrive(int barrier) {
  Block& block = *current_->block;
  SharedBarrier& state = block.barriers[static_cast<size_t>(barrier)];
  if (state.missing == 0) {
    fail("arrives at a barrier in shared memory once more than it was told, before the phase has ended");
  }
  --state.missing;
  join(state.arrived, *current_->facts);
  state.arrived[static_cast<size_t>(current_->index)] = current_->clock++;
  progress();
}

void Engine::end_phase(Block& block, int barrier) {
  SharedBarrier& state = block.barriers[static_cast<size_t>(barrier)];
  if (state.missing > 0 || state.copies > 0) {
    return;
  }
  ++state.phases;
  state.missing = state.arrivals;
  state.ended = std::make_shared<const Facts>(state.arrived);
  for (Thread& thread : block.threads) {
    if (thread.state == State::phase && thread.barrier == barrier && state.phases % 2 != thread.parity) {
      wake(thread);
    }
  }
  progress();
}

void Engine::barrier_arrive(const void* barrier) {
  access(barrier, sizeof(unsigned long long), false, true, __builtin_return_address(0));
  const int b = find_barrier(barrier);
  arrive(b);
  end_phase(*current_->block, b);
}

void Engine::barrier_wait(const void* barrier, unsigned parity) {
  access(barrier, sizeof(unsigned long long), false, true, __builtin_return_address(0));
  const int b = find_barrier(barrier);
  Block& block = *current_->block;
  current_->barrier = b;
  current_->parity = parity;
  while (block.barriers[static_cast<size_t>(b)].phases % 2 == parity) {
    block_thread(State::phase);
  }
  const SharedBarrier& state = block.barriers[static_cast<size_t>(b)];
  current_->phases[static_cast<size_t>(b)] = state.phases;
  if (state.phases > 0) {
    Facts facts = *current_->facts;
    join(facts, *state.ended);
    facts[static_cast<size_t>(current_->index)] = (*state.ended)[static_cast<size_t>(current_->index)];
    current_->facts = facts == *state.ended ? state.ended : std::make_shared<const Facts>(std::move(facts));
  }
}

void Engine::land(Block& block, BulkCopy& copy) {
  memcpy(copy.shared, copy.global, copy.bytes);
  copy.landed = true;
  --block.barriers[static_cast<size_t>(copy.barrier)].copies;
  end_phase(block, copy.barrier);
}

void Engine::bulk_load(void* shared, const void* global, size_t bytes, const void* barrier) {
  const void* code = __builtin_return_address(0);
  access(barrier, sizeof(unsigned long long), false, true, code);
  const int b = find_barrier(barrier);
  Block& block = *current_->block;
  if (bytes > 0) {
    if (reinterpret_cast<uintptr_t>(shared) % kBulkUnit != 0 || reinterpret_cast<uintptr_t>(global) % kBulkUnit != 0 ||
        bytes % kBulkUnit != 0) {
      fail("a bulk copy whose addresses or size are not multiples of 16");
    }
    if (!shared_.holds(shared) || !tensors_.holds(global)) {
      fail("a bulk copy that is not from global to shared memory");
    }
    access(global, bytes, false, false, code);
    access(shared, bytes, true, false, code);
  }
  arrive(b);
  SharedBarrier& state = block.barriers[static_cast<size_t>(b)];
  if (bytes > 0) {
    block.bulk_copies.push_back({static_cast<unsigned char*>(shared), static_cast<const unsigned char*>(global), bytes,
                                 b, state.phases, false});
    const size_t first = shared_.offset(shared) / kCellBytes;
    for (size_t c = first; c < first + bytes / kCellBytes; ++c) {
      shared_.cells[c].write = Stamp{};
      shared_.cells[c].bulk_copy = static_cast<uint32_t>(block.bulk_copies.size());
    }
    poison(shared, bytes, seed_);
    ++state.copies;
  }
  end_phase(block, b);
}

// It changes nothing, but its addresses are held against the tensors: beyond them, a GPU would fault.
void Engine::prefetch(const void* global, size_t bytes) {
  if (reinterpret_cast<uintptr_t>(global) % kBulkUnit != 0 || bytes % kBulkUnit != 0 || bytes == 0) {
    fail("a prefetch whose address or size is not a multiple of 16");
  }
  bool read_only = false;
  if (*wrong_with_tensor_access(global, bytes, false, read_only) != '\0') {
    fail("a prefetch of memory outside of the tensors: " + place(global) + location(__builtin_return_address(0)));
  }
}

// --- Words -------------------------------------------------------------------------------------------

uint64_t Engine::load_relaxed(const void* word, size_t bytes) {
  access(word, bytes, false, true, __builtin_return_address(0));
  uint64_t value = 0;
  memcpy(&value, word, bytes);
  for (const PendingStore& store : pending_) {
    if (store.word == word && store.thread == current_->index && store.block == current_->block->index &&
        store.launch == current_->block->launch->id) {
      value = store.value;
    }
  }
  Poll* before =
      std::find_if(current_->polls.begin(), current_->polls.end(), [&](const Poll& poll) { return poll.word == word; });
  const bool in_vain = before != current_->polls.end() && before->value == value;
  if (before == current_->polls.end()) {
    before = &current_->polls[current_->next_poll++ % kPolls];
  }
  *before = {word, value};
  if (in_vain) {
    ++polls_;
    polled_in_vain_ = true;
    leave();
  }
  return value;
}

void Engine::store_relaxed(void* word, size_t bytes, uint64_t value) {
  access(word, bytes, true, true, __builtin_return_address(0));
  pending_.push_back({word, bytes, value, current_->block->launch->id, current_->block->index, current_->index});
  progress();
}

unsigned Engine::atomic_add(unsigned* word, unsigned value) {
  access(word, sizeof *word, true, true, __builtin_return_address(0));
  const unsigned before = *word;
  *word += value;
  progress();
  leave();  // so that whoever is ahead does not take all tickets
  return before;
}

void Engine::make_visible(size_t store) {
  memcpy(pending_[store].word, &pending_[store].value, pending_[store].bytes);
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(store));
  progress();
}

// Lets one thing happen that was begun before. Stores to one word keep their order.
bool Engine::deliver_one() {
  std::vector<std::pair<Block*, BulkCopy*>> copies;
  for (Block& block : blocks_) {
    for (BulkCopy& copy : block.bulk_copies) {
      if (block.resident && !copy.landed) {
        copies.emplace_back(&block, &copy);
      }
    }
  }
  const size_t events = pending_.size() + copies.size();
  if (events == 0) {
    return false;
  }
  size_t event = random(events);
  if (event >= pending_.size()) {
    const auto [block, copy] = copies[event - pending_.size()];
    land(*block, *copy);
    progress();
    return true;
  }
  for (size_t i = 0; i < event; ++i) {
    if (pending_[i].word == pending_[event].word) {
      event = i;
    }
  }
  make_visible(event);
  return true;
}

void Engine::deliver() {
  if (policy_.delivery == Delivery::late) {
    return;
  }
  if (policy_.delivery == Delivery::prompt) {
    while (deliver_one()) {
    }
  } else if (random(8) == 0) {
    deliver_one();
  }
  Block& block = blocks_[random(kSlots)];
  if (block.resident) {
    for (AsyncCopy& copy : block.threads[random(block.threads.size())].copies) {
      land(copy);
    }
  }
}

// --- Barriers ----------------------------------------------------------------------------------------

void Engine::wake(Thread& thread) {
  thread.state = State::ready;
  const auto warp = static_cast<unsigned>(thread.index / kWarpLanes);
  thread.block->warps[warp].ready |= 1u << (thread.index % kWarpLanes);
  thread.block->ready_warps |= 1u << warp;
}

void Engine::block_thread(State state) {
  current_->state = state;
  const auto warp = static_cast<unsigned>(current_->index / kWarpLanes);
  Block& block = *current_->block;
  block.warps[warp].ready &= ~(1u << (current_->index % kWarpLanes));
  if (block.warps[warp].ready == 0) {
    block.ready_warps &= ~(1u << warp);
  }
  leave();
}

// The threads learn what any of them knows.
void Engine::meet(Block& block, const std::vector<int>& threads) {
  Facts all(block.fact_count(), 0);
  const Facts* last = nullptr;
  for (const int t : threads) {
    const Facts* facts = block.threads[static_cast<size_t>(t)].facts.get();
    if (facts != last) {
      join(all, *facts);
      last = facts;
    }
  }
  for (const int t : threads) {
    all[static_cast<size_t>(t)] = block.threads[static_cast<size_t>(t)].clock++;
  }
  const auto shared = std::make_shared<const Facts>(std::move(all));
  for (const int t : threads) {
    block.threads[static_cast<size_t>(t)].facts = shared;
  }
}

void Engine::release_barrier(Block& block, int id) {
  block.at_barrier[static_cast<size_t>(id)] = 0;
  std::vector<int> threads;
  for (Thread& thread : block.threads) {
    if (thread.state == State::barrier && thread.barrier == id) {
      threads.push_back(thread.index);
      wake(thread);
    }
  }
  meet(block, threads);
}

// Barrier 0 is the one of all threads that have not ended.
void Engine::barrier(int id, int threads) {
  Block& block = *current_->block;
  current_->barrier = id;
  int& waiting = block.at_barrier[static_cast<size_t>(id)];
  if (++waiting == (id == 0 ? block.live : threads)) {
    current_->state = State::barrier;
    release_barrier(block, id);
    leave();
  } else {
    block_thread(State::barrier);
  }
}

uint64_t Engine::result_of(const Thread& thread, const Thread* lanes) const {
  const int lane = thread.index % kWarpLanes;
  int from = 0;
  switch (thread.kind) {
    case Collective::sync:
      return 0;
    case Collective::ballot: {
      uint64_t ballot = 0;
      for (int l = 0; l < kWarpLanes; ++l) {
        if ((thread.mask >> l & 1u) != 0) {
          ballot |= lanes[l].value << l;
        }
      }
      return ballot;
    }
    case Collective::shuffle:
      from = static_cast<int>(thread.operand) % kWarpLanes;
      break;
    case Collective::shuffle_down:
      from = lane + static_cast<int>(thread.operand);
      break;
    case Collective::shuffle_up:
      from = lane - static_cast<int>(thread.operand);
      break;
    case Collective::shuffle_xor:
      from = lane ^ static_cast<int>(thread.operand);
      break;
  }
  if (from < 0 || from >= kWarpLanes) {
    return thread.value;  // as the hardware has it
  }
  return (thread.mask >> from & 1u) != 0 ? lanes[from].value : 0x7FF8'7FC0'7E00'DEADu;  // undefined
}

void Engine::finish_collective(Block& block, int warp, unsigned mask) {
  Thread* lanes = &block.threads[static_cast<size_t>(warp) * kWarpLanes];
  std::array<uint64_t, kWarpLanes> results{};
  std::vector<int> threads;
  for (int l = 0; l < kWarpLanes; ++l) {
    if ((mask >> l & 1u) != 0) {
      results[static_cast<size_t>(l)] = result_of(lanes[l], lanes);
      threads.push_back(lanes[l].index);
    }
  }
  for (int l = 0; l < kWarpLanes; ++l) {
    if ((mask >> l & 1u) != 0) {
      lanes[l].value = results[static_cast<size_t>(l)];
      wake(lanes[l]);
    }
  }
  if (current_->kind == Collective::sync) {
    meet(block, threads);
  }
}

uint64_t Engine::collective(Collective kind, unsigned mask, uint64_t value, unsigned operand) {
  Block& block = *current_->block;
  const int warp = current_->index / kWarpLanes;
  const int lane = current_->index % kWarpLanes;
  if ((mask >> lane & 1u) == 0) {
    fail("a shuffle or __syncwarp() whose mask leaves out the lane that calls it");
  }
  current_->kind = kind;
  current_->mask = mask;
  current_->value = value;
  current_->operand = operand;
  const Thread* lanes = &block.threads[static_cast<size_t>(warp) * kWarpLanes];
  bool all_here = true;
  for (int l = 0; l < kWarpLanes; ++l) {
    if (l == lane || (mask >> l & 1u) == 0) {
      continue;
    }
    if (warp * kWarpLanes + l >= static_cast<int>(block.threads.size())) {
      fail("a shuffle or __syncwarp() with lanes that the block has not");
    }
    if (lanes[l].state != State::collective) {
      all_here = false;
    } else if (lanes[l].kind != kind || lanes[l].mask != mask) {
      fail("lanes of a warp meet at different shuffles: lane " + std::to_string(l) + " waits at another");
    }
  }
  if (all_here) {
    finish_collective(block, warp, mask);
    leave();
  } else {
    block_thread(State::collective);
  }
  return current_->value;
}

// --- Launches ----------------------------------------------------------------------------------------

void Engine::wait_for_front() {
  while (current_->block->front != nullptr && !current_->block->front->complete) {
    block_thread(State::front);
  }
  current_->block->launch->waited = true;
  Facts facts = *current_->facts;
  facts[current_->block->front_ended()] = 1;
  current_->facts = std::make_shared<const Facts>(std::move(facts));
}

void Engine::let_next_start() {
  Block& block = *current_->block;
  if (!block.allowed_next) {
    block.allowed_next = true;
    ++block.launch->allowed_next;
    progress();
  }
}

// --- The scheduler -----------------------------------------------------------------------------------

Engine::Engine() {
  void* stacks = mmap(nullptr, kStackBytes * kWarpLanes * kMaxWarps * kSlots, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stacks == MAP_FAILED) {
    perror("no stacks for emulated threads");
    std::abort();
  }
  stacks_ = static_cast<unsigned char*>(stacks);
  static std::array<unsigned char, 65536> fault_stack;
  const stack_t alternative = {fault_stack.data(), 0, fault_stack.size()};
  sigaltstack(&alternative, nullptr);
  struct sigaction action = {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
}

void Engine::body() {
  Engine& self = engine();
  const Arguments& a = self.arguments_;
  self.current_->block->launch->launch->entry(a.in, a.out, a.workspace, a.outer, a.n, a.inner);
  self.end_thread();
  std::abort();  // whoever ended is never resumed
}

void Engine::start_block(LaunchState& launch, LaunchState* front) {
  size_t slot = 0;
  while (blocks_[slot].resident) {
    ++slot;
  }
  Block& block = blocks_[slot];
  const auto threads = static_cast<size_t>(launch.launch->block_threads);
  block.resident = true;
  block.launch = &launch;
  block.front = front;
  block.index = launch.order[launch.started++];
  block.start = started_++;
  block.live = launch.launch->block_threads;
  block.at_barrier = {};
  block.allowed_next = false;
  block.warps = {};
  block.ready_warps = 0;
  block.shared = shared_.data + slot * kSlotBytes;
  block.shared_bytes = static_cast<size_t>(launch.launch->shared_bytes);
  block.variables.clear();
  block.barriers.clear();
  block.bulk_copies.clear();
  block.barriers.reserve(kMaxBarriers);         // references to them stay good
  constexpr size_t kStatic = size_t{16} << 10;  // what __shared__ variables may take besides
  const size_t used = std::min(kSlotBytes, block.shared_bytes + kStatic);
  poison(block.shared, used, seed_ + started_);
  memset(static_cast<void*>(shared_.cells + slot * kSlotBytes / kCellBytes), 0, used / kCellBytes * sizeof(Cell));
  block.threads.resize(threads);
  const auto nothing = std::make_shared<const Facts>(block.fact_count(), 0);
  for (size_t t = 0; t < threads; ++t) {
    Thread& thread = block.threads[t];
    thread.block = &block;
    thread.index = static_cast<int>(t);
    thread.group = 0;
    thread.copies.clear();
    thread.phases = {};
    thread.clock = 1;
    thread.facts = nothing;
    thread.polls = {};
    thread.fiber.prepare(stacks_ + (slot * kWarpLanes * kMaxWarps + t) * kStackBytes, kStackBytes, body);
    wake(thread);
  }
  ++resident_;
  progress();
}

// Starts as many blocks as there is room for. Some orders of events hold them back while others can run.
bool Engine::start_some(bool must) {
  bool any = false;
  while (resident_ < policy_.resident && first_ < launches_.size()) {
    LaunchState* launch = &launches_[first_];
    LaunchState* front = nullptr;
    if (launch->started == launch->order.size()) {
      front = launch;
      if (first_ + 1 == launches_.size() || front->allowed_next < front->order.size()) {
        break;
      }
      launch = &launches_[first_ + 1];
      if (!launch->launch->overlaps || launch->started == launch->order.size()) {
        break;
      }
    }
    if (!must && resident_ > 0 && random(policy_.start_odds) != 0) {
      break;
    }
    start_block(*launch, front);
    any = true;
    must = false;
  }
  return any;
}

void Engine::end_thread() {
  Block& block = *current_->block;
  if (--block.live == 0) {
    for (const BulkCopy& copy : block.bulk_copies) {
      if (!copy.landed) {
        fail("the block ends while a bulk copy into its shared memory is under way");
      }
    }
    block.resident = false;
    --resident_;
    LaunchState& launch = *block.launch;
    if (++launch.ended == launch.order.size() && launch.launch->overlaps && !launch.waited) {
      fail("it ends without having waited for the launch in front: who waits for it would not wait for that one");
    }
    launch.allowed_next += block.allowed_next ? 0 : 1;
    while (first_ < launches_.size() && launches_[first_].ended == launches_[first_].order.size()) {
      for (size_t i = 0; i < pending_.size();) {
        if (pending_[i].launch == launches_[first_].id) {
          make_visible(i);
        } else {
          ++i;
        }
      }
      launches_[first_].complete = true;
      ++first_;
    }
    for (Block& other : blocks_) {
      if (other.resident && other.front != nullptr && other.front->complete) {
        for (Thread& thread : other.threads) {
          if (thread.state == State::front) {
            wake(thread);
          }
        }
      }
    }
  } else if (block.at_barrier[0] == block.live) {
    release_barrier(block, 0);
  }
  progress();
  block_thread(State::ended);
}

int Engine::pick_lane(unsigned ready) {
  switch (policy_.lanes) {
    case Order::ascending:
      return __builtin_ctz(ready);
    case Order::descending:
      return 31 - __builtin_clz(ready);
    case Order::random:
      break;
  }
  const auto rotation = static_cast<unsigned>(random(32));
  const unsigned rotated = ready >> rotation | ready << ((32 - rotation) % 32);
  return static_cast<int>((static_cast<unsigned>(__builtin_ctz(rotated)) + rotation) % 32);
}

// Those that polled in vain come last: the one that did so longest ago first.
bool Engine::pick_warp(Block*& best_block, int& best_warp) {
  best_block = nullptr;
  uint64_t best_demoted = 0;
  uint64_t best_key = 0;
  for (Block& block : blocks_) {
    if (!block.resident) {
      continue;
    }
    for (unsigned ready = block.ready_warps; ready != 0; ready &= ready - 1) {
      const int warp = __builtin_ctz(ready);
      const uint64_t demoted = block.warps[static_cast<size_t>(warp)].demoted;
      uint64_t key = block.start * kMaxWarps + static_cast<uint64_t>(warp);
      key = policy_.warps == Order::random ? random(~0ull) : policy_.warps == Order::descending ? ~key : key;
      if (best_block == nullptr || demoted < best_demoted || (demoted == best_demoted && key < best_key)) {
        best_block = &block;
        best_warp = warp;
        best_demoted = demoted;
        best_key = key;
      }
    }
  }
  return best_block != nullptr;
}

void Engine::run_warp(Block& block, int index) {
  Warp& warp = block.warps[static_cast<size_t>(index)];
  warp.demoted = 0;
  uint64_t turns = policy_.warps == Order::random ? 1 + random(200) : 1'000'000;
  while (block.resident && warp.ready != 0 && failure_.empty() && turns-- > 0) {
    const int lane = pick_lane((warp.ready & ~warp.tired) != 0 ? warp.ready & ~warp.tired : warp.ready);
    const int thread = index * kWarpLanes + lane;
    current_ = &block.threads[static_cast<size_t>(thread)];
    thread_index.x = static_cast<unsigned>(thread);
    block_index.x = static_cast<unsigned>(block.index);
    block_size.x = static_cast<unsigned>(block.launch->launch->block_threads);
    grid_size.x = static_cast<unsigned>(block.launch->launch->grid_blocks);
    polled_in_vain_ = false;
    ++steps_;
    Fiber::switch_to(scheduler_, current_->fiber);
    current_ = nullptr;
    if (polled_in_vain_) {  // its turn comes again once all others have had theirs: lanes do not starve one another
      warp.tired |= 1u << lane;
      if ((warp.ready & ~warp.tired) == 0) {
        warp.tired = 0;
        warp.demoted = ++demotions_;
        break;
      }
    }
  }
}

std::string Engine::run(const std::vector<EmulatedLaunch>& launches, const Arguments& arguments, uint64_t seed) {
  policy_ = policy_of(seed);
  seed_ = seed;
  random_ = seed * 0x9E3779B97F4A7C15u + 1;
  arguments_ = arguments;
  failure_.clear();
  pending_.clear();
  read_sets_.clear();
  launches_.assign(launches.size(), {});
  first_id_ = launches_ever_ + 1;
  for (size_t l = 0; l < launches.size(); ++l) {
    launches_[l].launch = &launches[l];
    launches_[l].id = ++launches_ever_;
    auto& order = launches_[l].order;
    order.resize(static_cast<size_t>(launches[l].grid_blocks));
    std::iota(order.begin(), order.end(), 0);
    if (policy_.blocks == Order::descending) {
      std::reverse(order.begin(), order.end());
    } else if (policy_.blocks == Order::random) {
      for (size_t i = order.size(); i > 1; --i) {
        std::swap(order[i - 1], order[random(i)]);
      }
    }
  }
  for (Block& block : blocks_) {
    block.resident = false;
  }
  first_ = 0;
  resident_ = 0;
  steps_ = 0;
  polls_ = 0;
  until_yield_ = 1000;
  while (failure_.empty() && first_ < launches_.size()) {
    start_some(false);
    deliver();
    // Once everyone has polled in vain, what has been begun and not happened yet must happen now, or some of it.
    uint64_t ready = 0;
    for (const Block& block : blocks_) {
      for (unsigned warps = block.resident ? block.ready_warps : 0; warps != 0; warps &= warps - 1) {
        ready +=
            static_cast<uint64_t>(__builtin_popcount(block.warps[static_cast<size_t>(__builtin_ctz(warps))].ready));
      }
    }
    const bool stuck = polls_ > 2 * ready + 32;
    Block* block = nullptr;
    int warp = 0;
    if (stuck || !pick_warp(block, warp)) {
      if (start_some(true) || deliver_one()) {
        for (uint64_t more = random(1 + pending_.size()); more > 0; --more) {
          deliver_one();
        }
        continue;
      }
      if (polls_ > 40 * ready + 1000 || !pick_warp(block, warp)) {
        return deadlock();
      }
    }
    run_warp(*block, warp);
    if (steps_ > kMaxSteps) {
      return "it does not come to an end";
    }
  }
  return failure_;
}

}  // namespace

std::string run(const std::vector<EmulatedLaunch>& launches, const Arguments& arguments, uint64_t seed) {
  return engine().run(launches, arguments, seed);
}

// --- What kernels call -------------------------------------------------------------------------------

void block_barrier() { engine().barrier(0, 0); }
void part_barrier(int id, int threads) { engine().barrier(id, threads); }
unsigned long long collective(Collective kind, unsigned mask, unsigned long long value, unsigned operand) {
  return engine().collective(kind, mask, value, operand);
}
void* shared_variable(const void* key, unsigned long bytes, unsigned long alignment) {
  return engine().shared_variable(key, bytes, alignment);
}
unsigned char* dynamic_shared() { return engine().dynamic_shared(); }
void check_alignment(const void* address, unsigned long bytes) {
  if (reinterpret_cast<uintptr_t>(address) % bytes != 0) {
    engine().fail("an access of " + std::to_string(bytes) + " bytes to an address that is not a multiple of them");
  }
}
void async_copy(void* shared, const void* global) { engine().async_copy(shared, global); }
void async_commit() { engine().async_commit(); }
void async_wait(int under_way) { engine().async_wait(under_way); }
void barrier_init(unsigned long long* barrier, unsigned arrivals) { engine().barrier_init(barrier, arrivals); }
void barrier_init_end() { engine().barrier_init_end(); }
void barrier_arrive(unsigned long long* barrier) { engine().barrier_arrive(barrier); }
void barrier_wait(unsigned long long* barrier, unsigned parity) { engine().barrier_wait(barrier, parity); }
void bulk_load(void* shared, const void* global, unsigned bytes, unsigned long long* barrier) {
  engine().bulk_load(shared, global, bytes, barrier);
}
void prefetch_to_l2(const void* global, unsigned bytes) { engine().prefetch(global, bytes); }
unsigned long long load_relaxed(const unsigned long long* word) { return engine().load_relaxed(word, sizeof *word); }
unsigned load_relaxed(const unsigned* word) { return static_cast<unsigned>(engine().load_relaxed(word, sizeof *word)); }
void store_relaxed(unsigned long long* word, unsigned long long value) {
  engine().store_relaxed(word, sizeof *word, value);
}
void store_relaxed(unsigned* word, unsigned value) { engine().store_relaxed(word, sizeof *word, value); }
unsigned atomic_add(unsigned* word, unsigned value) { return engine().atomic_add(word, value); }
void wait_for_launch_in_front() { engine().wait_for_front(); }
void let_next_launch_start() { engine().let_next_start(); }

}  // namespace scantune::emulation

// --- What -fsanitize=thread inserts ------------------------------------------------------------------
//
// Calls in front of every access: their names and arguments are the compiler's. KCSAN of Linux does the same.

#define SCANTUNE_HOOK(name, bytes, write)                                                              \
  extern "C" void __tsan_##name(const void* address) {                                                 \
    if (scantune::emulation::engine().in_thread()) {                                                   \
      scantune::emulation::engine().access(address, bytes, write, false, __builtin_return_address(0)); \
    }                                                                                                  \
  }
SCANTUNE_HOOK(read1, 1, false)
SCANTUNE_HOOK(read2, 2, false)
SCANTUNE_HOOK(read4, 4, false)
SCANTUNE_HOOK(read8, 8, false)
SCANTUNE_HOOK(read16, 16, false)
SCANTUNE_HOOK(write1, 1, true)
SCANTUNE_HOOK(write2, 2, true)
SCANTUNE_HOOK(write4, 4, true)
SCANTUNE_HOOK(write8, 8, true)
SCANTUNE_HOOK(write16, 16, true)
SCANTUNE_HOOK(unaligned_read2, 2, false)
SCANTUNE_HOOK(unaligned_read4, 4, false)
SCANTUNE_HOOK(unaligned_read8, 8, false)
SCANTUNE_HOOK(unaligned_read16, 16, false)
SCANTUNE_HOOK(unaligned_write2, 2, true)
SCANTUNE_HOOK(unaligned_write4, 4, true)
SCANTUNE_HOOK(unaligned_write8, 8, true)
SCANTUNE_HOOK(unaligned_write16, 16, true)

#define SCANTUNE_RANGE_HOOK(name, write)                                                               \
  extern "C" void __tsan_##name(const void* address, size_t bytes) {                                   \
    if (bytes > 0 && scantune::emulation::engine().in_thread()) {                                      \
      scantune::emulation::engine().access(address, bytes, write, false, __builtin_return_address(0)); \
    }                                                                                                  \
  }
SCANTUNE_RANGE_HOOK(read_range, false)
SCANTUNE_RANGE_HOOK(write_range, true)

// NOLINTBEGIN(readability-identifier-naming)
extern "C" void __tsan_init() {}
extern "C" void __tsan_func_entry(const void* /*caller*/) {}
extern "C" void __tsan_func_exit() {}
// NOLINTEND(readability-identifier-naming)
