/* Convolutions of each channel by itself, 3x3 and 5x5, without strides, 64 channels at a time.
 *
 * VNNI wants the bytes of four pixels side by side: so a quad lies, [4 vectors][16][4 pixels]. There are
 * four arrangements of the weights, by the place where an output begins.
 */
#include "../quads.h"
#include "vectors.h"
#include "vnni.h"

#if LIMN_X86

INLINE __m512i pixel_at(const struct depthwise *layer, const uint8_t *row, size_t width,
                        size_t column, __mmask64 mask) {
    const size_t place = column - layer->left; /* huge before the first one */
    if (!row || place >= width)
        return _mm512_set1_epi8((char)layer->x_zero);
    return _mm512_maskz_loadu_epi8(mask, row + place * layer->channels);
}

/* A row of the input, or one of padding, by fours. */
static VNNI void make_line(const struct depthwise *layer, const struct plan *plan,
                           const uint8_t *row, size_t width, size_t channels, uint8_t *line) {
    const __mmask64 mask = first_bytes(channels);
    for (size_t phase = 0; phase < layer->dilation; phase++)
        for (size_t quad = 0; quad < plan->phase_quads; quad++, line += QUAD) {
            const size_t first = phase + quad * PLACES * layer->dilation;
            __m512i pixels[PLACES], groups[4];
            for (size_t place = 0; place < PLACES; place++)
                pixels[place] =
                    pixel_at(layer, row, width, first + place * layer->dilation, mask);
            interleave(pixels, groups);
#pragma GCC unroll 4
            for (int part = 0; part < 4; part++)
                _mm512_store_si512(line + BLOCK * part, groups[part]);
        }
}

/* The weights of a slice, moved on by 0 to 3 places. */
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
INLINE void four_outputs(const int SIDE, const struct slice *slice, size_t at,
                         __m512i sums[PLACES][4]) {
#pragma GCC unroll 4
    for (int place = 0; place < PLACES; place++)
#pragma GCC unroll 4
        for (int part = 0; part < 4; part++)
            sums[place][part] = _mm512_loadu_si512(slice->bias + LANES * part);
#pragma GCC unroll 5
    for (int row = 0; row < SIDE; row++)
#pragma GCC unroll 2
        for (int half = 0; half < HALVES; half++)
#pragma GCC unroll 4
            for (int part = 0; part < 4; part++) {
                const int offset = QUAD * half + BLOCK * part;
                const __m512i pixels = _mm512_load_si512(slice->lines[row] + at + offset);
#pragma GCC unroll 4
                for (int place = 0; place < PLACES; place++)
                    if (SEES(SIDE, place, half))
                        add_products(&sums[place][part], pixels,
                                     _mm512_load_si512(slice->weights +
                                                       (place * SIDE + row) * HALVES * QUAD +
                                                       offset));
            }
}

INLINE void convolve(const int SIDE, const struct depthwise *layer, const struct plan *plan,
                     const struct slice *slice, uint8_t *output) {
    const __m512i zero = _mm512_set1_epi16((int16_t)layer->zero);
    const __mmask64 mask = first_bytes(slice->channels);
    for (size_t phase = 0; phase < layer->dilation; phase++) {
        size_t at = phase * plan->phase_quads * QUAD, column = phase;
        for (; column < plan->wide; at += QUAD) {
            __m512i sums[PLACES][4];
            four_outputs(SIDE, slice, at, sums);
#pragma GCC unroll 4
            for (int place = 0; place < PLACES; place++, column += layer->dilation) {
#pragma GCC unroll 4
                for (int part = 0; part < 4; part++)
                    sums[place][part] = scaled(sums[place][part],
                                               _mm512_loadu_ps(slice->factors + LANES * part));
                if (column < plan->wide)
                    _mm512_mask_storeu_epi8(output + column * layer->channels, mask,
                                            narrow(sums[place], zero));
            }
        }
    }
}

static VNNI void convolve_3x3(const struct depthwise *layer, const struct plan *plan,
                              const struct slice *slice, uint8_t *output) {
    convolve(3, layer, plan, slice, output);
}

static VNNI void convolve_5x5(const struct depthwise *layer, const struct plan *plan,
                              const struct slice *slice, uint8_t *output) {
    convolve(5, layer, plan, slice, output);
}

int limn_vnni_depthwise_quads(const struct depthwise *layer, const uint8_t *x, size_t height,
                              size_t width, uint8_t *y) {
    const struct by_quads how = {BLOCK, make_line, arrange,
                                 layer->kernel == 3 ? convolve_3x3 : convolve_5x5};
    return limn_over_quads(layer, x, height, width, y, &how);
}

#endif
