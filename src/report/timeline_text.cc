#include "report/timeline_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <string_view>

#include "core/units.h"
#include "report/text.h"

namespace scantune::report {
namespace {

constexpr size_t kGutter = 20;  // a counter's name and its scale
constexpr size_t kFewestColumns = 16;
constexpr int kRows = 3;    // of a counter
constexpr int kLevels = 8;  // of a character
constexpr std::array<std::string_view, kLevels + 1> kBlocks = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::string_view kBreak = "┊";

struct Label {
  std::string_view metric;  // that begins so
  std::string_view text;
  bool dram;  // plotted on the scale that these share
};
constexpr std::array<Label, 3> kLabels = {{{"dram__read_throughput", "DRAM read", true},
                                           {"dram__write_throughput", "DRAM written", true},
                                           {"sm__warps_active", "warps active", false}}};

const Label* label_of(const std::string& metric) {
  const auto* const it =
      std::ranges::find_if(kLabels, [&](const Label& label) { return metric.starts_with(label.metric); });
  return it == kLabels.end() ? nullptr : it;
}

// What a column of the plot shows: a stretch of time; none is a break.
struct Column {
  double begin_ns = 0;
  double end_ns = 0;
  bool is_break = false;
};

std::vector<Column> columns_of(const std::vector<TimelineSample>& samples, size_t most) {
  std::vector<Column> columns;
  const auto add_samples = [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      columns.push_back({samples[i].begin_ns, samples[i].end_ns});
    }
  };
  if (samples.size() <= most) {
    add_samples(0, samples.size());
    return columns;
  }
  const size_t side = most / 3;
  const size_t middle = most - 2 * side - 2;
  add_samples(0, side);
  columns.push_back({.is_break = true});
  const double begin_ns = samples[side].begin_ns;
  const double step_ns = (samples[samples.size() - side - 1].end_ns - begin_ns) / static_cast<double>(middle);
  for (size_t i = 0; i < middle; ++i) {
    columns.push_back({begin_ns + static_cast<double>(i) * step_ns, begin_ns + static_cast<double>(i + 1) * step_ns});
  }
  columns.push_back({.is_break = true});
  add_samples(samples.size() - side, samples.size());
  return columns;
}

// The mean of a counter over a column; 0 where no sample lies in it.
double mean_of(const std::vector<TimelineSample>& samples, size_t metric, const Column& column) {
  double sum = 0;
  double time_ns = 0;
  auto sample = std::ranges::lower_bound(samples, column.begin_ns, {}, &TimelineSample::end_ns);
  for (; sample != samples.end() && sample->begin_ns < column.end_ns; ++sample) {
    const double ns = std::min(sample->end_ns, column.end_ns) - std::max(sample->begin_ns, column.begin_ns);
    sum += ns * sample->values[metric];
    time_ns += ns;
  }
  return time_ns > 0 ? sum / time_ns : 0;
}

// The next ten above what is to be shown, but for a mean's rounding.
double scale_of(double most) { return std::max(10.0, std::ceil(most / 10 - 1e-6) * 10); }

std::vector<std::string> counter_rows(std::string_view name, const std::string& unit, const std::vector<double>& values,
                                      double top, const std::vector<Column>& columns) {
  std::vector<std::string> rows;
  for (int row = kRows - 1; row >= 0; --row) {
    const std::string at = row == kRows - 1 ? fmt::format("{:.0f} {}", top, unit) : row == 0 ? "0 " + unit : "";
    std::string line =
        pad_right(row == kRows - 1 ? shorten(name, kGutter - 8) : "", kGutter - 7) + pad_left(at, 6) + " ";
    for (size_t i = 0; i < columns.size(); ++i) {
      const int level = static_cast<int>(std::lround(values[i] / top * kRows * kLevels));
      line +=
          columns[i].is_break ? kBreak : kBlocks.at(static_cast<size_t>(std::clamp(level - row * kLevels, 0, kLevels)));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    rows.push_back(std::move(line));
  }
  return rows;
}

// Times below the columns that they belong to: where the panels begin, and the end.
std::string axis_line(const std::vector<Column>& columns) {
  std::string line(columns.size(), ' ');
  size_t free = 0;
  const auto put = [&](const std::string& text, size_t at) {
    if (at >= free && at + text.size() <= line.size()) {
      line.replace(at, text.size(), text);
      free = at + text.size() + 1;
    }
  };
  const std::string last = format_time(columns.back().end_ns);
  put("0", 0);
  for (size_t i = 0; i + 1 < columns.size(); ++i) {
    const std::string text = format_time(columns[i + 1].begin_ns);
    if (columns[i].is_break && i + 1 + text.size() + 1 + last.size() <= line.size()) {
      put(text, i + 1);
    }
  }
  put(last, line.size() - std::min(line.size(), last.size()));
  return std::string(kGutter, ' ') + line;
}

std::vector<std::string> plot_lines(const Timeline& timeline, size_t width) {
  const std::vector<Column> columns =
      columns_of(timeline.samples, std::max(kFewestColumns, width > kGutter ? width - kGutter : 0));
  std::vector<std::vector<double>> values;
  double dram_top = 0;
  for (size_t m = 0; m < timeline.metrics.size(); ++m) {
    std::vector<double>& of = values.emplace_back();
    for (const Column& column : columns) {
      of.push_back(column.is_break ? 0 : mean_of(timeline.samples, m, column));
    }
    if (const Label* label = label_of(timeline.metrics[m]); label != nullptr && label->dram) {
      dram_top = std::max(dram_top, std::ranges::max(of));
    }
  }
  std::vector<std::string> lines;
  for (size_t m = 0; m < timeline.metrics.size(); ++m) {
    const Label* label = label_of(timeline.metrics[m]);
    const double top = scale_of(label != nullptr && label->dram ? dram_top : std::ranges::max(values[m]));
    std::ranges::move(counter_rows(label == nullptr ? std::string_view(timeline.metrics[m]) : label->text,
                                   timeline.units[m], values[m], top, columns),
                      std::back_inserter(lines));
  }
  lines.push_back(axis_line(columns));
  return lines;
}

}  // namespace

std::vector<std::string> phase_sentences(const RunPhases& phases, size_t launches) {
  const double run_ns = phases.end_ns - phases.begin_ns;
  const double cost_ns = phases.rise_cost_ns + phases.tail_cost_ns;
  return {fmt::format("steady: {:.1f} % of DRAM's peak, reads and writes together{}", phases.steady_percent,
                      launches > 1 ? fmt::format(", over all {} launches", launches) : ""),
          fmt::format("start: 90% of that after {}; tail: below it for the last {}", format_time(phases.rise_ns),
                      format_time(phases.tail_ns)),
          fmt::format("they cost {} and {}, {} of the run's {}, beside a run that is steady throughout",
                      format_time(phases.rise_cost_ns), format_time(phases.tail_cost_ns),
                      percent(run_ns > 0 ? cost_ns / run_ns : 0), format_time(run_ns))};
}

std::vector<std::string> timeline_lines(const SampledTimeline& sampled, size_t launches, size_t width) {
  if (!sampled.timeline) {
    return wrap("not available: " + sampled.reason, width);
  }
  const std::vector<TimelineSample>& samples = sampled.timeline->samples;
  if (samples.empty()) {
    return wrap("not available: the sampler saw nothing of the run", width);
  }
  std::vector<std::string> lines = plot_lines(*sampled.timeline, width);
  const auto add = [&](const std::string& text) { std::ranges::move(wrap(text, width), std::back_inserter(lines)); };
  if (sampled.phases) {
    for (const std::string& sentence : phase_sentences(*sampled.phases, launches)) {
      add(sentence);
    }
  } else {
    add("no start and tail: " + sampled.phases_reason);
  }
  add(fmt::format("{} of {} in a run of its own, taken in {:.0f} ms", plural(samples.size(), "sample"),
                  format_time((samples.back().end_ns - samples.front().begin_ns) / static_cast<double>(samples.size())),
                  sampled.seconds * 1e3));
  return lines;
}

}  // namespace scantune::report
