// What the consumer checks. Each returns how many checks failed, and prints a line for each.
#pragma once

namespace consumer {

int check_shapes(int count, unsigned seed);  // random shapes, dimensions, alignments; every type; in place, too
int check_graphs();                          // captured once, replayed on other data
int check_streams_and_threads();             // at once, with a workspace each
int check_bad_calls();                       // are refused, and nothing runs
int check_speed();                           // what was tuned is as fast as it was, of a copy

}  // namespace consumer
