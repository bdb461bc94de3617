// The page of `scantune report` in a browser.
#include "report/page.h"

#include <gmock/gmock.h>

#include "../report/fixture.h"
#include "../stats/timeline_example.h"
#include "browser.h"
#include "report/page_data.h"

namespace scantune::report {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// What hostile text does where it is taken for HTML or for the end of a script.
constexpr const char* kHostile = "</script><img src=x onerror=\"errors.push('injected')\"><!--";

wire::ReportDocument document_of(const std::vector<Outcome>& outcomes) {
  wire::ReportDocument document{.tool_version = "0.1.0",
                                .time = "2026-11-23T01:00:00Z",
                                .sources = {{"run.json", "run", outcomes.size(), ""}},
                                .outcomes = {},
                                .peer_versions = {"triton 3.6.0"},
                                .histories = {}};
  for (const Outcome& outcome : outcomes) {
    document.outcomes.push_back(page_outcome(outcome, 0));
  }
  return document;
}

// Counters of stalls and of bytes, as `profile --metrics full` reads them.
Profile stalls_and_bytes(double waits) {
  return {{{"row_carry",
            {counter(kDuration, 2e6, "ns"), counter(kDramRead, 4.4e9, "bytes"),
             counter("dram__bytes_write.sum", 4.3e9, "bytes"),
             counter("smsp__warp_issue_stalled_long_scoreboard_per_warp_active.pct", waits, "%"),
             counter("smsp__warp_issue_stalled_barrier_per_warp_active.pct", 90 - waits, "%")}}}};
}

Outcome profiled_run() {
  Outcome outcome = finished_run();
  outcome.records[0].profile = stalls_and_bytes(70);
  outcome.records[2].profile = stalls_and_bytes(30);
  return outcome;
}

wire::ReportDocument example() {
  Outcome other = profiled_run();
  other.workload.shape = {{1, 1 << 20}, 1};
  wire::ReportDocument document = document_of({profiled_run(), other});
  document.outcomes[0].peers = {{"triton", "Triton", "one pass", "measured", "", "rows=1",
                                 Interval{2.2e6, 2.1e6, 2.3e6}, Interval{0.91, 0.90, 0.92}, Interval{1.08, 1.07, 1.09}},
                                {"seed", "seed", "three passes", "failed", "grid.y is too large", "", {}, {}, {}}};
  wire::ReportTimeline short_of_it{3, "three_pass.json", testing_example::sampled()};
  short_of_it.sampled.phases.reset();
  short_of_it.sampled.phases_reason = "the run is too short";
  document.outcomes[0].timelines = {{0, "profile.json", testing_example::sampled()}, short_of_it};
  wire::ReportRecord untried = document.outcomes[0].records[0];
  untried.variant = variant("row_carry tile=512 warps=8 stages=1");
  document.sources.push_back({"a/rather/long/path/of/a/profile/that/is/among/the/files.json", "profile", 1, ""});
  document.outcomes[0].profiles = {{1,
                                    std::nullopt,
                                    untried,
                                    document.outcomes[0].metrics,
                                    {{"unknown", "no rule fits", {}, "no advice: compare"}},
                                    {}}};
  Provenance& provenance = document.outcomes[0].profiles[0].provenance;
  provenance.time = "2026-11-24T01:00:00Z";
  provenance.device = "replay:old.jsonl";
  provenance.driver = "1";
  document.outcomes[0].steps = {{1,
                                 std::nullopt,
                                 "",
                                 {},
                                 "starts in the middle",
                                 variant("row_carry tile=4096 warps=8 stages=1"),
                                 std::nullopt,
                                 0.909,
                                 "",
                                 true},
                                {2,
                                 variant("row_carry tile=4096 warps=8 stages=1"),
                                 "bytes_in_flight",
                                 {{"bytes_in_flight_per_sm", 32768, "bytes"}},
                                 "stages up: more loads under way",
                                 variant("row_carry tile=8192 warps=16 stages=2"),
                                 0.97,
                                 0.990,
                                 "",
                                 true},
                                {3,
                                 variant("row_carry tile=8192 warps=16 stages=2"),
                                 "bytes_in_flight",
                                 {},
                                 "warps up",
                                 variant("row_carry tile=8192 warps=32 stages=3"),
                                 0.98,
                                 std::nullopt,
                                 "element 7 is 3, expected 4",
                                 false}};
  return document;
}

// The canvases of the page, and how many of the pixels of each are not the background.
constexpr const char* kDrawn = R"(
  const drawn = {};
  for (const canvas of document.querySelectorAll('canvas')) {
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let painted = 0;
    for (let i = 3; i < pixels.length; i += 4) painted += pixels[i] > 0 ? 1 : 0;
    drawn[canvas.id] = painted;
  }
)";

