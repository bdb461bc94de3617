#!/usr/bin/env python3
"""Writes scipy_values.h: what SciPy computes, for the estimators in src/stats to agree with.

  python3 -m venv /tmp/scipy && /tmp/scipy/bin/pip install scipy==1.17.1
  /tmp/scipy/bin/python tests/stats/scipy_values.py > tests/stats/scipy_values.h

The samples are drawn here with a fixed seed and rounded to what is written, so that both sides see the same numbers.
"""

import math
import textwrap

import numpy as np
import scipy
from scipy import stats

RANDOM = np.random.default_rng(20240607)


def skewed(count):
    """Times as they are: a floor, and a long tail to the right."""
    return [round(float(x), 4) for x in 100 + RANDOM.lognormal(0, 1, count)]


def tied(count):
    return [float(x) for x in RANDOM.integers(1, 6, count)]


def shifted(before, after, shift, digits=3):
    series = RANDOM.lognormal(0, 0.5, before + after)
    series[before:] += shift
    return [round(float(x), digits) for x in series]


def number(x):
    return repr(float(x))


def numbers(values):
    return "{" + ", ".join(number(v) for v in values) + "}"


def median_cases():
    three_looks = 1 - (1 - 0.95) / 3
    cases = [("one sample", skewed(1), 0.95), ("two samples", skewed(2), 0.95), ("too few for 95%", skewed(5), 0.95),
             ("just enough for 95%", skewed(6), 0.95), ("equal samples", [2.5] * 9, 0.95),
             ("heavy ties", tied(25), 0.95), ("heavy ties at 99%", tied(40), 0.99)]
    cases += [(f"look at {n}", skewed(n), three_looks) for n in (7, 12, 20)]
    cases += [(f"{n} skewed at {c}", skewed(n), c) for n in (10, 30, 101, 300) for c in (0.5, 0.9, 0.95, 0.999)]
    for name, samples, confidence in cases:
        n = len(samples)
        interval = stats.quantile_test(samples, q=0, p=0.5).confidence_interval(confidence)
        below = int(stats.binom.ppf((1 - confidence) / 2, n, 0.5)) - 1
        if math.isnan(interval.low) or math.isnan(interval.high):  # no interval reaches the confidence: the whole range
            low, high, coverage = min(samples), max(samples), 1 - 2 * stats.binom.cdf(0, n, 0.5)
        else:
            low, high, coverage = interval.low, interval.high, 1 - 2 * stats.binom.cdf(below, n, 0.5)
        yield [f'"{name}"', numbers(samples), number(confidence), number(np.median(samples)), number(low),
               number(high), number(max(0.0, coverage))]


def mann_whitney_cases():
    cases = [("one and one", [1.0], [2.0]), ("one and many", [101.5], skewed(19)), ("many and one", skewed(7), [100.2]),
             ("apart", [1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0]),
             ("interleaved", [1.0, 4.0, 5.0, 8.0], [2.0, 3.0, 6.0, 7.0]),
             ("skewed, 5 and 8", skewed(5), skewed(8)), ("skewed and slower", skewed(9), [x + 1 for x in skewed(14)]),
             ("400 pairs", skewed(20), [x - 0.5 for x in skewed(20)]), ("10 and 40", skewed(10), skewed(40)),
             ("401 pairs and more", skewed(21), skewed(20)), ("large", skewed(150), [x + 0.3 for x in skewed(120)]),
             ("far apart and large", skewed(60), [x + 5 for x in skewed(60)]),
             ("one tie", [1.0, 2.0, 3.0], [3.0, 4.0, 5.0, 6.0]), ("heavy ties", tied(12), tied(17)),
             ("all tied", [3.0] * 4, [3.0] * 5), ("ties, large", tied(80), [min(5.0, x + 1) for x in tied(70)])]
    for name, x, y in cases:
        exact = len(set(x + y)) == len(x + y) and len(x) * len(y) <= 400
        test = [stats.mannwhitneyu(x, y, use_continuity=True, alternative=a, method="exact" if exact else "asymptotic")
                for a in ("two-sided", "less", "greater")]
        yield [f'"{name}"', numbers(x), numbers(y), "true" if exact else "false", number(test[0].statistic)
               ] + [number(t.pvalue) for t in test]


def change_point_cases():
    """SciPy has no Pettitt test; its statistic at a split is 2 U - t (n - t), with U of Mann-Whitney's test."""
    cases = [("one sample", skewed(1)), ("two samples", [1.0, 2.0]), ("equal samples", [4.0] * 6),
             ("two levels", [1.0] * 8 + [2.0] * 5), ("up in the middle", shifted(15, 15, 2)),
             ("down early", shifted(6, 30, -1.5)), ("up late", shifted(40, 5, 3)), ("no change", shifted(50, 0, 0)),
             ("ties", shifted(12, 18, 1, 0)), ("large", shifted(170, 130, 0.3)),
             ("ramp", [float(i) for i in range(25)])]
    for name, samples in cases:
        n = len(samples)
        splits = [(abs(2 * stats.mannwhitneyu(samples[t:], samples[:t]).statistic - t * (n - t)), t)
                  for t in range(1, n)]
        k = max((s for s, _ in splits), default=0)
        at = next(t for s, t in splits if s == k) if k > 0 else n
        p = min(1, 2 * math.exp(-6 * k**2 / (n**3 + n**2)))
        yield [f'"{name}"', numbers(samples), str(at), number(k), number(p)]


def table(kind, cases):
    rows = ",\n".join(textwrap.fill("{" + ", ".join(case) + "}", 119, initial_indent="    ", subsequent_indent="     ")
                      for case in cases)
    return f"inline const std::vector<{kind}> k{kind}s = {{\n{rows}}};\n"


print(f"""// Written by tests/stats/scipy_values.py with SciPy {scipy.__version__}; not to be edited.
// clang-format off
#pragma once

#include <cstddef>
#include <vector>

namespace scantune::stats::scipy {{

struct MedianCase {{
  const char* name;
  std::vector<double> samples;
  double confidence, median, low, high, coverage;
}};

struct MannWhitneyCase {{
  const char* name;
  std::vector<double> x, y;
  bool exact;
  double u, p_two_sided, p_less, p_greater;
}};

struct ChangePointCase {{
  const char* name;
  std::vector<double> samples;
  size_t at;
  double k, p;
}};

{table("MedianCase", median_cases())}
{table("MannWhitneyCase", mann_whitney_cases())}
{table("ChangePointCase", change_point_cases())}
}}  // namespace scantune::stats::scipy""")
