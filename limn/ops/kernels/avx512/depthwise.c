/* Convolutions of each channel by itself, 3x3 and 5x5, any stride and dilation: rows of the output. */
#include "../rows.h"
#include "vectors.h"
#include "vnni.h"

#if LIMN_X86

INLINE void products(__m512i sums[4], const __m512i taps[4], const int8_t *weights) {
    __m512i groups[4];
    interleave(taps, groups);
#pragma GCC unroll 4
    for (int part = 0; part < 4; part++)
        add_products(&sums[part], groups[part], _mm512_loadu_si512(weights + BLOCK * part));
}

/* One row, by a kernel of SIDE x SIDE, whose taps are 4 n + 1. */
INLINE void convolve(const int SIDE, const struct depthwise *layer, const struct row *row) {
    const int taps = SIDE * SIDE, groups = taps / GROUP;
    const size_t blocks = limn_depthwise_blocks(layer), group_bytes = BLOCK * GROUP;
    const __m512i zero = _mm512_set1_epi16((int16_t)layer->zero);
    const size_t bytes = row->bytes;
    uint8_t *output = row->output;
    /* Copies, as what is stored might be theirs for all that the compiler knows. */
    const uint8_t *lines[MAX_SIDE];
    size_t columns[MAX_SIDE];
    for (int side = 0; side < SIDE; side++) {
        lines[side] = row->lines[side];
        columns[side] = row->columns[side];
    }
    for (size_t block = 0; block < blocks; block++) {
        const int8_t *weights = layer->weights + block * (size_t)(groups + 1) * group_bytes;
        const int32_t *bias = layer->bias + block * BLOCK;
        const float *factors = layer->factors + block * BLOCK;
        for (size_t at = block * BLOCK; at < bytes; at += blocks * BLOCK) {
            __m512i sums[4];
#pragma GCC unroll 4
            for (int part = 0; part < 4; part++)
                sums[part] = _mm512_loadu_si512(bias + LANES * part);
#pragma GCC unroll 6
            for (int group = 0; group < groups; group++) {
                __m512i four[4];
#pragma GCC unroll 4
                for (int tap = 0; tap < 4; tap++) {
                    const int place = GROUP * group + tap;
                    four[tap] =
                        _mm512_loadu_si512(lines[place / SIDE] + at + columns[place % SIDE]);
                }
                products(sums, four, weights + (size_t)group * group_bytes);
            }
            __m512i last[4];
            widen(_mm512_loadu_si512(lines[SIDE - 1] + at + columns[SIDE - 1]), last);
#pragma GCC unroll 4
            for (int part = 0; part < 4; part++) {
                add_products(&sums[part], last[part],
                             _mm512_loadu_si512(weights + (size_t)groups * group_bytes +
                                                (size_t)BLOCK * (size_t)part));
                sums[part] = scaled(sums[part], _mm512_loadu_ps(factors + LANES * part));
            }
            _mm512_mask_storeu_epi8(output + at, first_bytes(bytes - at), narrow(sums, zero));
        }
    }
}

static VNNI void convolve_3x3(const struct depthwise *layer, const struct row *row) {
    convolve(3, layer, row);
}

static VNNI void convolve_5x5(const struct depthwise *layer, const struct row *row) {
    convolve(5, layer, row);
}

int limn_vnni_depthwise(const struct depthwise *layer, const uint8_t *x, size_t height,
                        size_t width, uint8_t *y) {
    return limn_over_rows(layer, x, height, width, y,
                          layer->kernel == 3 ? convolve_3x3 : convolve_5x5);
}

#endif
