/* What the first convolution reads: pixels quantised and regrouped, so that it is a product of
 * matrices like the others. */
#include <string.h>

#include "vectors.h"

#if LIMN_X86

enum { COLOURS = 3, SIDE = 2, OWN = SIDE * SIDE * COLOURS, COLUMN = SIDE * SIDE * OWN };
/* A block of 2 x 2 pixels, and the four that an output sees. */

/* 16 pixels of a plane. */
INLINE __m128i quantised(const float *pixels, __mmask16 mask, __m512 steps, __m512i zero) {
    const __m512 scaled = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, pixels), steps);
    return _mm512_cvtusepi32_epi8(_mm512_max_epi32(
        _mm512_add_epi32(_mm512_cvtps_epi32(scaled), zero), _mm512_setzero_si512()));
}

/* The block that each output is named after. */
static VNNI void own_blocks(const float *pixels, size_t height, size_t width, float scale,
                            int32_t zero, uint8_t *y) {
    const __m512 steps = _mm512_set1_ps(1.0f / scale);
    const __m512i shift = _mm512_set1_epi32(zero);
    for (size_t row = 0; row < height; row++) {
        uint8_t *blocks = y + row / SIDE * (width / SIDE) * COLUMN + row % SIDE * SIDE * COLOURS;
        for (size_t plane = 0; plane < COLOURS; plane++) {
            const float *line = pixels + (plane * height + row) * width;
            for (size_t at = 0; at < width; at += LANES) {
                const size_t count = width - at < LANES ? width - at : LANES;
                uint8_t bytes[LANES];
                _mm_storeu_si128((__m128i *)bytes,
                                 quantised(line + at, (__mmask16)first_bytes(count), steps, shift));
                uint8_t *block = blocks + at / SIDE * COLUMN + plane;
                for (size_t each = 0; each < count; each += SIDE, block += COLUMN) {
                    block[0] = bytes[each];
                    block[COLOURS] = bytes[each + 1];
                }
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
