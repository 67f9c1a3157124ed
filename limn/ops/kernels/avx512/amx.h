/* Products of matrices by AMX, which multiplies tiles of 16 rows of 64 bytes (Intel since 2023). */
#ifndef LIMN_AMX_H
#define LIMN_AMX_H

#include "../kernels.h"

enum { LIMN_TILE_ROWS = 16 };

/* Whether the CPU has tiles, and the operating system lets this process use them. */
int limn_amx_allowed(void);

/* Set tiles up for so many inputs, in this thread. 0 where they do not pay. */
int limn_amx_begin(size_t inputs, size_t pixels);

/* `x` uint8[16, inputs] by a panel of `width` vectors, and its biases: `sums` int32[16][4][16]. */
void limn_amx_multiply(const int8_t *weights, const int32_t *bias, size_t width, const uint8_t *x,
                       size_t inputs, int32_t *sums);

void limn_amx_end(void);

#endif
