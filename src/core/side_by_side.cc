#include "core/side_by_side.h"

namespace scantune {

std::string_view name(Standoff standoff) {
  switch (standoff) {
    case Standoff::faster:
      return "faster";
    case Standoff::slower:
      return "slower";
    case Standoff::equivalent:
      return "equivalent";
    case Standoff::undecided:
      break;
  }
  return "undecided";
}

}  // namespace scantune
