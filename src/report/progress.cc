#include "report/progress.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <type_traits>
#include <vector>

#include "core/units.h"
#include "report/text.h"

namespace scantune::report {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kPlainPause = std::chrono::seconds(5);
constexpr int kBarColumns = 16;

std::string_view stage_text(Progress::Stage stage) {
  switch (stage) {
    case Progress::Stage::compile:
      return "compiling";
    case Progress::Stage::measure:
      return "measuring";
    case Progress::Stage::final:
      return "final rounds of the best";
    case Progress::Stage::profile:
      return "reading counters";
  }
  return "";
}

std::string bar(int done, int total) {
  const int filled = total > 0 ? std::clamp(done * kBarColumns / total, 0, kBarColumns) : 0;
  std::string text;
  for (int i = 0; i < kBarColumns; ++i) {
    text += i < filled ? "█" : "░";
  }
  return text;
}

std::string best_text(const Progress::Family& family) {
  if (!family.best_time_ns) {
    return "";
  }
  std::string text = "best " + format_time(*family.best_time_ns);
  if (family.best_ratio) {
    text += fmt::format("  {:.3f} of copy", *family.best_ratio);
  }
  return text;
}

std::string left_text(const std::optional<double>& eta_s) {
  return eta_s ? fmt::format("about {} left", format_seconds(*eta_s)) : "";
}

std::string event_text(const Event& event) {
  const std::string text = std::visit(
      [](const auto& what) -> std::string {
        using T = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<T, Compiled>) {
          return what.from_cache ? "compiled before" : "compiled in " + format_seconds(what.seconds);
        } else if constexpr (std::is_same_v<T, Verified>) {
          return "verified";
        } else if constexpr (std::is_same_v<T, Measured>) {
          return fmt::format("{} {}, {} of copy", name(what.phase), time_text(what.time_ns),
                             ratio_text(what.ratio_to_copy));
        } else if constexpr (std::is_same_v<T, Profiled>) {
          return "counters read";
        } else {
          return fmt::format("failed ({}): {}", name(what.kind), what.what);
        }
      },
      event.what);
  return to_string(event.variant) + ": " + text;
}

class Printer final : public ProgressPrinter {
 public:
  Printer(std::FILE* out, ProgressStyle progress, const TextStyle& style)
      : out_(out), progress_style_(progress), style_(style) {}
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;
  ~Printer() override { finish(); }

  void event(const Event& event) override {
    if (style_.verbose && progress_style_ != ProgressStyle::none) {
      note(event_text(event));
    }
  }

  void step(const SearchStep& step) override {
    if (style_.verbose && progress_style_ != ProgressStyle::none) {
      note(step_text(step));
    }
  }

  void progress(const Progress& progress) override {
    const std::scoped_lock lock(mutex_);
    if (progress_style_ == ProgressStyle::live) {
      live(progress);
    } else if (progress_style_ == ProgressStyle::plain) {
      plain(progress);
    }
  }

  void note(const std::string& line) override {
    const std::scoped_lock lock(mutex_);
    const std::vector<std::string> block = std::move(block_);
    erase(block.size());
    put(line + "\n");
    draw(block);
  }

  void finish() override {
    const std::scoped_lock lock(mutex_);
    erase(block_.size());
    block_.clear();
    last_stage_.reset();
    std::fflush(out_);
  }

 private:
  void live(const Progress& progress) {
    const auto now = Clock::now();
    if (last_ && now - *last_ < kRedraw) {
      return;
    }
    last_ = now;
    std::vector<std::string> lines;
    size_t width = 0;
    for (const auto& family : progress.families) {
      width = std::max(width, columns(family.kernel));
    }
    // A line that wraps would put the cursor one line off at the next redraw, so none may.
    const auto fit = static_cast<size_t>(std::max(style_.width - 1, 20));
    for (const auto& family : progress.families) {
      std::string line = fmt::format("  {}  {:>4} of {:<4}  {}  {}", pad_right(family.kernel, width), family.done,
                                     family.total, bar(family.done, family.total), best_text(family));
      if (family.failed > 0) {
        line += fmt::format("  {} failed", family.failed);
      }
      lines.push_back(shorten(line, fit));
    }
    std::string last = fmt::format("  {}", stage_text(progress.stage));
    if (const std::string left = left_text(progress.eta_s); !left.empty()) {
      last += ", " + left;
    }
    lines.push_back(shorten(last, fit));
    erase(block_.size());
    draw(lines);
  }

  void plain(const Progress& progress) {
    const auto now = Clock::now();
    if (last_stage_ == progress.stage && now - *last_ < kPlainPause) {
      return;
    }
    last_ = now;
    last_stage_ = progress.stage;
    int done = 0;
    int total = 0;
    const Progress::Family* best = nullptr;
    for (const auto& family : progress.families) {
      done += family.done;
      total += family.total;
      if (family.best_time_ns && (best == nullptr || *family.best_time_ns < *best->best_time_ns)) {
        best = &family;
      }
    }
    std::string line = fmt::format("{}: {} of {} done", stage_text(progress.stage), done,
                                   plural(static_cast<size_t>(total), "variant"));
    if (best != nullptr) {
      line += fmt::format(", {} {}", best->kernel, best_text(*best));
    }
    if (const std::string left = left_text(progress.eta_s); !left.empty()) {
      line += ", " + left;
    }
    put(line + "\n");
    std::fflush(out_);
  }

  void erase(size_t lines) {
    for (size_t i = 0; i < lines; ++i) {
      put("\033[1A\033[2K");
    }
    if (lines > 0) {
      put("\r");
    }
  }

  void draw(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      put(line + "\n");
    }
    block_ = lines;
    std::fflush(out_);
  }

  void put(const std::string& text) {
    const std::string shown = style_.utf8 ? text : ascii(text);
    std::fwrite(shown.data(), 1, shown.size(), out_);
  }

  std::FILE* out_;
  ProgressStyle progress_style_;
  TextStyle style_;
  std::mutex mutex_;
  std::vector<std::string> block_;  // the lines on the terminal, to be erased
  std::optional<Clock::time_point> last_;
  std::optional<Progress::Stage> last_stage_;
};

}  // namespace

std::unique_ptr<ProgressPrinter> progress_printer(std::FILE* out, ProgressStyle progress, const TextStyle& style) {
  return std::make_unique<Printer>(out, progress, style);
}

}  // namespace scantune::report
