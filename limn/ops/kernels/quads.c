/* Convolutions of each channel by itself, 3x3 and 5x5, without strides, 64 channels at a time.
 *
 * VNNI wants the bytes of four pixels side by side. So pixels are brought together by fours, as they
 * come, once for every row of the input; an output sees the four that it begins in and the next four,
 * and there are four arrangements of the weights, by the place where it begins. What a dilation keeps
 * apart lies apart: pixels of one phase follow each other.
 *
 * Weights are int8[blocks of 64 channels][rows of the kernel][2][4][64], in the order of `vectors.h`: a
 * row's taps for an output that begins at the first of four pixels.
 */
#include <stdlib.h>
#include <string.h>

#include "vectors.h"

#if LIMN_X86

enum { PLACES = 4, HALVES = 2, MAX_SIDE = 5, QUAD = PLACES * BLOCK };
/* A quad: 64 channels of four pixels, and as many weights. */

/* Of the lines of a block; a phase is so many quads, the last one beyond the padding. */
struct plan {
    size_t high, wide, reach, phase_quads, line_bytes;
};

struct block {
    const uint8_t *lines[MAX_SIDE];
    const int8_t *weights; /* [4 places][rows][2][4][64] */
    const int32_t *bias;
    const float *factors;
    __mmask64 channels;
};

INLINE __m512i pixel_at(const struct depthwise *layer, const uint8_t *row, size_t width,
                        size_t column, __mmask64 channels) {
    const size_t place = column - layer->left; /* huge before the first one */
    if (!row || place >= width)
        return _mm512_set1_epi8((char)layer->x_zero);
    return _mm512_maskz_loadu_epi8(channels, row + place * layer->channels);
}

/* A row of the input, or one of padding, by fours. */
static VNNI void make_line(const struct depthwise *layer, const struct plan *plan,
                           const uint8_t *row, size_t width, __mmask64 channels, uint8_t *line) {
    for (size_t phase = 0; phase < layer->dilation; phase++)
        for (size_t quad = 0; quad < plan->phase_quads; quad++, line += QUAD) {
            const size_t first = phase + quad * PLACES * layer->dilation;
            __m512i pixels[PLACES], groups[4];
            for (size_t place = 0; place < PLACES; place++)
                pixels[place] =
                    pixel_at(layer, row, width, first + place * layer->dilation, channels);
            interleave(pixels, groups);
#pragma GCC unroll 4
            for (int part = 0; part < 4; part++)
                _mm512_store_si512(line + BLOCK * part, groups[part]);
        }
}

/* The weights of a block, moved on by 0 to 3 places. */
static VNNI void arrange(const int8_t *weights, size_t side, int8_t *arranged) {
    for (unsigned place = 0; place < PLACES; place++) {
        const __m128i on = _mm_cvtsi32_si128((int)(8 * place));
        const __m128i back = _mm_cvtsi32_si128((int)(32 - 8 * place));
        for (size_t row = 0; row < side; row++)
            for (size_t part = 0; part < 4; part++, arranged += BLOCK) {
                const int8_t *from = weights + row * HALVES * QUAD + part * BLOCK;
                const __m512i near = _mm512_loadu_si512(from);
                const __m512i far = _mm512_loadu_si512(from + QUAD);
                int8_t *to = arranged + row * QUAD;
                _mm512_store_si512(to, _mm512_sll_epi32(near, on));
                _mm512_store_si512(
                    to + QUAD,
                    _mm512_or_si512(_mm512_sll_epi32(far, on), _mm512_srl_epi32(near, back)));
            }
        arranged += side * QUAD;
    }
}

/* Whether an output that begins at a place sees the second quad. */
#define SEES(SIDE, place, half) ((half) == 0 || (place) + (SIDE) > PLACES)

