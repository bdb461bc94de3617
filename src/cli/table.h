// A plain table: columns padded to their widest cell, no lines around them.
#pragma once

#include <string>
#include <vector>

namespace scantune::cli {

struct Table {
  std::vector<std::string> head;  // may be empty
  std::vector<std::vector<std::string>> rows;
};

std::string to_text(const Table& table);

}  // namespace scantune::cli
