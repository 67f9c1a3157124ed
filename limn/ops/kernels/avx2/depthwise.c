/* Convolutions of each channel by itself, 3x3 and 5x5, any stride and dilation: rows of the output, two
 * taps at a time.
 *
 * Two products of a byte and a weight of 8 bits do not fit into 16 bits, so both are widened before:
 * weights once, to int16[blocks][halves][pairs of taps][4][8][2].
 */
#include <stdlib.h>

#include "../rows.h"
#include "avx2.h"
#include "vectors.h"

#if LIMN_X86

enum { PAIR_BYTES = 2 * BLOCK };
/* Of a pair of taps, the weights of 32 channels. */

/* A pair is the first and third tap of a group, or the second and fourth: even and odd bytes. The last
 * group has but its first. */
static size_t pairs_of(const struct depthwise *layer) {
    return 2 * limn_depthwise_groups(layer) - 1;
}

static AVX2 void arrange(const struct depthwise *layer, int8_t *arranged) {
    const size_t blocks = limn_depthwise_blocks(layer), groups = limn_depthwise_groups(layer);
    for (size_t block = 0; block < blocks; block++)
        for (size_t half = 0; half < BLOCK; half += SLICE)
            for (size_t group = 0; group < groups; group++)
                for (size_t odd = 0; odd < 2 && 2 * group + odd < pairs_of(layer); odd++)
                    for (size_t part = 0; part < 4; part++, arranged += SLICE) {
                        const __m256i taps = load(layer->weights + half +
                                                  ((block * groups + group) * 4 + part) * BLOCK);
                        const __m256i high = odd ? taps : _mm256_slli_epi16(taps, 8);
                        _mm256_storeu_si256((__m256i *)arranged, _mm256_srai_epi16(high, 8));
                    }
}

INLINE void products(__m256i sums[4], __m256i first, __m256i second, const int8_t *weights) {
    __m256i pairs[4];
    pair(first, second, pairs);
#pragma GCC unroll 4
    for (int part = 0; part < 4; part++)
        add_products(&sums[part], pairs[part], load(weights + SLICE * part));
}

/* One row, by a kernel of SIDE x SIDE, whose taps are 4 n + 1. */
INLINE void convolve(const int SIDE, const struct depthwise *layer, const struct row *row) {
    const int taps = SIDE * SIDE, groups = taps / GROUP;
    const size_t halves = 2 * limn_depthwise_blocks(layer);
    const __m256i zero = _mm256_set1_epi16((int16_t)layer->zero);
    const size_t bytes = row->bytes;
    uint8_t *output = row->output;
    /* Copies, as what is stored might be theirs for all that the compiler knows. */
    const uint8_t *lines[MAX_SIDE];
    size_t columns[MAX_SIDE];
    for (int side = 0; side < SIDE; side++) {
        lines[side] = row->lines[side];
        columns[side] = row->columns[side];
    }
    for (size_t half = 0; half < halves; half++) {
        const int8_t *weights = layer->weights + half * pairs_of(layer) * PAIR_BYTES;
        const size_t first = half / 2 * BLOCK + half % 2 * EIGHT;
        const int32_t *bias = layer->bias + first;
        const float *factors = layer->factors + first;
        for (size_t at = half * SLICE; at < bytes; at += halves * SLICE) {
            __m256i sums[4];
#pragma GCC unroll 4
            for (int part = 0; part < 4; part++)
                sums[part] = load(bias + LANES * part);
#pragma GCC unroll 6
            for (int group = 0; group < groups; group++) {
#pragma GCC unroll 2
                for (int odd = 0; odd < 2; odd++) {
                    const int tap = GROUP * group + odd, other = tap + 2;
                    products(sums, load(lines[tap / SIDE] + at + columns[tap % SIDE]),
                             load(lines[other / SIDE] + at + columns[other % SIDE]),
                             weights + (2 * group + odd) * PAIR_BYTES);
                }
            }
            products(sums, load(lines[SIDE - 1] + at + columns[SIDE - 1]), _mm256_setzero_si256(),
                     weights + 2 * groups * PAIR_BYTES);
#pragma GCC unroll 4
            for (int part = 0; part < 4; part++)
                sums[part] = scaled(sums[part], _mm256_loadu_ps(factors + LANES * part));
            store_up_to_32(output + at, bytes - at, narrow(sums, zero));
        }
    }
}

static AVX2 void convolve_3x3(const struct depthwise *layer, const struct row *row) {
    convolve(3, layer, row);
}

static AVX2 void convolve_5x5(const struct depthwise *layer, const struct row *row) {
    convolve(5, layer, row);
}

int NAMED(depthwise)(const struct depthwise *layer, const uint8_t *x, size_t height, size_t width,
                     uint8_t *y) {
    int8_t *arranged = malloc(2 * limn_depthwise_blocks(layer) * pairs_of(layer) * PAIR_BYTES);
    if (!arranged)
        return -1;
    arrange(layer, arranged);
    struct depthwise widened = *layer;
    widened.weights = arranged;
    const int failed = limn_over_rows(&widened, x, height, width, y,
                                      layer->kernel == 3 ? convolve_3x3 : convolve_5x5);
    free(arranged);
    return failed;
}

#endif
