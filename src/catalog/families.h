// One function a family; each is defined in the file of its name.
#pragma once

#include "core/kernel.h"

namespace scantune {

Kernel three_pass_kernel();
Kernel row_carry_kernel();
Kernel short_row_kernel();
Kernel long_row_kernel();
Kernel column_carry_kernel();
Kernel column_split_kernel();
Kernel cpu_two_pass_kernel();
Kernel cpu_row_carry_kernel();
Kernel cpu_tile_chain_kernel();
Kernel cpu_column_carry_kernel();
Kernel cpu_column_chain_kernel();

}  // namespace scantune
