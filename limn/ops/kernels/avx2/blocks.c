/* What the first convolution reads: pixels quantised and regrouped, so that it is a product of
 * matrices like the others. Wider registers would gain nothing. */
#include <string.h>

#include "avx2.h"
#include "vectors.h"

#if LIMN_X86

enum { PIXELS = 16, COLOURS = 3, SIDE = 2, OWN = SIDE * SIDE * COLOURS, COLUMN = SIDE * SIDE * OWN };
/* Of a row at a time; of a block of 2 x 2 pixels, and of the four that an output sees, the bytes. */

/* Up to 8 pixels of a plane, as numbers of 32 bits. */
INLINE __m256i eight(const float *pixels, size_t count, __m256 steps, __m256i zero) {
    const __m256 numbers = _mm256_mul_ps(_mm256_maskload_ps(pixels, first_numbers(count)), steps);
    return _mm256_add_epi32(_mm256_cvtps_epi32(numbers), zero);
}

/* Up to 16, as bytes. */
INLINE __m128i quantised(const float *pixels, size_t count, __m256 steps, __m256i zero) {
    const size_t more = count > EIGHT ? count - EIGHT : 0;
    return sixteen_bytes(eight(pixels, count, steps, zero),
                         eight(pixels + (more ? EIGHT : 0), more, steps, zero));
}

/* Of up to 16 pixels of a row, each two to the block that an output is named after. Eight bytes are
 * written for six, upper rows first, and what comes behind a block is written later. */
INLINE void own_blocks(__m128i red, __m128i green, __m128i blue, size_t count, uint8_t *block) {
    /* Four pixels' colours one after the other. */
    const __m128i order = _mm_setr_epi8(0, 4, 8, 1, 5, 9, -1, -1, 2, 6, 10, 3, 7, 11, -1, -1);
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

static AVX2 void quantise(const float *pixels, size_t height, size_t width, float scale,
                          int32_t zero, uint8_t *y) {
    const __m256 steps = _mm256_set1_ps(1.0f / scale);
    const __m256i shift = _mm256_set1_epi32(zero);
    const size_t plane = height * width;
    for (size_t row = 0; row < height; row++) {
        uint8_t *block =
            y + row / SIDE * (width / SIDE) * COLUMN + row % SIDE * SIDE * COLOURS;
        const float *line = pixels + row * width;
        for (size_t at = 0; at < width; at += PIXELS, line += PIXELS) {
            const size_t count = width - at < PIXELS ? width - at : PIXELS;
            own_blocks(quantised(line, count, steps, shift),
                       quantised(line + plane, count, steps, shift),
                       quantised(line + 2 * plane, count, steps, shift), count, block);
            block += PIXELS / SIDE * COLUMN;
        }
    }
}

/* Beside the block that an output is named after, which is there, the other three that it sees. */
static void neighbour_blocks(size_t height, size_t width, int32_t zero, uint8_t *y) {
    const size_t high = height / SIDE, wide = width / SIDE;
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

void limn_avx2_blocks(const float *pixels, size_t height, size_t width, float scale, int32_t zero,
                      uint8_t *y) {
    quantise(pixels, height, width, scale, zero, y);
    neighbour_blocks(height, width, zero, y);
}

#endif
