// Stacks that are switched between by hand: swapcontext() enters the kernel each time, which takes longer than what
// most fibers do between two switches.
#pragma once

#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace scantune::emulation {

class Fiber {
 public:
  // Prepares the fiber to call body() on the stack, which must not return, when it is switched to first.
  void prepare(unsigned char* stack, size_t bytes, void (*body)());

  // Goes on with `to`, until somebody switches back to `from`.
  static void switch_to(Fiber& from, Fiber& to);

 private:
#if defined(__x86_64__)
  void* stack_pointer_ = nullptr;
#else
  ucontext_t context_ = {};
#endif
};

}  // namespace scantune::emulation
