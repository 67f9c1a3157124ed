/* Convolutions of each channel by itself, 3x3 and 5x5, without strides, 32 channels at a time.
 *
 * Two products of a byte and a weight of 8 bits do not fit into 16 bits, so both are widened before. A
 * quad is int16[2 pairs of pixels][4][8][2]; an output begins at the first of a pair or at the second,
 * and there is an arrangement of the weights for either: int16[2][rows][pairs of taps][4][8][2].
 */
#include "../quads.h"
#include "avx2.h"
#include "vectors.h"

#if LIMN_X86

enum { PAIR = QUAD / 2 };

INLINE __m256i pixel_at(const struct depthwise *layer, const uint8_t *row, size_t width,
                        size_t column, size_t channels) {
    const size_t place = column - layer->left; /* huge before the first one */
    if (!row || place >= width)
        return _mm256_set1_epi8((char)layer->x_zero);
    return load_up_to_32(row + place * layer->channels, channels);
}

/* A row of the input, or one of padding, by twos. */
static AVX2 void make_line(const struct depthwise *layer, const struct plan *plan,
                           const uint8_t *row, size_t width, size_t channels, uint8_t *line) {
    for (size_t phase = 0; phase < layer->dilation; phase++)
        for (size_t place = 0; place < plan->phase_quads * PLACES; place += 2, line += PAIR) {
            const size_t column = phase + place * layer->dilation;
            __m256i pairs[4];
            pair(pixel_at(layer, row, width, column, channels),
                 pixel_at(layer, row, width, column + layer->dilation, channels), pairs);
#pragma GCC unroll 4
            for (int part = 0; part < 4; part++)
                _mm256_store_si256((__m256i *)(line + SLICE * part), pairs[part]);
        }
}

/* Pairs of taps of a row, one of them a nought. */
#define PAIRS(SIDE) ((SIDE) / 2 + 1)

/* One tap of a row of eight, or none before the first, in the highest byte of 32 bits. */
INLINE __m256i tap(__m256i near, __m256i far, int place) {
    return place < GROUP ? _mm256_sll_epi32(near, _mm_cvtsi32_si128(24 - 8 * place))
                         : _mm256_sll_epi32(far, _mm_cvtsi32_si128(24 - 8 * (place - GROUP)));
}

static AVX2 void arrange(const int8_t *weights, size_t side, int8_t *arranged) {
    for (int second = 0; second < 2; second++)
        for (size_t row = 0; row < side; row++)
            for (int place = -second; place < (int)side; place += 2)
                for (size_t part = 0; part < 4; part++, arranged += SLICE) {
                    const int8_t *from = weights + row * HALVES * QUAD + part * BLOCK;
                    const __m256i near = load(from), far = load(from + QUAD);
                    _mm256_store_si256(
                        (__m256i *)arranged,
                        _mm256_blend_epi16(_mm256_srai_epi32(tap(near, far, place), 24),
                                           _mm256_srai_epi32(tap(near, far, place + 1), 8), 0xaa));
                }
}

/* 8 channels of four outputs, one after the other in a phase. */
INLINE void four_outputs(const int SIDE, const struct slice *slice, size_t at, int part,
                         __m256i sums[PLACES]) {
    const int pairs = PAIRS(SIDE);
    const uint8_t *pixels[MAX_SIDE];
#pragma GCC unroll 4
    for (int place = 0; place < PLACES; place++)
        sums[place] = load(slice->bias + LANES * part);
#pragma GCC unroll 5
    for (int row = 0; row < SIDE; row++)
        pixels[row] = slice->lines[row] + at + SLICE * part;
    const int8_t *weights = slice->weights + SLICE * part;
#pragma GCC unroll 5
    for (int row = 0; row < SIDE; row++)
#pragma GCC unroll 4
        for (int seen = 0; seen <= pairs; seen++) {
            const __m256i two = _mm256_load_si256((const __m256i *)(pixels[row] + PAIR * seen));
#pragma GCC unroll 4
            for (int place = 0; place < PLACES; place++) {
                const int nth = seen - place / 2;
                if (nth >= 0 && nth < pairs)
                    add_products(&sums[place], two,
                                 load(weights + ((place % 2 * SIDE + row) * pairs + nth) * PAIR));
            }
        }
}

INLINE void convolve(const int SIDE, const struct depthwise *layer, const struct plan *plan,
                     const struct slice *slice, uint8_t *output) {
    const __m256i zero = _mm256_set1_epi16((int16_t)layer->zero);
    for (size_t phase = 0; phase < layer->dilation; phase++) {
        size_t at = phase * plan->phase_quads * QUAD, column = phase;
        for (; column < plan->wide; at += QUAD) {
            __m256i whole[PLACES][4];
            for (int part = 0; part < 4; part++) {
                const __m256 factors = _mm256_loadu_ps(slice->factors + LANES * part);
                __m256i sums[PLACES];
                four_outputs(SIDE, slice, at, part, sums);
#pragma GCC unroll 4
                for (int place = 0; place < PLACES; place++)
                    whole[place][part] = scaled(sums[place], factors);
            }
            for (int place = 0; place < PLACES && column < plan->wide;
                 place++, column += layer->dilation)
                store_up_to_32(output + column * layer->channels, slice->channels,
                               narrow(whole[place], zero));
        }
    }
}

static AVX2 void convolve_3x3(const struct depthwise *layer, const struct plan *plan,
                              const struct slice *slice, uint8_t *output) {
    convolve(3, layer, plan, slice, output);
}

static AVX2 void convolve_5x5(const struct depthwise *layer, const struct plan *plan,
                              const struct slice *slice, uint8_t *output) {
    convolve(5, layer, plan, slice, output);
}

int NAMED(depthwise_quads)(const struct depthwise *layer, const uint8_t *x, size_t height,
                           size_t width, uint8_t *y) {
    const struct by_quads how = {SLICE, make_line, arrange,
                                 layer->kernel == 3 ? convolve_3x3 : convolve_5x5};
    return limn_over_quads(layer, x, height, width, y, &how);
}

#endif
