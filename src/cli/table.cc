#include "cli/table.h"

#include <algorithm>

#include "report/text.h"

namespace scantune::cli {

std::string to_text(const Table& table) {
  std::vector<std::vector<std::string>> rows;
  if (!table.head.empty()) {
    rows.push_back(table.head);
  }
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], report::columns(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += (i == 0 ? "" : "  ") + report::pad_right(row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace scantune::cli
