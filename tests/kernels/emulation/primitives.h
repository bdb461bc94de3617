// What emulated kernels call: the engine's side of emulation/device.cuh. No header of the standard library, as
// every mutant compiles this.
#pragma once

namespace scantune::emulation {

struct Dimensions {
  unsigned x = 1;
  unsigned y = 1;
  unsigned z = 1;
};

// Of the thread that runs. The engine sets them whenever it switches.
extern Dimensions thread_index;
extern Dimensions block_index;
extern Dimensions block_size;
extern Dimensions grid_size;

// What the lanes of a warp do together. A shuffle's operand is a lane, a distance or a mask of lanes.
enum class Collective { sync, shuffle, shuffle_down, shuffle_up, shuffle_xor, ballot };

void block_barrier();
void part_barrier(int id, int threads);
unsigned long long collective(Collective kind, unsigned mask, unsigned long long value, unsigned operand);

// Shared memory. A variable is named by the address `key`, one a declaration and instantiation.
void* shared_variable(const void* key, unsigned long bytes, unsigned long alignment);
unsigned char* dynamic_shared();

// Fails unless `address` is a multiple of `bytes`: what 16-byte accesses ask for.
void check_alignment(const void* address, unsigned long bytes);

void async_copy(void* shared, const void* global);
void async_commit();
void async_wait(int under_way);

void barrier_init(unsigned long long* barrier, unsigned arrivals);
void barrier_init_end();
void barrier_arrive(unsigned long long* barrier);
void barrier_wait(unsigned long long* barrier, unsigned parity);
void bulk_load(void* shared, const void* global, unsigned bytes, unsigned long long* barrier);
void prefetch_to_l2(const void* global, unsigned bytes);

unsigned long long load_relaxed(const unsigned long long* word);
unsigned load_relaxed(const unsigned* word);
void store_relaxed(unsigned long long* word, unsigned long long value);
void store_relaxed(unsigned* word, unsigned value);
unsigned atomic_add(unsigned* word, unsigned value);

void wait_for_launch_in_front();
void let_next_launch_start();

// Halves: conversions as the hardware does them, to nearest even.
float float_of_f16(unsigned short bits);
unsigned short f16_of_float(float value);
float float_of_bf16(unsigned short bits);
unsigned short bf16_of_float(float value);

}  // namespace scantune::emulation
