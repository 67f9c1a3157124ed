/* Pixels quantised, 16 at a time. */
#include "../blocks.h"
#include "vectors.h"
#include "vnni.h"

#if LIMN_X86

/* Up to 16 pixels of a plane, as bytes. */
INLINE __m128i quantised(const float *pixels, __mmask16 mask, __m512 steps, __m512i zero) {
    const __m512 numbers = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, pixels), steps);
    return _mm512_cvtusepi32_epi8(_mm512_max_epi32(
        _mm512_add_epi32(_mm512_cvtps_epi32(numbers), zero), _mm512_setzero_si512()));
}

static VNNI void quantise(const float *pixels, size_t height, size_t width, float scale,
                          int32_t zero, uint8_t *y) {
    const __m512 steps = _mm512_set1_ps(1.0f / scale);
    const __m512i shift = _mm512_set1_epi32(zero);
    const size_t plane = height * width;
    for (size_t row = 0; row < height; row++) {
        uint8_t *block =
            y + row / SIDE * (width / SIDE) * COLUMN + row % SIDE * SIDE * COLOURS;
        const float *line = pixels + row * width;
        for (size_t at = 0; at < width; at += PIXELS, line += PIXELS) {
            const size_t count = width - at < PIXELS ? width - at : PIXELS;
            const __mmask16 mask = (__mmask16)first_bytes(count);
            own_blocks(quantised(line, mask, steps, shift),
                       quantised(line + plane, mask, steps, shift),
                       quantised(line + 2 * plane, mask, steps, shift), count, block);
            block += PIXELS / SIDE * COLUMN;
        }
    }
}

void limn_vnni_blocks(const float *pixels, size_t height, size_t width, float scale, int32_t zero,
                      uint8_t *y) {
    quantise(pixels, height, width, scale, zero, y);
    limn_neighbour_blocks(height, width, zero, y);
}

#endif
