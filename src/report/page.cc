#include "report/page.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "report/page_files.h"

namespace scantune::report {
namespace {

const std::string& text_of(const std::vector<SourceFile>& files, std::string_view path) {
  const auto file = std::ranges::find(files, path, &SourceFile::path);
  if (file == files.end()) {
    throw std::logic_error(fmt::format("{} is not among the embedded files", path));
  }
  return file->text;
}

}  // namespace

std::string page_html(const wire::ReportDocument& document) {
  const std::string& page = text_of(page_files(), "report.html");
  const std::string data = wire::report_json(document);
  const std::array<std::pair<std::string_view, std::string_view>, 4> parts = {{
      {"/*scantune:style*/", text_of(page_files(), "report.css")},
      {"/*scantune:data*/", data},
      {"/*scantune:chart*/", text_of(chart_files(), "chart.min.js")},
      {"/*scantune:script*/", text_of(page_files(), "report.js")},
  }};
  // In the order they stand in the page, each once: what is put in is not looked through again.
  std::string html;
  html.reserve(page.size() + data.size() + (size_t{512} << 10));
  size_t at = 0;
  for (const auto& [place, text] : parts) {
    const size_t found = page.find(place, at);
    if (found == std::string::npos) {
      throw std::logic_error(fmt::format("report.html lacks {}", place));
    }
    html.append(page, at, found - at);
    html += text;
    at = found + place.size();
  }
  html.append(page, at, std::string::npos);
  return html;
}

}  // namespace scantune::report
