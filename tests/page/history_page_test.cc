// The history of checks on the page of `scantune report`, in a browser.
#include "report/history_page.h"

#include <gmock/gmock.h>

#include "../report/fixture.h"
#include "../report/history_example.h"
#include "browser.h"
#include "report/page.h"
#include "report/page_data.h"

namespace scantune::report {
namespace {

using nlohmann::json;
using testing::HasSubstr;

wire::ReportDocument history_document(bool with_outcomes) {
  wire::ReportDocument document{.tool_version = "0.1.0",
                                .time = "2026-11-23T01:00:00Z",
                                .sources = {},
                                .outcomes = {},
                                .peer_versions = {},
                                .histories = {}};
  document.sources.push_back({"history.jsonl", "history", 2, ""});
  document.histories = page_histories(fallen_history(), 0, document.sources[0].note);
  if (with_outcomes) {
    document.sources.push_back({"run.json", "run", 1, ""});
    document.outcomes.push_back(page_outcome(finished_run(), 1));
  }
  name_histories(document);
  return document;
}

// How many pixels of the history's plot are painted.
constexpr const char* kPainted = R"(
  const canvas = document.getElementById('history-plot');
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let painted = 0;
  for (let i = 3; i < pixels.length; i += 4) painted += pixels[i] > 0 ? 1 : 0;
)";

TEST(HistoryPage, DrawsTheRunsWithoutAnErrorInLightDarkAndOnAPhone) {
  const Browser browser;
  for (const bool with_outcomes : {true, false}) {
    const std::string html = page_html(history_document(with_outcomes));
    for (const Browser::View& view : {Browser::View{}, Browser::View{.dark = true}, Browser::View{.width = 500}}) {
      const json answer = browser.ask(html, std::string("await wait();") + kPainted + R"(
        const root = document.documentElement;
        const shown = (id) => !document.getElementById(id).hidden;
        return {painted, width: root.clientWidth, scroll: root.scrollWidth, history: shown('history'),
                summary: shown('summary'), choice: shown('choice')};)",
                                      view);
      EXPECT_EQ(answer["errors"], json::array());
      EXPECT_GT(answer["painted"], 1000);
      EXPECT_LE(answer["scroll"], answer["width"]);
      EXPECT_EQ(answer["history"], true);
      EXPECT_EQ(answer["summary"], with_outcomes);
      EXPECT_EQ(answer["choice"], with_outcomes);
    }
  }
}

TEST(HistoryPage, MarksWhereTheLevelChanged) {
  const json answer = Browser().ask(page_html(history_document(true)), R"(
    const sets = () => Object.fromEntries(Chart.getChart('history-plot').data.datasets.map((s) => [s.label, s.data]));
    const runs = sets();
    const along = document.getElementById('history-along');
    along.value = 'time';
    along.dispatchEvent(new Event('change'));
    const times = sets();
    return {runs: runs.pass.map((p) => p.x), slower: runs.regression.map((p) => p.x),
            border: runs['change of level'].map((p) => p.x), level: runs.level.map((p) => p.y),
            bars: runs.interval.length, first_time: times.pass[0].x,
            border_time: new Date(times['change of level'][0].x).toISOString(),
            title: document.getElementById('history-title').textContent,
            text: document.getElementById('history-change').textContent,
            rows: [...document.querySelectorAll('#history-table tbody tr')].map((r) => [...r.cells].map((c) => c.textContent))};)",
                                    {});
  EXPECT_EQ(answer["errors"], json::array());
  EXPECT_EQ(answer["runs"].size(), 19U);
  EXPECT_EQ(answer["slower"], json{20});
  EXPECT_EQ(answer["border"], (json{12.5, 12.5})) << "between the twelfth run and the thirteenth";
  EXPECT_NEAR(answer["level"][0].get<double>(), 0.99, 1e-3);
  EXPECT_NEAR(answer["level"][4].get<double>(), 0.978, 1e-3);
  EXPECT_EQ(answer["bars"], 60) << "of each run the two ends of its interval, and a gap";
  EXPECT_EQ(answer["first_time"], 1793494800000) << "2026-11-01T01:00:00Z";
  EXPECT_EQ(answer["border_time"], "2026-11-12T13:00:00.000Z");
  EXPECT_EQ(answer["title"], "32768x32768 f32 dim 1");
  EXPECT_THAT(answer["text"].get<std::string>(),
              HasSubstr("changed by −1.2%, from 0.990 to 0.978 of copy, with run 13 of 20 at 2026-11-13T01:00:00Z, "
                        "commit 000000000000000000000000000000000abc000c"));
  ASSERT_EQ(answer["rows"].size(), 2U);
  EXPECT_EQ(answer["rows"][0][0], "32768x32768 f32 dim 1");
  EXPECT_EQ(answer["rows"][0][5], "−1.2%");
}

TEST(HistoryPage, ShowsTheWorkloadThatIsChosen) {
  const json answer = Browser().ask(page_html(history_document(true)), R"(
    const title = () => document.getElementById('history-title').textContent;
    document.querySelectorAll('#history-table button.link')[1].click();
    const other = title();
    const text = document.getElementById('history-change').textContent;
    const select = document.getElementById('workload');
    select.dispatchEvent(new Event('change'));
    return {other, text, chosen: title()};)",
                                    {});
  EXPECT_EQ(answer["errors"], json::array());
  EXPECT_EQ(answer["other"], "1x16777216x1 f16 summed in f32 hot deterministic");
  EXPECT_EQ(answer["text"], "No change of level in 6 runs.");
  EXPECT_EQ(answer["chosen"], "32768x32768 f32 dim 1");
}

TEST(HistoryPage, TakesHostileNamesForText) {
  constexpr const char* kHostile = "</script><img src=x onerror=\"errors.push('injected')\"><!--";
  wire::ReportDocument document = history_document(false);
  document.histories[0].title = kHostile;
  document.histories[0].runs[3].commit = kHostile;
  document.histories[0].runs[4].variant = kHostile;
  document.histories[0].runs[5].time = kHostile;
  document.histories[0].change->commit = kHostile;
  const json answer = Browser().ask(page_html(document), R"(await wait();
    return {images: document.images.length, title: document.getElementById('history-title').textContent,
            time: document.getElementById('history-along').options[1].disabled};)",
                                    {});
  EXPECT_EQ(answer["errors"], json::array());
  EXPECT_EQ(answer["images"], 0);
  EXPECT_EQ(answer["title"], kHostile);
  EXPECT_EQ(answer["time"], true) << "a run has no time to draw it at";
}

}  // namespace
}  // namespace scantune::report
