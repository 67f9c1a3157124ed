/* Pixels quantised, 16 at a time. */
#include "../blocks.h"
#include "avx2.h"
#include "vectors.h"

#if LIMN_X86

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

void limn_avx2_blocks(const float *pixels, size_t height, size_t width, float scale, int32_t zero,
                      uint8_t *y) {
    quantise(pixels, height, width, scale, zero, y);
    limn_neighbour_blocks(height, width, zero, y);
}

#endif
