// The best file on disk.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "core/expected.h"
#include "core/outcome.h"
#include "wire/best_json.h"

namespace scantune::store {

// Whether results can be merged into `path` later: its folder can be created and written, and an
// existing file is a best file, every entry of it as read_best_file reads it. Creates folders, but
// leaves no file behind. To be called before tuning, so that an hour's work does not end in
// "permission denied". `of_replay`: of which origin the results will be, where that is known
// (wire::check_best).
Expected<void> check_best_file(const std::filesystem::path& path, std::optional<bool> of_replay = {});

// Merges entries in, atomically, under a lock, so that two processes may write to one file. A file
// that has become unreadable meanwhile is left as it is, and the error says why.
Expected<void> merge_into_best_file(const std::filesystem::path& path, const std::vector<BestEntry>& entries);

// The winner that the file holds for a workload on a chip, if it does; none where there is no file.
Expected<std::optional<wire::StoredWinner>> stored_winner(const std::filesystem::path& path, const Workload& workload,
                                                          const Chip& chip);

Expected<std::vector<BestEntry>> read_best_file(const std::filesystem::path& path);

}  // namespace scantune::store