TEST(Page, DrawsEveryPlotWithoutAnErrorInLightDarkAndOnAPhone) {
  const Browser browser;
  const std::string html = page_html(example());
  for (const Browser::View& view : {Browser::View{}, Browser::View{.dark = true}, Browser::View{.width = 500}}) {
    const json answer = browser.ask(html, std::string("await wait();") + kDrawn + R"(
      const root = document.documentElement;
      const widest = [...document.querySelectorAll('body *')].filter((e) => !e.closest('.scroll'))
          .sort((a, b) => b.getBoundingClientRect().right - a.getBoundingClientRect().right)[0];
      return {drawn, paper: getComputedStyle(document.body).backgroundColor, width: root.clientWidth,
              right: Math.max(root.scrollWidth, widest.getBoundingClientRect().right), widest: widest.outerHTML.slice(0, 80)};)",
                                    view);
    EXPECT_EQ(answer["errors"], json::array());
    for (const char* plot : {"summary-plot", "story-plot", "sweep-plot", "samples-plot", "roofline-plot",
                             "timeline-plot", "stalls-plot"}) {
      EXPECT_GT(answer["drawn"].value(plot, 0), 1000) << plot;
    }
    EXPECT_EQ(answer["paper"], view.dark ? "rgb(20, 23, 27)" : "rgb(255, 255, 255)");
    EXPECT_LE(answer["right"].get<double>(), answer["width"].get<double>()) << "it sticks out: " << answer["widest"];
  }
}

TEST(Page, ShowsTheFiguresOfItsData) {
  const json answer = Browser().ask(page_html(example()), R"(
    const cards = [...document.querySelectorAll('.card b')].map((b) => b.textContent);
    const first = document.querySelector('#summary-table tbody tr');
    const peers = [...document.querySelectorAll('#peers-table tbody tr')].map((r) => r.textContent);
    return {cards, row: [...first.children].map((c) => c.textContent), peers,
            text: document.getElementById('outcome').textContent,
            facts: [...document.querySelectorAll('section[aria-label=Provenance] > dl > *')].map((e) => e.textContent)};)",
                                    {});
  EXPECT_EQ(answer["errors"], json::array());
  EXPECT_EQ(answer["cards"], (json{"0.990", "2.020 ms", "4252 GB/s", "1.50×"}));
  EXPECT_EQ(answer["row"], (json{"32768x32768 f32 dim 1", "0.990", "2.020 ms", "4252 GB/s", "1.50×", "1",
                                 "row_carry tile=8192 warps=16 stages=2", "0.910", "failed"}));
  EXPECT_EQ(answer["peers"], (json{"Triton0.9102.200 ms1.08×rows=1", "seed–––grid.y is too large"}));
  EXPECT_THAT(answer["text"].get<std::string>(), HasSubstr("6 variants: 4 measured, 1 failed, 1 ruled out"));
  EXPECT_THAT(answer["text"].get<std::string>(), Not(HasSubstr("[object")));
  const auto facts = answer["facts"].get<std::vector<std::string>>();
  EXPECT_THAT(facts, testing::IsSupersetOf({"device", "NVIDIA H200, GH100, sm_90", "ended", "complete", "run.json"}));
}

