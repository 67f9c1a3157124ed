/* What the first convolution reads: pixels quantised and regrouped, so that it is a product of
 * matrices like the others. */
#include <string.h>

#include "vectors.h"

#if LIMN_X86

enum { COLOURS = 3, SIDE = 2, OWN = SIDE * SIDE * COLOURS, COLUMN = SIDE * SIDE * OWN };
/* A block of 2 x 2 pixels, and the four that an output sees. */

/* Up to 16 pixels of a plane, as bytes. */
INLINE __m128i quantised(const float *pixels, __mmask16 mask, __m512 steps, __m512i zero) {
    const __m512 numbers = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, pixels), steps);
    return _mm512_cvtusepi32_epi8(_mm512_max_epi32(
        _mm512_add_epi32(_mm512_cvtps_epi32(numbers), zero), _mm512_setzero_si512()));
}

/* The block that each output is named after: of either row two pixels, six bytes. Eight are written,
 * upper rows first, and what comes behind a block is written later. */
static VNNI void own_blocks(const float *pixels, size_t height, size_t width, float scale,
                            int32_t zero, uint8_t *y) {
    const __m512 steps = _mm512_set1_ps(1.0f / scale);
    const __m512i shift = _mm512_set1_epi32(zero);
    const size_t plane = height * width;
    /* Four pixels' colours one after the other. */
    const __m128i order = _mm_setr_epi8(0, 4, 8, 1, 5, 9, -1, -1, 2, 6, 10, 3, 7, 11, -1, -1);
    for (size_t row = 0; row < height; row++) {
        uint8_t *block =
            y + row / SIDE * (width / SIDE) * COLUMN + row % SIDE * SIDE * COLOURS;
        const float *line = pixels + row * width;
        for (size_t at = 0; at < width; at += LANES, line += LANES) {
            const size_t count = width - at < LANES ? width - at : LANES;
            const __mmask16 mask = (__mmask16)first_bytes(count);
            __m128i red = quantised(line, mask, steps, shift);
            __m128i green = quantised(line + plane, mask, steps, shift);
            __m128i blue = quantised(line + 2 * plane, mask, steps, shift);
            for (size_t done = 0; done < count; done += 2 * SIDE) {
                const __m128i four = _mm_shuffle_epi8(
                    _mm_unpacklo_epi64(_mm_unpacklo_epi32(red, green), blue), order);
                _mm_storel_epi64((__m128i *)block, four);
                if (done + SIDE < count)
                    _mm_storel_epi64((__m128i *)(block + COLUMN), _mm_srli_si128(four, 8));
                block += 2 * COLUMN;
                red = _mm_srli_si128(red, 4);
                green = _mm_srli_si128(green, 4);
                blue = _mm_srli_si128(blue, 4);
            }
        }
    }
}

VNNI void limn_blocks(const float *pixels, size_t height, size_t width, float scale, int32_t zero,
                      uint8_t *y) {
    const size_t high = height / SIDE, wide = width / SIDE;
    own_blocks(pixels, height, width, scale, zero, y);
    for (size_t row = 0; row < high; row++) {
        uint8_t *column = y + row * wide * COLUMN;
        for (size_t across = 0; across < wide; across++, column += COLUMN) {
            const int last = across + 1 == wide;
            if (last)
                memset(column + OWN, zero, OWN);
            else
                memcpy(column + OWN, column + COLUMN, OWN);
            if (row + 1 == high) {
                memset(column + 2 * OWN, zero, 2 * OWN);
                continue;
            }
            const uint8_t *below = column + wide * COLUMN;
            memcpy(column + 2 * OWN, below, OWN);
            if (last)
                memset(column + 3 * OWN, zero, OWN);
            else
                memcpy(column + 3 * OWN, below + COLUMN, OWN);
        }
    }
}

#endif
