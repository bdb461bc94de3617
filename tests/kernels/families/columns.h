// What the families of columns have in common: an instantiation for each width of an access that a tensor may allow.
#pragma once

#include "entries.h"

#define SCANTUNE_WIDTHS_OF_4(function, T, Acc, ...)                                                    \
  SCANTUNE_ENTRY(function<T, Acc, 16, __VA_ARGS__>), SCANTUNE_ENTRY(function<T, Acc, 8, __VA_ARGS__>), \
      SCANTUNE_ENTRY(function<T, Acc, 4, __VA_ARGS__>)
// Results are no wider than an access.
#define SCANTUNE_WIDTHS_OF_WIDENED(function, ...) \
  SCANTUNE_ENTRY(function<int, long long, 8, __VA_ARGS__>), SCANTUNE_ENTRY(function<int, long long, 4, __VA_ARGS__>)
#ifdef SCANTUNE_MUTANT
#define SCANTUNE_COLUMN_ENTRIES(function, ...) \
  SCANTUNE_WIDTHS_OF_4(function, float, float, __VA_ARGS__), SCANTUNE_WIDTHS_OF_WIDENED(function, __VA_ARGS__)
#else
#define SCANTUNE_WIDTHS_OF_2(function, T, Acc, ...) \
  SCANTUNE_WIDTHS_OF_4(function, T, Acc, __VA_ARGS__), SCANTUNE_ENTRY(function<T, Acc, 2, __VA_ARGS__>)
#define SCANTUNE_WIDTHS_OF_8(function, T, Acc, ...) \
  SCANTUNE_ENTRY(function<T, Acc, 16, __VA_ARGS__>), SCANTUNE_ENTRY(function<T, Acc, 8, __VA_ARGS__>)
#define SCANTUNE_COLUMN_ENTRIES(function, ...)                                                                  \
  SCANTUNE_WIDTHS_OF_2(function, Half, float, __VA_ARGS__),                                                     \
      SCANTUNE_WIDTHS_OF_2(function, BFloat16, float, __VA_ARGS__),                                             \
      SCANTUNE_WIDTHS_OF_4(function, float, float, __VA_ARGS__),                                                \
      SCANTUNE_WIDTHS_OF_8(function, double, double, __VA_ARGS__),                                              \
      SCANTUNE_WIDTHS_OF_4(function, int, int, __VA_ARGS__), SCANTUNE_WIDTHS_OF_WIDENED(function, __VA_ARGS__), \
      SCANTUNE_WIDTHS_OF_8(function, long long, long long, __VA_ARGS__)
#endif