TEST(Page, MarksTheWinnerItsEqualsAndWhatFailedInTheSweep) {
  const json answer = Browser().ask(page_html(example()), R"(
    const sets = (id) => Chart.getChart(id).data.datasets;
    const before = sets('sweep-plot').map((s) => [s.label, s.data.length, s.pointStyle]);
    const family = document.getElementById('sweep-family');
    family.value = '';
    family.dispatchEvent(new Event('change'));
    const all = sets('sweep-plot').map((s) => [s.label, s.data.length]);
    const axes = [...document.getElementById('sweep-x').options].map((o) => o.textContent);
    const winner = sets('sweep-plot').find((s) => s.label === 'winner').data[0];
    const hint = document.getElementById('sweep-hint');
    const shown = !hint.hidden;
    for (const [id, figure] of [['sweep-x', 'ratio to copy'], ['sweep-y', 'time, µs']]) {
      const axis = document.getElementById(id);
      axis.value = [...axis.options].findIndex((o) => o.textContent === figure);
      axis.dispatchEvent(new Event('change'));
    }
    return {before, all, axes, winner: winner.i, shown, hint: hint.textContent, shown_of_figures: !hint.hidden};)",
                                    {});
  EXPECT_EQ(answer["errors"], json::array());
  EXPECT_EQ(answer["before"], json::parse(R"([["winner", 1, "star"], ["as fast", 1, "triangle"],
    ["measured", 1, "circle"], ["ruled out", 1, "cross"], ["failed", 1, "crossRot"]])"));
  EXPECT_THAT(answer["all"], testing::Contains(json{"baseline's best", 1}));
  EXPECT_THAT(answer["axes"], testing::IsSupersetOf({json("kernel"), json("tile"), json("stages"),
                                                     json("registers a thread"), json("time, µs")}));
  EXPECT_EQ(answer["winner"], 0);
  EXPECT_EQ(answer["shown"], true);
  EXPECT_THAT(answer["hint"].get<std::string>(), HasSubstr("side by side around their ticks"));
  EXPECT_EQ(answer["shown_of_figures"], false) << "nothing is moved there";
}

TEST(Page, FiltersAndSortsTheTableOfVariants) {
  const json answer = Browser().ask(page_html(example()), R"(
    const table = document.getElementById('records-table');
    const names = () => [...table.querySelectorAll('tbody tr')].map((r) => r.cells[0].textContent);
    const all = names();
    const input = table.querySelector('input');
    input.value = 'stages=2 16384';
    input.dispatchEvent(new Event('input'));
    const filtered = names();
    const foot = table.querySelector('.table-foot span').textContent;
    input.value = 'expected 4';
    input.dispatchEvent(new Event('input'));
    const failed = names();
    input.value = '';
    input.dispatchEvent(new Event('input'));
    const click = (title) => [...table.querySelectorAll('th button')].find((b) => b.textContent === title).click();
    click('of copy');
    const best = names();
    click('of copy');
    const worst = names();
    const select = table.querySelectorAll('select')[1];
    select.value = 'ruled_out';
    select.dispatchEvent(new Event('change'));
    return {all: all.length, filtered, foot, failed, best, worst, ruled_out: names(),
            sorted: [...table.querySelectorAll('th')].map((t) => t.getAttribute('aria-sort')).indexOf('ascending')};)",
                                    {});
  EXPECT_EQ(answer["errors"], json::array());
  EXPECT_EQ(answer["all"], 6);
  EXPECT_EQ(answer["filtered"], json{"row_carry tile=16384 warps=16 stages=2"});
  EXPECT_EQ(answer["foot"], "1 of 6 rows");
  EXPECT_EQ(answer["failed"], json{"row_carry tile=8192 warps=32 stages=3"});
  EXPECT_EQ(answer["best"][0], "★ row_carry tile=8192 warps=16 stages=2");
  EXPECT_EQ(answer["best"][3], "three_pass tile=4096 warps=8 stages=1");
  EXPECT_EQ(answer["worst"][0], "three_pass tile=4096 warps=8 stages=1") << "what has no figure comes last both ways";
  EXPECT_EQ(answer["ruled_out"], json{"row_carry tile=1024 warps=32 stages=3"});
  EXPECT_EQ(answer["sorted"], 2);
}

TEST(Page, TellsTheSearchStepByStep) {
  const json answer = Browser().ask(page_html(example()), R"(
    const steps = [...document.querySelectorAll('ol.story li')].map((li) => [...li.children].map((d) => d.textContent));
    return {steps, best: Chart.getChart('story-plot').data.datasets[0].data.map((p) => p.x)};)",
                                    {});
  EXPECT_EQ(answer["errors"], json::array());
  EXPECT_EQ(answer["steps"], json::parse(R"([
    ["starts in the middle", "Tried row_carry tile=4096 warps=8 stages=1: 0.909 of copy – the best so far"],
    ["From row_carry tile=4096 warps=8 stages=1, limited by bytes in flight: bytes_in_flight_per_sm 32,768 bytes",
     "stages up: more loads under way",
     "Tried row_carry tile=8192 warps=16 stages=2: 0.990 of copy, 0.970 predicted – the best so far"],
    ["From row_carry tile=8192 warps=16 stages=2, limited by bytes in flight", "warps up",
     "Tried row_carry tile=8192 warps=32 stages=3: element 7 is 3, expected 4, 0.980 predicted"]])"));
  EXPECT_EQ(answer["best"], (json{1, 2}));
}

