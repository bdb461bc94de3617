#include "emulation/fiber.h"

#include <cstdint>

#if defined(__x86_64__)

extern "C" void scantune_switch_stack(void** save, void* load);

// Saves what a call must preserve (System V ABI), swaps the stacks, and restores it.
asm(R"(
.text
.globl scantune_switch_stack
.type scantune_switch_stack, @function
scantune_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size scantune_switch_stack, . - scantune_switch_stack
)");

namespace scantune::emulation {

void Fiber::prepare(unsigned char* stack, size_t bytes, void (*body)()) {
  auto* top = reinterpret_cast<uintptr_t*>(stack + bytes);
  constexpr int kSaved = 6;
  *--top = 0;  // body() finds the stack as after a call: its return address, 8 bytes past a multiple of 16
  *--top = reinterpret_cast<uintptr_t>(body);
  for (int i = 0; i < kSaved; ++i) {
    *--top = 0;
  }
  stack_pointer_ = top;
}

void Fiber::switch_to(Fiber& from, Fiber& to) { scantune_switch_stack(&from.stack_pointer_, to.stack_pointer_); }

}  // namespace scantune::emulation

#else

namespace scantune::emulation {

void Fiber::prepare(unsigned char* stack, size_t bytes, void (*body)()) {
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack;
  context_.uc_stack.ss_size = bytes;
  context_.uc_link = nullptr;
  makecontext(&context_, body, 0);
}

void Fiber::switch_to(Fiber& from, Fiber& to) { swapcontext(&from.context_, &to.context_); }

}  // namespace scantune::emulation

#endif
