// What a journal says of the trials of one device, in the form that a replay needs.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/expected.h"
#include "core/journal.h"
#include "store/journal.h"

namespace scantune::replay {

// One sample of a variant, and the round it was taken in.
struct Pair {
  size_t round = 0;
  double time_ns = 0;
};

// A variant as it was last built, and what happened to it.
struct RecordedTrial {
  std::string build;
  bool verified = false;
  std::vector<EntryResources> resources;
  int64_t bytes_in_flight_per_sm = 0;
  std::optional<Failure> failure;
  std::optional<Profile> profile;
  std::vector<Pair> pairs;  // in the order taken
};

// The copies of a round.
struct RecordedRound {
  std::vector<double> copies_ns;
  double mean_copy_ns = 0;
  int runs = 1;
};

// All that counts of one context.
struct RecordedContext {
  Context context;
  std::map<std::string, RecordedTrial> trials;  // by the variant's spelling
  std::vector<RecordedRound> rounds;

  [[nodiscard]] const RecordedTrial* find(const Variant& variant) const;
};

// The contexts of the device that a journal was last written for. Thread-safe.
class Recording {
 public:
  // Bad input: not a journal, a compressed one, or one without a run on a device.
  static Expected<std::shared_ptr<Recording>> open(const std::filesystem::path& path);

  // Of the device that was recorded: its id is "replay:FILE", and its driver's name says that it is replayed, so that
  // no result of a replay has the context of a measured one.
  [[nodiscard]] const DeviceInfo& info() const { return info_; }
  // One line each for what is in the file and is left out.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  [[nodiscard]] std::vector<Workload> workloads() const;

  // What is known of a workload. Reads it when it is first asked for. Bad input, listing the workloads there are, where
  // it was not recorded. What is returned lives as long as the recording.
  Expected<const RecordedContext*> find(const Workload& workload);

 private:
  struct Entry {
    std::string id;
    Context context;
    std::optional<RecordedContext> read;
  };

  explicit Recording(store::JournalReader reader) : reader_(std::move(reader)) {}
  Expected<void> find_contexts();
  Expected<void> read(Entry& entry);

  std::mutex mutex_;
  store::JournalReader reader_;
  DeviceInfo info_;
  std::vector<Entry> entries_;
  std::vector<std::string> notes_;
};

}  // namespace scantune::replay