TEST(Page, ShowsARunOverTimeItsStartAndItsTail) {
  const json answer = Browser().ask(page_html(example()), R"(
    const sets = () => Chart.getChart('timeline-plot').data.datasets;
    const range = () => { const x = Chart.getChart('timeline-plot').options.scales.x; return [x.min, x.max]; };
    const show = (id, value) => { const select = document.getElementById(id); select.value = value; select.dispatchEvent(new Event('change')); };
    const figures = () => document.getElementById('timeline-figures').textContent;
    const whole = {sets: sets().map((s) => [s.label, s.data.length]), range: range(), figures: figures(),
                   third: sets()[0].data.slice(1, 4).map((p) => [p.x, p.y])};
    show('timeline-part', 'start');
    const start = range();
    show('timeline-part', 'tail');
    const tail = range();
    show('timeline-which', 1);
    return {whole, start, tail, other: figures(), which: [...document.getElementById('timeline-which').options].map((o) => o.textContent)};)",
                                    {});
  EXPECT_EQ(answer["errors"], json::array());
  const json& whole = answer["whole"];
  EXPECT_EQ(whole["sets"], json::parse(R"([["DRAM read", 110], ["DRAM written", 110], ["warps active", 110]])"));
  EXPECT_EQ(whole["third"], json::parse("[[2000, 10], [4000, 20], [6000, 30]]"));
  EXPECT_EQ(whole["range"], (json{0, 218000}));
  EXPECT_EQ(
      whole["figures"],
      "Steady at 80.0% of DRAM’s peak, reads and writes together. 90% of that after 6.000 µs, which costs 3.000 µs; "
      "below it for the last 8.000 µs, which cost 4.800 µs. 109 samples.");
  EXPECT_EQ(answer["start"], (json{0, 32000})) << "no less than 16 samples";
  EXPECT_EQ(answer["tail"], (json{186000, 218000}));
  EXPECT_EQ(answer["other"], "No start and tail: the run is too short.");
  EXPECT_EQ(answer["which"], (json{"row_carry tile=8192 warps=16 stages=2", "three_pass tile=4096 warps=8 stages=1"}));
}

TEST(Page, ShowsAProfileInTheSectionOfItsWorkload) {
  const json answer = Browser().ask(page_html(example()), R"(
    const section = document.querySelector('section[aria-label=Profiles]');
    const which = document.getElementById('stalls-which');
    which.value = 'profiles';
    which.dispatchEvent(new Event('change'));
    return {workloads: document.getElementById('workload').options.length, text: section.textContent,
            rows: section.querySelectorAll('tbody tr').length, bars: Chart.getChart('stalls-plot').data.labels};)",
                                    {});
  EXPECT_EQ(answer["errors"], json::array());
  EXPECT_EQ(answer["workloads"], 2);
  const auto text = answer["text"].get<std::string>();
  EXPECT_THAT(text, HasSubstr("row_carry tile=512 warps=8 stages=1: 2.020 ms [2.018 ms, 2.022 ms], 0.990"));
  EXPECT_THAT(text, HasSubstr("files.json, in rounds of its own, 2026-11-24T01:00:00Z, replay:old.jsonl, driver 1"));
  EXPECT_THAT(text, HasSubstr("unknown: no rule fits"));
  EXPECT_THAT(text, HasSubstr("no advice: compare"));
  EXPECT_EQ(answer["rows"], 6) << "a row a counter";
  EXPECT_EQ(answer["bars"], json{"row_carry tile=512 warps=8 stages=1"});
}

TEST(Page, ShowsTheWorkloadThatIsChosen) {
  const json answer = Browser().ask(page_html(example()), R"(
    const select = document.getElementById('workload');
    select.value = 1;
    select.dispatchEvent(new Event('change'));
    return {title: document.querySelector('#outcome h2').textContent, hash: location.hash,
            peers: document.getElementById('peers-table') !== null};)",
                                    {});
  EXPECT_EQ(answer["errors"], json::array());
  EXPECT_EQ(answer["title"], "1x1048576 f32 dim 1");
  EXPECT_EQ(answer["hash"], "#1");
  EXPECT_EQ(answer["peers"], false);
}

