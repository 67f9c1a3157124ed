/* Bytes of 16 pixels and channels, turned over. */
#ifndef LIMN_TRANSPOSE_H
#define LIMN_TRANSPOSE_H

#include "kernels.h"

#if LIMN_X86
#include <immintrin.h>

/* 16 rows of 16 bytes, as columns. */
static inline __attribute__((always_inline)) void transpose(__m128i rows[LANES]) {
#pragma GCC unroll 4
    for (int round = 0; round < 4; round++) {
        __m128i mixed[LANES];
#pragma GCC unroll 8
        for (int row = 0; row < LANES / 2; row++) {
            mixed[2 * row] = _mm_unpacklo_epi8(rows[row], rows[row + LANES / 2]);
            mixed[2 * row + 1] = _mm_unpackhi_epi8(rows[row], rows[row + LANES / 2]);
        }
#pragma GCC unroll 16
        for (int row = 0; row < LANES; row++)
            rows[row] = mixed[row];
    }
}
#endif

#endif