/* Four outputs, one after the other in a phase. */
INLINE void four_outputs(const int SIDE, const struct block *block, size_t at,
                         __m512i sums[PLACES][4]) {
#pragma GCC unroll 4
    for (int place = 0; place < PLACES; place++)
#pragma GCC unroll 4
        for (int part = 0; part < 4; part++)
            sums[place][part] = _mm512_loadu_si512(block->bias + LANES * part);
#pragma GCC unroll 5
    for (int row = 0; row < SIDE; row++)
#pragma GCC unroll 2
        for (int half = 0; half < HALVES; half++)
#pragma GCC unroll 4
            for (int part = 0; part < 4; part++) {
                const int offset = QUAD * half + BLOCK * part;
                const __m512i pixels = _mm512_load_si512(block->lines[row] + at + offset);
#pragma GCC unroll 4
                for (int place = 0; place < PLACES; place++)
                    if (SEES(SIDE, place, half))
                        add_products(&sums[place][part], pixels,
                                     _mm512_load_si512(block->weights +
                                                       (place * SIDE + row) * HALVES * QUAD +
                                                       offset));
            }
}

INLINE void convolve(const int SIDE, const struct depthwise *layer, const struct plan *plan,
                     const struct block *block, uint8_t *output) {
    const __m512i zero = _mm512_set1_epi16((int16_t)layer->zero);
    for (size_t phase = 0; phase < layer->dilation; phase++) {
        size_t at = phase * plan->phase_quads * QUAD, column = phase;
        for (; column < plan->wide; at += QUAD) {
            __m512i sums[PLACES][4];
            four_outputs(SIDE, block, at, sums);
#pragma GCC unroll 4
            for (int place = 0; place < PLACES; place++, column += layer->dilation) {
#pragma GCC unroll 4
                for (int part = 0; part < 4; part++)
                    sums[place][part] = scaled(sums[place][part],
                                               _mm512_loadu_ps(block->factors + LANES * part));
                if (column < plan->wide)
                    _mm512_mask_storeu_epi8(output + column * layer->channels, block->channels,
                                            narrow(sums[place], zero));
            }
        }
    }
}

static VNNI void convolve_3x3(const struct depthwise *layer, const struct plan *plan,
                              const struct block *block, uint8_t *output) {
    convolve(3, layer, plan, block, output);
}

static VNNI void convolve_5x5(const struct depthwise *layer, const struct plan *plan,
                              const struct block *block, uint8_t *output) {
    convolve(5, layer, plan, block, output);
}

VNNI int limn_depthwise_quads(const struct depthwise *layer, const uint8_t *x, size_t height,
                         size_t width, uint8_t *y) {
    const size_t side = layer->kernel, dilation = layer->dilation;
    struct plan plan = {.reach = (side - 1) * dilation + 1};
    const size_t padded = width + layer->left + layer->right;
    plan.high = height + layer->top + layer->bottom - plan.reach + 1;
    plan.wide = padded - plan.reach + 1;
    /* Of the longest phase, of outputs and not of inputs: one more is read. */
    plan.phase_quads = ((plan.wide + dilation - 1) / dilation + PLACES - 1) / PLACES + 1;
    plan.line_bytes = dilation * plan.phase_quads * QUAD;
    const size_t weight_bytes = side * HALVES * QUAD;
    uint8_t *memory = malloc(plan.reach * plan.line_bytes + PLACES * weight_bytes + BLOCK);
    if (!memory)
        return -1;
    uint8_t *ring = memory + (BLOCK - (uintptr_t)memory % BLOCK);
    int8_t *arranged = (int8_t *)ring + plan.reach * plan.line_bytes;

    for (size_t first = 0; first < layer->channels; first += BLOCK) {
        struct block block = {.weights = arranged,
                              .bias = layer->bias + first,
                              .factors = layer->factors + first,
                              .channels = first_bytes(layer->channels - first)};
        arrange(layer->weights + first / BLOCK * weight_bytes, side, arranged);
        size_t made = 0;
        for (size_t top = 0; top < plan.high; top++) {
            for (; made < top + plan.reach; made++) {
                const size_t row = made - layer->top; /* huge above the first one */
                make_line(layer, &plan,
                          row < height ? x + row * width * layer->channels + first : NULL, width,
                          block.channels, ring + made % plan.reach * plan.line_bytes);
            }
            for (size_t down = 0; down < side; down++)
                block.lines[down] = ring + (top + down * dilation) % plan.reach * plan.line_bytes;
            uint8_t *output = y + top * plan.wide * layer->channels + first;
            if (side == 3)
                convolve_3x3(layer, &plan, &block, output);
            else
                convolve_5x5(layer, &plan, &block, output);
        }
    }
    free(memory);
    return 0;
}

#endif