TEST(Page, TakesHostileNamesForText) {
  Outcome outcome = profiled_run();
  outcome.records[0].variant.kernel = kHostile;
  outcome.records[1].variant.settings[0].value = std::string(kHostile);
  outcome.records[5].failure->what = kHostile;
  outcome.provenance.host = kHostile;
  outcome.device.chip.name = kHostile;
  wire::ReportDocument document = document_of({outcome});
  document.sources[0].file = kHostile;
  document.outcomes[0].title = kHostile;
  document.outcomes[0].peers = {{kHostile, kHostile, kHostile, "failed", kHostile, kHostile, {}, {}, {}}};
  const std::string html = page_html(document);
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  const json answer = Browser().ask(html, R"(await wait();
    return {images: document.images.length, title: document.querySelector('#outcome h2').textContent};)",
                                    {});
  EXPECT_EQ(answer["errors"], json::array());
  EXPECT_EQ(answer["images"], 0);
  EXPECT_EQ(answer["title"], kHostile);
}

TEST(Page, ShowsARunThatFoundNothing) {
  Outcome nothing;
  nothing.workload = headline();
  nothing.device = h200();
  nothing.stopped = StopReason::device_lost;
  nothing.stop_detail = "the driver went away";
  Outcome failures = nothing;
  failures.records = {failed_record("row_carry tile=1 warps=1 stages=1", FailureKind::crash, "died")};
  for (const Outcome& outcome : {nothing, failures}) {
    const json answer = Browser().ask(page_html(document_of({outcome})),
                                      "return {text: document.getElementById('outcome').textContent};", {});
    EXPECT_EQ(answer["errors"], json::array());
    EXPECT_THAT(answer["text"].get<std::string>(), HasSubstr("No winner: device lost, the driver went away."));
  }
}

// A run of 10,000 variants. How long it takes is a figure for docs/report.md, not a limit here: the machine may be
// busy.
TEST(Page, ShowsTenThousandVariants) {
  Outcome outcome = profiled_run();
  for (int i = 0; i < 9'994; ++i) {
    const auto index = static_cast<int>(outcome.records.size());
    Record record = measured_record(
        fmt::format("row_carry tile={} warps={} stages={}", 128 * (1 + i % 100), 1 + i / 100 % 20, 1 + i / 2000));
    record.resources = {{"row_carry", 32 + i % 200, 80, 1024, 0, 256, 32768, 2}};
    record.profile = stalls_and_bytes(i % 90);
    const double time_ns = 2.1e6 + 100.0 * i;
    outcome.records.push_back(std::move(record));
    outcome.ranking.push_back(
        {index, Phase::screen, {time_ns, time_ns - 100, time_ns + 100}, {2e6 / time_ns, 2e6 / time_ns, 2e6 / time_ns}});
  }
  const json answer = Browser().ask(page_html(document_of({outcome})), std::string(kDrawn) + R"(
    const sweep = Chart.getChart('sweep-plot').data.datasets.reduce((n, s) => n + s.data.length, 0);
    const table = document.getElementById('records-table');
    const rows = () => table.querySelectorAll('tbody tr').length;
    const few = rows();
    const began = performance.now();
    const input = table.querySelector('input');
    input.value = 'stages=3 warps=7';
    input.dispatchEvent(new Event('input'));
    const filter_ms = performance.now() - began;
    return {drawn, sweep, few, filtered: rows(), filter_ms, drawn_ms: Number(document.documentElement.dataset.drawnMs)};)",
                                    {});
  EXPECT_EQ(answer["errors"], json::array());
  EXPECT_EQ(answer["sweep"], 9'999) << "all but the baseline, which is another family";
  EXPECT_GT(answer["drawn"].value("sweep-plot", 0), 1000);
  EXPECT_EQ(answer["few"], 100);
  EXPECT_GT(answer["filtered"], 0);
  EXPECT_LE(answer["filtered"], 100);
  EXPECT_GT(answer["drawn_ms"], 0);
  RecordProperty("drawn_ms", answer["drawn_ms"].dump());
  std::printf("10,000 variants: drawn %s ms after loading began, filtered in %s ms\n",
              answer["drawn_ms"].dump().c_str(), answer["filter_ms"].dump().c_str());
}

}  // namespace
}  // namespace scantune::report
