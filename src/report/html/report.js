// Draws the data of a report (configs/schema/report.schema.json). Every figure comes from there: this only lays out,
// sorts, filters and writes numbers with units. Text goes in as text, never as HTML.
(function () {
  'use strict';

  const data = JSON.parse(document.getElementById('data').textContent);
  const ROWS_SHOWN = 100;  // of a table, until more are asked for
  const STALL_BARS = 14;
  const charts = new Map();  // canvas id -> Chart

  // --- Small helpers ---

  function el(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined) node.setAttribute(name, value);
    }
    for (const child of children.flat(Infinity)) {
      if (child !== null && child !== undefined) node.append(child);
    }
    return node;
  }

  const known = (value) => value !== null && value !== undefined && !Number.isNaN(value);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const dark = matchMedia('(prefers-color-scheme: dark)');

  function scaled(value, units) {
    const [factor, unit] = units.find(([f]) => Math.abs(value) >= f) || units[units.length - 1];
    return `${(value / factor).toPrecision(4)} ${unit}`;
  }
  const time = (ns) => known(ns) ? scaled(ns, [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']]) : '–';
  const rate = (b) => known(b) ? `${(b / 1e9).toPrecision(4)} GB/s` : '–';
  const ratio = (r) => known(r) ? r.toFixed(3) : '–';
  const times = (x) => known(x) ? `${x.toFixed(2)}×` : '–';
  const count = (n) => known(n) ? n.toLocaleString('en') : '–';
  const plain = (x) => !known(x) ? '–' : Number.isInteger(x) ? count(x) : String(Number(x.toPrecision(4)));
  const bytes = (b) => !known(b) ? '–' : b === 0 ? '0 B' : scaled(b, [[2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [1024, 'KiB'], [1, 'B']]);
  const seconds = (s) => known(s) ? (s < 1 ? time(s * 1e9) : `${s.toFixed(1)} s`) : '–';
  const range = (interval, write) => known(interval && interval.low)
    ? `${write(interval.median)} [${write(interval.low)}, ${write(interval.high)}]` : '–';
  const medianOf = (interval) => interval ? interval.median : null;
  const words = { measured: 'measured', failed: 'failed', ruled_out: 'ruled out', not_reached: 'not reached' };
  const plural = (n, one) => `${count(n)} ${one}${n === 1 ? '' : 's'}`;

  // --- Charts ---

  const PEER_COLORS = ['#e8743b', '#19a979', '#945ecf', '#13a4b4', '#bf399e', '#6c8893', '#e8b13b', '#ed4a7b'];
  // Viridis, at nine places: even to the eye, and to eyes that see few colours.
  const RAMP = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129], [92, 200, 99],
    [170, 220, 50], [253, 231, 37]];

  // 0: slowest, 1: fastest. The fastest stands out most from the paper.
  function rampColor(share) {
    const along = Math.min(1, Math.max(0, dark.matches ? share : 1 - share)) * (RAMP.length - 1);
    const i = Math.min(RAMP.length - 2, Math.floor(along));
    const mixed = RAMP[i].map((c, k) => Math.round(c + (RAMP[i + 1][k] - c) * (along - i)));
    return `rgb(${mixed.join(',')})`;
  }

  function drawChart(id, config, height) {
    const canvas = document.getElementById(id);
    if (charts.has(id)) charts.get(id).destroy();
    if (height) canvas.parentElement.style.height = `${height}px`;
    Chart.defaults.color = css('--ink');
    Chart.defaults.borderColor = css('--line');
    config.options = Object.assign({ animation: false, responsive: true, maintainAspectRatio: false }, config.options);
    charts.set(id, new Chart(canvas, config));
  }

  function axis(title, extra) {
    return Object.assign({ title: { display: true, text: title }, grid: { color: css('--line') } }, extra);
  }

  const narrow = () => document.documentElement.clientWidth < 600;
  function shortened(text, most) {
    return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
  }

  // On a phone a variant is its values: the tooltip and the table have the names.
  const nameOf = (record) => narrow() ? Object.values(record.params).join(' ') || record.kernel : record.variant;

  // Rows of a plot, the first at the top, with a name each.
  function laneAxis(names) {
    const most = narrow() ? 22 : 60;
    return axis('', {
      type: 'linear', min: -0.5, max: names.length - 0.5, reverse: true, title: { display: false },
      ticks: { autoSkip: false, stepSize: 1, callback: (v) => Number.isInteger(v) && names[v] !== undefined ? shortened(names[v], most) : '' },
      afterBuildTicks: (scale) => { scale.ticks = names.map((_, i) => ({ value: i })); },
    });
  }

  function tooltip(label) {
    return { callbacks: { label: (item) => label(item.raw, item.dataset) } };
  }

  // --- Tables that sort and filter ---

  // columns: {title, value(row): what it sorts by, cell(row): text or node, number}. find(row): the text that the
  // filter looks through.
  function table(place, rows, columns, options) {
    const { find, selects = [], rowClass, sortBy = null, descending = false, label } = options || {};
    let sorted = sortBy;
    let falling = descending;
    let all = false;
    const input = el('input', { type: 'search', placeholder: 'Filter, e.g. row_carry stages=2', 'aria-label': `Filter ${label}`, oninput: update });
    const chosen = selects.map((select) => el('select', { 'aria-label': select.title, onchange: update },
      el('option', { value: '' }, select.title),
      [...new Set(rows.map(select.value))].map((value) => el('option', { value }, select.text ? select.text(value) : value))));
    const shown = el('span', { class: 'quiet' });
    const more = el('button', { type: 'button', onclick: () => { all = true; update(); } });
    const head = el('tr', {}, columns.map((column, i) => el('th', { class: column.number ? 'number' : null, scope: 'col' },
      el('button', { type: 'button', title: column.title, onclick: () => {
        falling = sorted === i ? !falling : Boolean(column.number);
        sorted = i;
        update();
      } }, column.title))));
    const body = el('tbody');
    const texts = find ? rows.map((row) => find(row).toLowerCase()) : [];

    function update() {
      const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let kept = rows.map((_, i) => i).filter((i) => wanted.every((word) => texts[i].includes(word)) &&
        selects.every((select, k) => chosen[k].value === '' || select.value(rows[i]) === chosen[k].value));
      if (sorted !== null) {
        const keys = new Map(kept.map((i) => [i, columns[sorted].value(rows[i])]));
        const order = (a, b) => typeof a === 'string' ? a.localeCompare(b, 'en', { numeric: true }) : a - b;
        kept.sort((i, j) => {  // what is missing comes last, whichever way
          const [a, b] = [keys.get(i), keys.get(j)];
          if (!known(a) || !known(b)) return (known(a) ? 0 : 1) - (known(b) ? 0 : 1);
          return falling ? order(b, a) : order(a, b);
        });
      }
      const matching = kept.length;
      if (!all) kept = kept.slice(0, ROWS_SHOWN);
      [...head.children].forEach((th, i) =>
        th.setAttribute('aria-sort', sorted !== i ? 'none' : falling ? 'descending' : 'ascending'));
      body.replaceChildren(...kept.map((i) => el('tr', { class: rowClass ? rowClass(rows[i]) : null },
        columns.map((column) => el('td', { class: column.number ? 'number' : null }, column.cell(rows[i]))))));
      shown.textContent = matching === rows.length ? plural(rows.length, 'row')
        : `${count(matching)} of ${plural(rows.length, 'row')}`;
      more.hidden = kept.length === matching;
      more.textContent = `Show all ${count(matching)}`;
    }

    place.replaceChildren(
      ...(find ? [el('div', { class: 'controls' }, input, chosen)] : []),
      el('div', { class: 'scroll' }, el('table', { 'aria-label': label }, el('thead', {}, head), body)),
      el('div', { class: 'table-foot' }, shown, more));
    update();
  }

  const number = (title, value, write) => ({ title, value, number: true, cell: (row) => write(value(row)) });

  // --- Summary ---

  const winnerOf = (outcome) => outcome.winner === null ? null : outcome.records[outcome.winner];
  const baselineOf = (outcome) => outcome.baseline === null ? null : outcome.records[outcome.baseline];

  function peersOf(outcomes) {
    const peers = new Map();
    for (const outcome of outcomes) {
      for (const peer of outcome.peers) if (peer.id !== 'scantune') peers.set(peer.id, peer.title);
    }
    return peers;
  }
  const peerOf = (outcome, id) => outcome.peers.find((peer) => peer.id === id);

  function drawSummaryPlot() {
    const point = (i, interval, what) => ({ x: interval.median, y: i, what, interval });
    const own = [];
    const base = [];
    data.outcomes.forEach((outcome, i) => {
      const winner = winnerOf(outcome);
      const baseline = baselineOf(outcome);
      if (winner) own.push(point(i, winner.ratio_to_copy, winner.variant));
      if (baseline) base.push(point(i, baseline.ratio_to_copy, baseline.variant));
    });
    const datasets = [
      { label: 'scantune', data: own, pointStyle: 'rectRot', pointRadius: 8, backgroundColor: css('--link'), order: 0 },
      { label: 'baseline family', data: base, pointStyle: 'cross', pointRadius: 6, borderWidth: 2, borderColor: css('--quiet'), backgroundColor: css('--quiet'), order: 2 },
    ];
    [...peersOf(data.outcomes)].forEach(([id, title], k) => {
      const points = [];
      data.outcomes.forEach((outcome, i) => {
        const peer = peerOf(outcome, id);
        if (peer && peer.ratio_to_copy) points.push(point(i, peer.ratio_to_copy, peer.settings || title));
      });
      const color = PEER_COLORS[k % PEER_COLORS.length];
      datasets.push({ label: title, data: points, pointRadius: 4, backgroundColor: color, borderColor: color, order: 1 });
    });
    const names = data.outcomes.map((outcome) => outcome.title);
    drawChart('summary-plot', {
      type: 'scatter',
      data: { datasets },
      options: {
        scales: { x: axis('ratio to copy', { min: 0, suggestedMax: 1.05 }), y: laneAxis(names) },
        plugins: {
          legend: { position: 'top', labels: { usePointStyle: true } },
          tooltip: tooltip((raw, set) => [`${set.label}: ${range(raw.interval, ratio)} of copy`, shortened(raw.what, 90)]),
        },
        onClick: (event, items, chart) => { if (items.length) choose(chart.data.datasets[items[0].datasetIndex].data[items[0].index].y); },
      },
    }, 110 + 26 * names.length + (narrow() ? 60 : 0));
  }

  function drawSummaryTable() {
    const rows = data.outcomes.map((outcome, i) => ({ outcome, i, winner: winnerOf(outcome) }));
    const columns = [
      { title: 'Workload', value: (r) => r.outcome.title, cell: (r) => el('button', { type: 'button', class: 'link', onclick: () => choose(r.i) }, r.outcome.title) },
      number('of copy', (r) => r.winner && r.winner.ratio_to_copy.median, ratio),
      number('time', (r) => r.winner && r.winner.time_ns.median, time),
      number('rate', (r) => r.winner && r.winner.bytes_per_s, rate),
      number('over baseline', (r) => medianOf(r.outcome.speedup), times),
      number('as fast', (r) => r.outcome.equivalents.length, count),
      { title: 'Winner', value: (r) => r.winner && r.winner.variant, cell: (r) => el('code', {}, r.winner ? r.winner.variant : 'none') },
    ];
    for (const [id, title] of peersOf(data.outcomes)) {
      const column = number(title, (r) => { const peer = peerOf(r.outcome, id); return peer ? medianOf(peer.ratio_to_copy) : null; }, ratio);
      column.cell = (r) => {
        const peer = peerOf(r.outcome, id);
        if (!peer) return '–';
        return peer.ratio_to_copy ? ratio(peer.ratio_to_copy.median) : el('span', { class: 'quiet', title: peer.reason }, peer.status.replaceAll('_', ' '));
      };
      columns.push(column);
    }
    table(document.getElementById('summary-table'), rows, columns,
      { label: 'workloads', find: (r) => `${r.outcome.title} ${r.winner ? r.winner.variant : ''}` });
  }

  // --- One outcome ---

  const card = (title, value, note) => el('div', { class: 'card' }, el('span', {}, title), el('b', {}, value), note ? el('span', {}, note) : null);

  const findingOf = (f) => [el('b', {}, `${f.limit}: `), f.sentence, el('ul', {}, (f.no_advice === null ? f.advice : [f.no_advice]).map((a) => el('li', {}, a)))];
  const otherFindings = (others) => others.length
    ? el('details', {}, el('summary', {}, plural(others.length, 'other finding')), el('ul', {}, others.map((f) => el('li', {}, findingOf(f))))) : null;

  function headline(outcome) {
    const winner = winnerOf(outcome);
    const parts = [el('h2', {}, outcome.title)];
    if (!winner) {
      parts.push(el('p', { class: 'bad' }, `No winner${outcome.stopped ? `: ${outcome.stopped.replaceAll('_', ' ')}` : ''}${outcome.stop_detail ? `, ${outcome.stop_detail}` : ''}.`));
    } else {
      const equivalents = outcome.equivalents.map((i) => outcome.records[i]);
      parts.push(el('p', {}, 'Best: ', el('code', {}, winner.variant)));
      if (equivalents.length) {
        parts.push(el('details', {}, el('summary', {}, `${plural(equivalents.length, 'variant')} as fast, within ${plain(outcome.protocol.equivalence * 100)}%`),
          el('ul', {}, equivalents.map((r) => el('li', {}, el('code', {}, r.variant), ` ${range(r.ratio_to_copy, ratio)} of copy`)))));
      }
      const baseline = baselineOf(outcome);
      parts.push(el('div', { class: 'cards' },
        card('ratio to copy', ratio(winner.ratio_to_copy.median), `${ratio(winner.ratio_to_copy.low)} to ${ratio(winner.ratio_to_copy.high)}`),
        card('time', time(winner.time_ns.median), `${time(winner.time_ns.low)} to ${time(winner.time_ns.high)}`),
        card('rate', rate(winner.bytes_per_s), `the copy: ${rate(outcome.copy.bytes_per_s)}`),
        outcome.speedup ? card('over the baseline', times(outcome.speedup.median), baseline ? `${baseline.kernel}, ${time(baseline.time_ns.median)}${outcome.speedup.paired ? '' : ', not paired'}` : '') : null));
    }
    const tried = outcome.families.reduce((sum, f) => ({ records: sum.records + f.records, measured: sum.measured + f.measured, failed: sum.failed + f.failed, ruled_out: sum.ruled_out + f.ruled_out }),
      { records: 0, measured: 0, failed: 0, ruled_out: 0 });
    parts.push(el('p', { class: 'quiet' },
      `${plural(tried.records, 'variant')}: ${count(tried.measured)} measured, ${count(tried.failed)} failed, ${count(tried.ruled_out)} ruled out; decided by the ${outcome.decided_by}`,
      outcome.spent ? `; ${seconds(outcome.spent.total_s)} in all` : '',
      outcome.stopped === null ? '; from a best file, which keeps no more than the winner and its rivals' : ''));
    if (outcome.findings.length) {
      const [first, ...others] = outcome.findings;
      parts.push(el('h3', {}, 'Why'), el('div', {}, findingOf(first)), otherFindings(others));
    }
    return parts.filter(Boolean);
  }

  // How a record is marked, in every plot.
  function markOf(outcome, index) {
    if (index === outcome.winner) return 'winner';
    if (outcome.equivalents.includes(index)) return 'as fast';
    if (index === outcome.baseline) return "baseline's best";
    return words[outcome.records[index].status];
  }
  function styleOf(mark) {
    return {
      winner: { pointStyle: 'star', pointRadius: 11, borderWidth: 3, order: 0 },
      'as fast': { pointStyle: 'triangle', pointRadius: 8, borderWidth: 1, order: 1 },
      "baseline's best": { pointStyle: 'rect', pointRadius: 7, borderWidth: 1, order: 2 },
      measured: { pointStyle: 'circle', pointRadius: 5, borderWidth: 1, order: 3 },
      profile: { pointStyle: 'rectRot', pointRadius: 7, borderWidth: 1, order: 2 },
      failed: { pointStyle: 'crossRot', pointRadius: 6, borderWidth: 2, borderColor: css('--bad'), backgroundColor: css('--bad'), order: 4 },
      'not reached': { pointStyle: 'line', pointRadius: 4, borderWidth: 2, borderColor: css('--quiet'), backgroundColor: css('--quiet'), order: 5 },
      'ruled out': { pointStyle: 'cross', pointRadius: 4, borderWidth: 1, borderColor: css('--quiet'), backgroundColor: css('--quiet'), order: 6 },
    }[mark];
  }

  // --- The sweep ---

  const FIGURES = [
    ['registers a thread', (r) => r.registers_per_thread], ['shared bytes a block', (r) => r.shared_bytes_per_block],
    ['bytes in flight an SM', (r) => r.bytes_in_flight_per_sm], ['occupancy, %', (r) => r.occupancy_percent],
    ['ratio to copy', (r) => medianOf(r.ratio_to_copy)], ['time, µs', (r) => r.time_ns ? r.time_ns.median / 1e3 : null],
  ];

  function axesOf(outcome, kernel) {
    const params = kernel === '' ? ['kernel', ...new Set(outcome.families.flatMap((f) => f.params))] : outcome.families.find((f) => f.kernel === kernel).params;
    const axes = params.map((name) => ({ name, value: name === 'kernel' ? (r) => r.kernel : (r) => r.params[name], words: true }));
    return axes.concat(FIGURES.map(([name, value]) => ({ name, value, words: false })));
  }

  function sweepSection(outcome) {
    const winner = winnerOf(outcome);
    const family = el('select', { id: 'sweep-family', onchange: () => { fill(); draw(); } },
      outcome.families.length > 1 ? el('option', { value: '' }, 'all families') : null,
      outcome.families.map((f) => el('option', { value: f.kernel }, `${f.kernel} (${count(f.records)})`)));
    if (winner) family.value = winner.kernel;
    const across = el('select', { id: 'sweep-x', onchange: draw });
    const up = el('select', { id: 'sweep-y', onchange: draw });
    const ramp = el('div', { class: 'ramp' });
    const hint = el('p', { class: 'quiet', id: 'sweep-hint' }, 'Variants with the same values stand side by side around their ticks, so that none hides another; distances between them mean nothing.');
    const section = el('section', { 'aria-label': 'Sweep' }, el('h3', {}, 'Sweep'),
      el('div', { class: 'controls' }, el('label', {}, 'Family ', family), el('label', {}, 'across ', across), el('label', {}, 'up ', up)),
      ramp, el('div', { class: 'plot' }, el('canvas', { id: 'sweep-plot', role: 'img', 'aria-label': 'Every variant at two of its parameters, coloured by time' })), hint);

    function fill() {
      const axes = axesOf(outcome, family.value);
      const options = () => axes.map((a, i) => el('option', { value: i }, a.name));
      across.replaceChildren(...options());
      up.replaceChildren(...options());
      across.value = 0;
      up.value = axes[1].words ? 1 : axes.findIndex((a) => a.name === 'ratio to copy');
    }

    function draw() {
      const axes = axesOf(outcome, family.value);
      const [x, y] = [axes[across.value], axes[up.value]];
      const indices = outcome.records.map((_, i) => i).filter((i) => family.value === '' || outcome.records[i].kernel === family.value);
      const order = (a, b) => typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
      const placesOf = (a) => [...new Set(indices.map((i) => a.value(outcome.records[i])).filter(known))].sort(order);
      const places = { x: x.words ? placesOf(x) : null, y: y.words ? placesOf(y) : null };
      const measured = indices.filter((i) => outcome.records[i].time_ns).map((i) => outcome.records[i].time_ns.median);
      const fastest = measured.reduce((a, b) => Math.min(a, b), Infinity);
      const slowest = measured.reduce((a, b) => Math.max(a, b), 0);
      const share = (ns) => slowest > fastest ? 1 - Math.log(ns / fastest) / Math.log(slowest / fastest) : 1;

      // Those at the same place stand side by side in it.
      const cells = new Map();
      for (const i of indices) {
        const at = [x, y].map((a) => a.value(outcome.records[i]));
        if (!at.every(known)) continue;
        const cell = [x.words ? places.x.indexOf(at[0]) : at[0], y.words ? places.y.indexOf(at[1]) : at[1]];
        const key = `${x.words ? cell[0] : ''}|${y.words ? cell[1] : ''}`;
        if (!cells.has(key)) cells.set(key, []);
        cells.get(key).push({ i, cell });
      }
      hint.hidden = !(x.words || y.words) || [...cells.values()].every((inCell) => inCell.length === 1);
      const groups = new Map();
      for (const inCell of cells.values()) {
        const columns = x.words && y.words ? Math.ceil(Math.sqrt(inCell.length)) : inCell.length;
        const rows = Math.ceil(inCell.length / columns);
        inCell.forEach(({ i, cell }, k) => {
          const dx = x.words ? (((k % columns) + 0.5) / columns - 0.5) * 0.86 : 0;
          const dy = y.words ? (x.words ? ((Math.floor(k / columns) + 0.5) / rows - 0.5) : ((k + 0.5) / columns - 0.5)) * 0.86 : 0;
          const mark = markOf(outcome, i);
          if (!groups.has(mark)) groups.set(mark, []);
          groups.get(mark).push({ x: cell[0] + dx, y: cell[1] + dy, i });
        });
      }
      const many = indices.length > 600;
      const datasets = [...groups].map(([mark, points]) => {
        const style = styleOf(mark);
        const colored = ['winner', 'as fast', "baseline's best", 'measured'].includes(mark);
        const colors = colored ? points.map((p) => rampColor(share(outcome.records[p.i].time_ns.median))) : undefined;
        const paint = mark === 'winner' ? { borderColor: css('--bad'), backgroundColor: colors }
          : colored ? { backgroundColor: colors, borderColor: mark === 'measured' ? colors : css('--ink') } : {};
        return Object.assign({ label: mark, data: points }, style, paint, many && mark !== 'winner' ? { pointRadius: Math.max(2, style.pointRadius - 3) } : {});
      });
      const scale = (a, names) => names === null ? axis(a.name, {}) : axis(a.name, {
        min: -0.5, max: names.length - 0.5, ticks: { autoSkip: names.length > 24, callback: (v) => names[v] !== undefined ? String(names[v]) : '' },
        afterBuildTicks: (s) => { s.ticks = names.map((_, i) => ({ value: i })); },
      });
      ramp.replaceChildren();
      if (measured.length) {
        const stops = RAMP.map((_, k) => rampColor(1 - k / (RAMP.length - 1)));
        const bar = el('i');
        bar.style.background = `linear-gradient(to right, ${stops.join(',')})`;
        ramp.append(time(fastest), bar, time(slowest));
      }
      drawChart('sweep-plot', {
        type: 'scatter',
        data: { datasets },
        options: {
          parsing: false,
          normalized: true,
          scales: { x: scale(x, places.x), y: scale(y, places.y) },
          plugins: {
            legend: { labels: { usePointStyle: true } },
            tooltip: tooltip((raw, set) => {
              const r = outcome.records[raw.i];
              return [`${r.variant} (${set.label})`, r.time_ns ? `${range(r.time_ns, time)}, ${ratio(r.ratio_to_copy.median)} of copy` : r.failure ? `${r.failure.kind}: ${shortened(r.failure.what, 90)}` : 'not measured'];
            }),
          },
        },
      }, narrow() ? 360 : 460);
    }
    return { section, draw: () => { fill(); draw(); } };
  }

  // --- Samples ---

  function samplesSection(outcome) {
    const what = el('select', { id: 'samples-what', onchange: draw }, el('option', { value: 'time_ns' }, 'time'), el('option', { value: 'ratio' }, 'ratio to copy'));
    const far = el('input', { type: 'checkbox', id: 'samples-far', onchange: draw });
    const section = el('section', { 'aria-label': 'Samples' }, el('h3', {}, 'Samples'),
      el('p', { class: 'quiet' }, `Every sample of the ${outcome.decided_by}: a dot each, the first round at the top of its lane, the last at the bottom. The bar is the median with its interval.`),
      el('div', { class: 'controls' }, el('label', {}, 'across ', what), el('label', {}, far, ' those more than 20% slower than the winner, too')),
      el('div', { class: 'plot' }, el('canvas', { id: 'samples-plot', role: 'img', 'aria-label': 'Samples of the finalists and of the copy' })));
    function draw() {
      const member = what.value;
      const winner = winnerOf(outcome);
      const lanes = outcome.samples.filter((s) => {
        if (s.record === null) return member === 'time_ns';
        return far.checked || !winner || outcome.records[s.record].time_ns.median <= 1.2 * winner.time_ns.median;
      });
      const factor = member === 'time_ns' ? 1e3 : 1;
      const rounds = lanes.reduce((most, s) => Math.max(most, s.round[s.round.length - 1] || 1), 1);
      const dots = [];
      const bars = [];
      const medians = [];
      lanes.forEach((s, lane) => {
        s[member].forEach((value, k) => dots.push({ x: value / factor, y: lane - 0.34 + 0.68 * (s.round[k] - 0.5) / rounds, round: s.round[k] }));
        const interval = s.record === null ? outcome.copy.time_ns : outcome.records[s.record][member === 'time_ns' ? 'time_ns' : 'ratio_to_copy'];
        bars.push({ x: interval.low / factor, y: lane }, { x: interval.high / factor, y: lane }, { x: NaN, y: lane });
        medians.push({ x: interval.median / factor, y: lane, interval });
      });
      const names = lanes.map((s) => s.record === null ? 'copy' : `${s.record === outcome.winner ? '★ ' : ''}${nameOf(outcome.records[s.record])}`);
      const write = member === 'time_ns' ? time : ratio;
      drawChart('samples-plot', {
        type: 'scatter',
        data: { datasets: [
          { label: 'median', data: medians, pointStyle: 'line', rotation: 90, pointRadius: 10, borderWidth: 3, borderColor: css('--bad'), order: 0 },
          { label: 'interval', data: bars, showLine: true, spanGaps: false, pointStyle: 'line', pointRadius: 0, borderWidth: 4, borderColor: css('--bad'), order: 1 },
          { label: 'sample', data: dots, pointRadius: 2.5, backgroundColor: css('--link'), order: 2 },
        ] },
        options: {
          scales: { x: axis(member === 'time_ns' ? 'time, µs' : 'ratio to copy', {}), y: laneAxis(names) },
          plugins: {
            legend: { labels: { usePointStyle: true } },
            tooltip: tooltip((raw, set) => raw.interval ? range(raw.interval, write) : set.label === 'sample' ? `round ${raw.round}: ${write(raw.x * factor)}` : 'interval'),
          },
        },
      }, 90 + 44 * Math.max(1, names.length));
    }
    return { section, draw };
  }

  // --- Roofline ---

  function rooflineSection(outcome) {
    const points = outcome.records.concat(outcome.profiles).map((r, i) => ({ r, i })).filter(({ r }) => known(r.adds_per_byte) && known(r.adds_per_s) && r.adds_per_s > 0);
    const section = el('section', { 'aria-label': 'Roofline' }, el('h3', {}, 'Roofline'));
    if (!points.length) {
      section.append(el('p', { class: 'quiet' }, 'No variant here has counters of the bytes that crossed DRAM.'));
      return { section, draw: () => {} };
    }
    section.append(el('p', { class: 'quiet' }, `Additions a second against additions for each byte that crossed DRAM, of the ${plural(points.length, 'variant')} with counters. Extra traffic moves a variant to the left of the dashed line; a variant below the roof waits for something else than DRAM.`),
      el('div', { class: 'plot' }, el('canvas', { id: 'roofline-plot', role: 'img', 'aria-label': 'Roofline' })));
    function draw() {
      const xs = points.map(({ r }) => r.adds_per_byte).concat(outcome.adds_per_byte);
      const left = Math.min(...xs) / 1.3;
      const right = Math.max(...xs) * 1.3;
      const ys = points.map(({ r }) => r.adds_per_s);
      const bottom = Math.min(...ys) / 1.5;
      const roofs = [];
      const roof = (label, bytesPerSecond, color) => {
        if (known(bytesPerSecond)) roofs.push({ label: `${label}, ${rate(bytesPerSecond)}`, data: [{ x: left, y: left * bytesPerSecond }, { x: right, y: right * bytesPerSecond }], showLine: true, pointRadius: 0, borderWidth: 2, borderColor: color, backgroundColor: color, pointStyle: 'line', order: 8 });
      };
      roof('data sheet', outcome.device.chip.dram_bytes_per_s, css('--quiet'));
      roof('copy of the same bytes', outcome.copy.bytes_per_s, css('--good'));
      const top = Math.max(...roofs.flatMap((s) => s.data.map((p) => p.y)), ...ys) * 1.3;
      roofs.push({ label: 'fewest bytes', data: [{ x: outcome.adds_per_byte, y: bottom }, { x: outcome.adds_per_byte, y: top }], showLine: true, pointRadius: 0, borderDash: [5, 5], borderWidth: 1, borderColor: css('--ink'), pointStyle: 'line', order: 9 });
      const groups = new Map();
      for (const { r, i } of points) {
        const mark = i < outcome.records.length ? markOf(outcome, i) : 'profile';
        if (!groups.has(mark)) groups.set(mark, []);
        groups.get(mark).push({ x: r.adds_per_byte, y: r.adds_per_s, r });
      }
      const sets = [...groups].map(([mark, at]) => Object.assign({ label: mark, data: at, backgroundColor: css('--link'), borderColor: mark === 'winner' ? css('--bad') : css('--link') }, styleOf(mark)));
      drawChart('roofline-plot', {
        type: 'scatter',
        data: { datasets: sets.concat(roofs) },
        options: {
          scales: {
            x: axis('additions a byte', { type: 'logarithmic', min: left, max: right, ticks: { maxTicksLimit: narrow() ? 4 : 8, callback: plain } }),
            y: axis('additions a second', { type: 'logarithmic', min: bottom, max: top, ticks: { maxTicksLimit: 8, callback: (v) => v.toExponential(1) } }),
          },
          plugins: {
            legend: { labels: { usePointStyle: true } },
            tooltip: tooltip((raw, set) => raw.r === undefined ? set.label : [raw.r.variant, `${plain(raw.x)} additions a byte, ${raw.y.toExponential(3)} a second`]),
          },
        },
      }, narrow() ? 340 : 400);
    }
    return { section, draw };
  }

  // --- Stalls ---

  function stallsSection(outcome) {
    // Of each variant with counters the share of each reason; profiles among the files come last.
    const sharesOf = (counters, metrics) => new Map(counters === null ? [] : metrics.map((m, k) => [m.stall, counters[k]]).filter(([reason, value]) => reason !== null && known(value)));
    const subjects = outcome.records.map((r, i) => ({ r, i, shares: sharesOf(r.counters, outcome.metrics) }))
      .concat(outcome.profiles.map((p) => ({ r: p, i: null, shares: sharesOf(p.counters, p.metrics) }))).filter((s) => s.shares.size);
    const profiled = subjects.filter((s) => s.i !== null);
    const profiles = subjects.filter((s) => s.i === null);
    const stalls = [...new Set(outcome.metrics.concat(outcome.profiles.flatMap((p) => p.metrics)).map((m) => m.stall).filter((reason) => reason !== null))];
    const section = el('section', { 'aria-label': 'Stalls' }, el('h3', {}, 'What warps wait for'));
    if (!subjects.length) {
      section.append(el('p', { class: 'quiet' }, 'No variant here has counters of stalls.'));
      return { section, draw: () => {} };
    }
    const which = el('select', { id: 'stalls-which', onchange: draw }, profiled.length ? [el('option', { value: 'best' }, 'the best'), el('option', { value: 'worst' }, 'the slowest'),
      el('option', { value: 'families' }, 'the best of each family')] : null, profiles.length ? el('option', { value: 'profiles' }, 'the profiles') : null);
    section.append(el('p', { class: 'quiet' }, `In percent of the time that warps are active; ${plural(subjects.length, 'variant')} with counters, ${plural(stalls.length, 'reason')}.`),
      el('div', { class: 'controls' }, el('label', {}, 'of ', which)),
      el('div', { class: 'plot' }, el('canvas', { id: 'stalls-plot', role: 'img', 'aria-label': 'Stall reasons of warps' })));
    function draw() {
      let shown = profiled.slice(0, STALL_BARS);
      if (which.value === 'worst') shown = profiled.slice(-STALL_BARS);
      if (which.value === 'families') shown = outcome.families.map((f) => profiled.find((s) => s.r.kernel === f.kernel)).filter((s) => s !== undefined);
      const baseline = profiled.find((s) => s.i === outcome.baseline);
      if (which.value === 'profiles') shown = profiles.slice(0, STALL_BARS);
      else if (baseline && !shown.includes(baseline)) shown = shown.concat(baseline);
      const most = (reason) => shown.reduce((m, s) => Math.max(m, s.shares.get(reason) || 0), 0);
      const ranked = [...stalls].sort((a, b) => most(b) - most(a));
      drawChart('stalls-plot', {
        type: 'bar',
        data: {
          labels: shown.map((s) => shortened(`${s.i !== null && s.i === outcome.winner ? '★ ' : ''}${nameOf(s.r)}`, narrow() ? 22 : 60)),
          datasets: ranked.map((reason, k) => ({ label: reason.replaceAll('_', ' '), data: shown.map((s) => s.shares.has(reason) ? s.shares.get(reason) : null), backgroundColor: `hsl(${(k * 137.5 + 210) % 360} 60% ${dark.matches ? 58 : 48}%)` })),
        },
        options: {
          indexAxis: 'y',
          scales: { x: axis('% of the time warps are active', { stacked: true, min: 0 }), y: { stacked: true, grid: { display: false }, ticks: { autoSkip: false } } },
          plugins: { legend: { labels: { boxWidth: 12 } }, tooltip: { callbacks: { title: (items) => shown[items[0].dataIndex].r.variant, label: (item) => `${item.dataset.label}: ${plain(item.raw)} %` } } },
        },
      }, 130 + 28 * shown.length + (narrow() ? 80 : 0));
    }
    return { section, draw };
  }

  // --- Counters over time ---

  // The reads and writes of DRAM and the warps of one run; what they are called, and their colours.
  const OVER_TIME = [['dram__read_throughput', 'DRAM read', '--link'], ['dram__write_throughput', 'DRAM written', '--good'], ['sm__warps_active', 'warps active', '--quiet']];

  function timelineSection(outcome) {
    if (!outcome.timelines.length) return null;
    const of = (t) => t.record === null ? outcome.profiles[t.profile] : outcome.records[t.record];
    const which = el('select', { id: 'timeline-which', onchange: draw }, outcome.timelines.map((t, i) => el('option', { value: i },
      `${of(t).variant}${outcome.timelines.filter((u) => of(u).variant === of(t).variant).length > 1 ? ` (${t.file})` : ''}`)));
    const part = el('select', { id: 'timeline-part', onchange: draw }, el('option', { value: 'all' }, 'the whole run'),
      el('option', { value: 'start' }, 'its start'), el('option', { value: 'tail' }, 'its tail'));
    const figures = el('p', { id: 'timeline-figures' });
    const section = el('section', { 'aria-label': 'Timeline' }, el('h3', {}, 'Over time'),
      el('p', { class: 'quiet' }, 'Counters sampled inside one run of its own, in percent of the peak.'),
      el('div', { class: 'controls' }, el('label', {}, 'of ', which), el('label', {}, 'show ', part)),
      el('div', { class: 'plot' }, el('canvas', { id: 'timeline-plot', role: 'img', 'aria-label': 'DRAM throughput and warps over time' })), figures);
    function draw() {
      const { timeline } = outcome.timelines[which.value];
      const phases = timeline.phases;
      const samples = timeline.begin_ns.length;
      // A start or a tail is shown with as much of the steady state beside it, and no less than 16 samples.
      const upTo = (ns) => Math.max(16, 2 * timeline.begin_ns.findIndex((b) => b >= ns));
      const from = part.value === 'tail' ? Math.max(0, samples - (phases ? upTo(phases.tail_ns) : 64)) : 0;
      const to = part.value === 'start' ? Math.min(samples, phases ? upTo(phases.begin_ns + phases.rise_ns) : 64) : samples;
      const datasets = timeline.metrics.map((metric, k) => {
        const [, label, color] = OVER_TIME.find(([name]) => metric.name.startsWith(name)) || ['', metric.name, null];
        const drawn = color ? css(color) : PEER_COLORS[k % PEER_COLORS.length];
        const points = [];
        for (let i = from; i < to; ++i) points.push({ x: timeline.begin_ns[i], y: metric.values[i] });
        if (to > from) points.push({ x: timeline.end_ns[to - 1], y: metric.values[to - 1] });
        return { label, unit: metric.unit, data: points, showLine: true, stepped: 'before', pointRadius: 0, pointHitRadius: 6, borderWidth: to - from > 400 ? 1 : 2, borderColor: drawn, backgroundColor: drawn };
      });
      drawChart('timeline-plot', {
        type: 'scatter',
        data: { datasets },
        options: {
          parsing: false,
          scales: {
            x: axis('since the first sample', { min: timeline.begin_ns[from], max: timeline.end_ns[to - 1], ticks: { maxTicksLimit: narrow() ? 4 : 9, callback: (v) => v === 0 ? '0' : time(v) } }),
            y: axis('% of peak', { min: 0 }),
          },
          plugins: { tooltip: tooltip((raw, set) => `${set.label}: ${plain(raw.y)} ${set.unit} from ${time(raw.x)}`) },
        },
      }, 300);
      const { launches } = of(outcome.timelines[which.value]);
      figures.textContent = phases
        ? `Steady at ${phases.steady_percent.toFixed(1)}% of DRAM’s peak, reads and writes together${launches > 1 ? `, over all ${launches} launches` : ''}. 90% of that after ${time(phases.rise_ns)}, which costs ${time(phases.rise_cost_ns)}; below it for the last ${time(phases.tail_ns)}, which cost ${time(phases.tail_cost_ns)}. ${plural(samples, 'sample')}.`
        : `No start and tail: ${timeline.phases_reason}.`;
    }
    return { section, draw };
  }

  // --- The story of a search that says why it tries what it tries ---

  function storySection(outcome) {
    if (!outcome.steps.length) return null;
    const reading = (r) => `${r.metric} ${plain(r.value)}${r.unit ? ` ${r.unit}` : ''}`;
    const step = (s) => el('li', { value: s.number },
      s.from ? el('div', { class: 'quiet' }, 'From ', el('code', {}, s.from), s.limit ? `, limited by ${s.limit.replaceAll('_', ' ')}` : '', s.read.length ? `: ${s.read.map(reading).join(', ')}` : '') : null,
      el('div', {}, s.rule),
      el('div', {}, 'Tried ', el('code', {}, s.to), ': ',
        s.failure ? el('span', { class: 'bad' }, s.failure) : el('b', {}, known(s.measured_ratio_to_copy) ? `${ratio(s.measured_ratio_to_copy)} of copy` : 'not measured'),
        known(s.predicted_ratio_to_copy) ? el('span', { class: 'quiet' }, `, ${ratio(s.predicted_ratio_to_copy)} predicted`) : null,
        s.best ? el('span', { class: 'good' }, ' – the best so far') : null));
    const section = el('section', { 'aria-label': 'Story' }, el('h3', {}, 'How the search went'),
      el('div', { class: 'plot' }, el('canvas', { id: 'story-plot', role: 'img', 'aria-label': 'Ratio to copy of each step' })),
      el('details', { open: outcome.steps.length <= 12 ? '' : null }, el('summary', {}, plural(outcome.steps.length, 'step')), el('ol', { class: 'story' }, outcome.steps.map(step))),
      outcome.search_ended ? el('p', {}, `It ended: ${outcome.search_ended}.`) : null);
    function draw() {
      const at = (member) => outcome.steps.filter((s) => known(s[member])).map((s) => ({ x: s.number, y: s[member], s }));
      drawChart('story-plot', {
        type: 'scatter',
        data: { datasets: [
          { label: 'the best so far', data: outcome.steps.filter((s) => s.best && known(s.measured_ratio_to_copy)).map((s) => ({ x: s.number, y: s.measured_ratio_to_copy, s })), showLine: true, stepped: 'before', pointStyle: 'star', pointRadius: 8, borderWidth: 2, borderColor: css('--good'), order: 0 },
          { label: 'measured', data: at('measured_ratio_to_copy'), pointRadius: 4, backgroundColor: css('--link'), order: 1 },
          { label: 'predicted', data: at('predicted_ratio_to_copy'), pointStyle: 'line', pointRadius: 7, borderWidth: 2, borderColor: css('--quiet'), order: 2 },
        ] },
        options: {
          scales: { x: axis('step', { ticks: { precision: 0 } }), y: axis('ratio to copy', {}) },
          plugins: { legend: { labels: { usePointStyle: true } }, tooltip: tooltip((raw, set) => [`${set.label}: ${ratio(raw.y)}`, raw.s.to, shortened(raw.s.rule, 90)]) },
        },
      }, 280);
    }
    return { section, draw };
  }

  // --- Records, peers, provenance ---

  function recordsSection(outcome) {
    const place = el('div', { id: 'records-table' });
    const section = el('section', { 'aria-label': 'Variants' }, el('h3', {}, 'Variants'), place);
    function draw() {
      const rows = outcome.records.map((r, i) => ({ r, i }));
      const any = (value) => rows.some((row) => known(value(row)) && value(row) !== 0);
      const optional = (title, value, write) => any(value) ? [number(title, value, write)] : [];
      const columns = [
        { title: 'Variant', value: (x) => x.r.variant, cell: (x) => el('code', {}, `${x.i === outcome.winner ? '★ ' : ''}${x.r.variant}`) },
        { title: 'became', value: (x) => markOf(outcome, x.i), cell: (x) => el('span', { class: x.r.status === 'failed' ? 'bad' : null, title: x.r.failure ? x.r.failure.what : null }, x.r.failure ? `${markOf(outcome, x.i)}: ${x.r.failure.kind.replaceAll('_', ' ')}` : markOf(outcome, x.i)) },
        number('of copy', (x) => medianOf(x.r.ratio_to_copy), ratio),
        number('time', (x) => medianOf(x.r.time_ns), time),
        number('rate', (x) => x.r.bytes_per_s, rate),
        ...optional('registers', (x) => x.r.registers_per_thread, count),
        ...optional('shared', (x) => x.r.shared_bytes_per_block, bytes),
        ...optional('spilled', (x) => x.r.spill_bytes_per_thread, bytes),
        ...optional('occupancy, %', (x) => x.r.occupancy_percent, plain),
        ...optional('in flight an SM', (x) => x.r.bytes_in_flight_per_sm, bytes),
        ...(rows.some((x) => x.r.limit) ? [{ title: 'limited by', value: (x) => x.r.limit, cell: (x) => x.r.limit || '–' }] : []),
        ...outcome.metrics.map((m, k) => number(m.unit ? `${m.name}, ${m.unit}` : m.name, (x) => x.r.counters ? x.r.counters[k] : null, plain)),
      ];
      table(place, rows, columns, {
        label: 'variants', find: (x) => `${x.r.variant} ${markOf(outcome, x.i)} ${x.r.failure ? `${x.r.failure.kind} ${x.r.failure.what}` : ''} ${x.r.limit || ''}`,
        selects: [{ title: 'all families', value: (x) => x.r.kernel }, { title: 'whatever became of it', value: (x) => x.r.status, text: (v) => words[v] }],
        rowClass: (x) => x.i === outcome.winner ? 'winner' : null,
      });
    }
    return { section, draw };
  }

  // What profiles among the files say of variants of this workload.
  function profilesSection(outcome) {
    if (!outcome.profiles.length) return null;
    const places = outcome.profiles.map(() => el('div'));
    const section = el('section', { 'aria-label': 'Profiles' }, el('h3', {}, outcome.profiles.length > 1 ? 'Profiles' : 'Profile'),
      outcome.profiles.map((p, k) => {
        const [first, ...others] = p.findings;
        return [el('p', {}, el('code', {}, p.variant), ': ',
          p.time_ns ? `${range(p.time_ns, time)}, ${range(p.ratio_to_copy, ratio)} of copy` : el('span', { class: 'bad' }, p.failure ? `${p.failure.kind.replaceAll('_', ' ')}: ${p.failure.what}` : 'not measured')),
        el('p', { class: 'quiet' }, [`From ${data.sources[p.source].file}, in rounds of its own`, p.provenance.time_utc, p.provenance.device, p.provenance.driver && `driver ${p.provenance.driver}`].filter(Boolean).join(', ')),
        first ? [el('div', {}, findingOf(first)), otherFindings(others)] : null,
        p.metrics.length ? el('details', {}, el('summary', {}, plural(p.metrics.length, 'counter')), places[k]) : null];
      }));
    function draw() {
      outcome.profiles.forEach((p, k) => {
        const rows = p.metrics.map((metric, m) => ({ metric, value: p.counters ? p.counters[m] : null }));
        table(places[k], rows, [
          { title: 'Counter', value: (x) => x.metric.name, cell: (x) => x.metric.name },
          number('value', (x) => x.value, plain),
          { title: 'unit', value: (x) => x.metric.unit, cell: (x) => x.metric.unit },
        ], { label: `counters of ${p.variant}` });
      });
    }
    return { section, draw };
  }

  function peersSection(outcome) {
    if (!outcome.peers.length) return null;
    const place = el('div', { id: 'peers-table' });
    const section = el('section', { 'aria-label': 'Peers' }, el('h3', {}, 'Peers'),
      el('p', { class: 'quiet' }, 'Measured side by side in rounds of their own; scantune’s own line is its winner in those rounds.'), place);
    function draw() {
      table(place, outcome.peers, [
        { title: 'Peer', value: (p) => p.title, cell: (p) => el('span', { title: p.what }, p.title) },
        number('of copy', (p) => medianOf(p.ratio_to_copy), ratio),
        number('time', (p) => medianOf(p.time_ns), time),
        number('scantune is faster by', (p) => medianOf(p.scantune_speedup), times),
        { title: 'with', value: (p) => p.settings, cell: (p) => p.settings ? el('code', {}, p.settings) : el('span', { class: 'quiet' }, p.reason || p.status) },
      ], { label: 'peers' });
    }
    return { section, draw };
  }

  function provenanceSection(outcome) {
    const p = outcome.provenance;
    const chip = outcome.device.chip;
    const facts = [
      ['measured', p.time_utc], ['by', p.tool_version && `scantune ${p.tool_version}`], ['on', p.host],
      ['device', [p.device, chip.name, chip.code_name, chip.compute_capability && `sm_${chip.compute_capability}`].filter(Boolean).join(', ')],
      ['UUID', p.uuid], ['driver', p.driver], ['compiler', p.compiler], ['protocol', p.protocol_digest], ['sources', p.source_digest],
      ['seed', String(outcome.seed)], ['rounds discarded', count(outcome.discarded_rounds)], ['ended', outcome.stopped && `${outcome.stopped.replaceAll('_', ' ')}${outcome.stop_detail ? `: ${outcome.stop_detail}` : ''}`],
      ['time spent', outcome.spent && `${seconds(outcome.spent.total_s)}: open ${seconds(outcome.spent.open_s)}, verify ${seconds(outcome.spent.verify_s)}, measure ${seconds(outcome.spent.measure_s)}, profile ${seconds(outcome.spent.profile_s)}, idle ${seconds(outcome.spent.idle_s)}; beside it compile ${seconds(outcome.spent.compile_s)}${outcome.spent.unasked_s ? `, compile in vain ${seconds(outcome.spent.unasked_s)}` : ''}`],
      ['file', data.sources[outcome.source].file],
    ];
    const list = (pairs) => el('dl', {}, pairs.filter(([, value]) => known(value) && value !== '').map(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]));
    return el('section', { 'aria-label': 'Provenance' }, el('h3', {}, 'Provenance'), list(facts),
      el('details', {}, el('summary', {}, 'Protocol'), list(Object.entries(outcome.protocol).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)]))));
  }

  // --- History of checks ---

  const COMMIT_DIGITS = 9;
  let shownHistory = 0;

  const day = (ms) => Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 10) : '';
  const shortCommit = (run) => run.commit ? run.commit.slice(0, COMMIT_DIGITS) : '';
  const signed = (share) => known(share) ? `${share < 0 ? '−' : '+'}${Math.abs(share * 100).toFixed(1)}%` : '–';
  const verdictMarks = {
    pass: { label: 'pass', color: '--good', pointStyle: 'circle' },
    regression: { label: 'regression', color: '--bad', pointStyle: 'rectRot' },
    inconclusive: { label: 'inconclusive', color: '--quiet', pointStyle: 'triangle' },
  };

  function drawHistoryPlot() {
    const history = data.histories[shownHistory];
    const change = history.level_change;
    const runs = history.runs;
    const times = runs.map((run) => Date.parse(run.time_utc));
    const along = document.getElementById('history-along');
    const byTime = along.value === 'time' && times.every(Number.isFinite);
    along.options[1].disabled = !times.every(Number.isFinite);
    const at = runs.map((_, i) => byTime ? times[i] : i + 1);
    document.getElementById('history-title').textContent = history.title;
    const told = document.getElementById('history-change');
    told.className = change ? (change.relative < 0 ? 'bad' : 'good') : 'quiet';
    told.textContent = change
      ? `Its level changed by ${signed(change.relative)}, from ${ratio(change.before)} to ${ratio(change.after)} of copy, with run ${change.at + 1} of ${change.runs} at ${change.time_utc || 'an unknown time'}${change.commit ? `, commit ${change.commit}` : ''} (p = ${plain(change.p)}).`
      : `No change of level in ${plural(runs.length, 'run')}.`;
    const sets = Object.entries(verdictMarks).map(([verdict, mark]) => ({
      label: mark.label, pointStyle: mark.pointStyle, pointRadius: 5, backgroundColor: css(mark.color), borderColor: css(mark.color), order: 1,
      data: runs.map((run, i) => ({ x: at[i], y: medianOf(run.ratio_to_copy), run, i })).filter((point) => point.run.verdict === verdict),
    })).filter((set) => set.data.length);
    const bars = runs.flatMap((run, i) => known(run.ratio_to_copy.low)
      ? [{ x: at[i], y: run.ratio_to_copy.low }, { x: at[i], y: run.ratio_to_copy.high }, { x: at[i], y: NaN }] : []);
    const line = (label, points, extra) => sets.push(Object.assign({ label, data: points, showLine: true, pointRadius: 0, pointHitRadius: 0, pointStyle: 'line', borderWidth: 2, order: 3 }, extra));
    line('interval', bars, { borderColor: css('--quiet'), borderWidth: 1 });
    if (change) {
      const border = (at[change.at - 1] + at[change.at]) / 2;
      const ys = runs.flatMap((run) => [medianOf(run.ratio_to_copy), run.ratio_to_copy.low, run.ratio_to_copy.high]).filter(known);
      line('level', [{ x: at[0], y: change.before }, { x: border, y: change.before }, { x: border, y: NaN }, { x: border, y: change.after }, { x: at[change.runs - 1], y: change.after }], { borderColor: css('--link'), borderWidth: 3 });
      line('change of level', [{ x: border, y: Math.min(...ys) }, { x: border, y: Math.max(...ys) }], { borderColor: css('--bad'), borderDash: [5, 5] });
    }
    const label = (value) => {
      if (byTime) return day(value);
      const run = runs[value - 1];
      return run ? shortCommit(run) || day(times[value - 1]) : '';
    };
    drawChart('history-plot', {
      type: 'scatter',
      data: { datasets: sets },
      options: {
        scales: {
          x: axis(byTime ? 'time' : runs.some((run) => run.commit) ? 'run, by commit' : 'run', { min: byTime ? undefined : 0, max: byTime ? undefined : runs.length + 1, grace: byTime ? '2%' : 0, ticks: { precision: 0, maxRotation: 45, autoSkip: true, maxTicksLimit: narrow() ? 5 : 14, callback: label } }),
          y: axis('ratio to copy', { grace: '10%', ticks: { callback: (v) => ratio(v) } }),
        },
        plugins: {
          legend: { labels: { usePointStyle: true } },
          tooltip: tooltip((raw, set) => raw.run === undefined ? set.label : [
            `${range(raw.run.ratio_to_copy, ratio)} of copy, ${time(medianOf(raw.run.time_ns))}: ${raw.run.verdict}`,
            `${raw.run.time_utc}${raw.run.commit ? `, commit ${raw.run.commit}` : ''}`, shortened(raw.run.variant, 90),
            [raw.run.host, raw.run.driver && `driver ${raw.run.driver}`, raw.run.compiler].filter(Boolean).join(', ')]),
        },
      },
    }, narrow() ? 320 : 360);
  }

  function showHistory(index) {
    shownHistory = index;
    drawHistoryPlot();
  }

  // Those whose level changed come first.
  function drawHistoryTable() {
    const rows = data.histories.map((history, i) => ({ history, i, last: history.runs[history.runs.length - 1], change: history.level_change }));
    rows.sort((a, b) => (a.change ? 0 : 1) - (b.change ? 0 : 1));
    shownHistory = rows[0].i;
    table(document.getElementById('history-table'), rows, [
      { title: 'Workload', value: (r) => r.history.title, cell: (r) => el('button', { type: 'button', class: 'link', onclick: () => showHistory(r.i) }, r.history.title) },
      number('runs', (r) => r.history.runs.length, count),
      number('of copy, last', (r) => medianOf(r.last.ratio_to_copy), ratio),
      { title: 'verdict', value: (r) => r.last.verdict, cell: (r) => el('span', { class: r.last.verdict === 'regression' ? 'bad' : null }, r.last.verdict) },
      { title: 'checked', value: (r) => r.last.time_utc, cell: (r) => r.last.time_utc },
      number('change of level', (r) => r.change && r.change.relative, signed),
      { title: 'since', value: (r) => r.change && r.change.time_utc, cell: (r) => r.change ? [r.change.time_utc, r.change.commit && r.change.commit.slice(0, COMMIT_DIGITS)].filter(Boolean).join(', ') : '–' },
    ], { label: 'histories', find: (r) => `${r.history.title} ${r.history.chip} ${r.last.verdict}` });
  }

  // --- The page ---

  const LASTING = ['summary-plot', 'history-plot'];  // whatever workload is shown
  let current = 0;

  function drawOutcome() {
    for (const [id, chart] of charts) {
      if (!LASTING.includes(id)) {
        chart.destroy();
        charts.delete(id);
      }
    }
    const outcome = data.outcomes[current];
    const parts = [storySection(outcome), sweepSection(outcome), samplesSection(outcome), rooflineSection(outcome), timelineSection(outcome), stallsSection(outcome), profilesSection(outcome), peersSection(outcome), recordsSection(outcome)].filter(Boolean);
    document.getElementById('outcome').replaceChildren(...headline(outcome), ...parts.map((p) => p.section), provenanceSection(outcome));
    for (const part of parts) part.draw();
  }

  function choose(index) {
    current = index;
    document.getElementById('workload').value = index;
    history.replaceState(null, '', `#${index}`);
    drawOutcome();
    const checked = data.histories.findIndex((h) => h.title === data.outcomes[index].title);
    if (checked >= 0) showHistory(checked);
    document.getElementById('choice').scrollIntoView();
  }

  function draw() {
    if (data.outcomes.length) {
      drawSummaryPlot();
      drawOutcome();
    }
    if (data.histories.length) drawHistoryPlot();
  }

  const chips = [...new Set(data.outcomes.map((o) => o.device.chip.name).concat(data.histories.map((h) => h.chip)))];
  document.getElementById('about').textContent = [chips.join(', '), data.outcomes.length ? plural(data.outcomes.length, 'workload') : '',
    data.histories.length ? `checks of ${plural(data.histories.length, 'workload')}` : '',
    `written ${data.time_utc} by scantune ${data.tool_version}`, data.peer_versions.length ? `peers: ${data.peer_versions.join(', ')}` : ''].filter(Boolean).join(' · ');
  document.title = `scantune report: ${chips.join(', ')}`;
  const select = document.getElementById('workload');
  select.append(...data.outcomes.map((o, i) => el('option', { value: i }, o.title)));
  select.addEventListener('change', () => choose(Number(select.value)));
  const asked = Number(location.hash.slice(1));
  if (Number.isInteger(asked) && asked >= 0 && asked < data.outcomes.length) current = asked;
  select.value = current;
  for (const id of ['summary', 'choice']) document.getElementById(id).hidden = !data.outcomes.length;
  drawSummaryTable();
  document.getElementById('history').hidden = !data.histories.length;
  if (data.histories.length) {
    drawHistoryTable();
    document.getElementById('history-along').addEventListener('change', drawHistoryPlot);
  }
  table(document.getElementById('sources-table'), data.sources, [
    { title: 'File', value: (s) => s.file, cell: (s) => el('code', {}, s.file) },
    { title: 'kind', value: (s) => s.kind, cell: (s) => s.kind },
    number('workloads shown', (s) => s.outcomes, count),
    { title: 'left out', value: (s) => s.note, cell: (s) => s.note || '–' },
  ], { label: 'files' });
  draw();
  dark.addEventListener('change', draw);
  // How long it took from the start of loading until all was drawn: docs/report.md quotes it.
  document.documentElement.dataset.drawnMs = Math.round(performance.now());
}());
