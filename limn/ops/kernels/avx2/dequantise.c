/* Bytes as the real numbers that they stand for, channels apart. */
#include "../transpose.h"
#include "avx2.h"
#include "vectors.h"

#if LIMN_X86

/* Up to 8 bytes as they are. */
INLINE void store_reals(__m128i bytes, __m256i shift, __m256 factor, size_t count, float *y) {
    const __m256i numbers = _mm256_sub_epi32(_mm256_cvtepu8_epi32(bytes), shift);
    const __m256 reals = _mm256_mul_ps(_mm256_cvtepi32_ps(numbers), factor);
    if (count >= EIGHT)
        _mm256_storeu_ps(y, reals);
    else
        _mm256_maskstore_ps(y, first_numbers(count), reals);
}

AVX2 void limn_avx2_dequantise(const uint8_t *x, size_t pixels, size_t channels, int32_t zero,
                               float scale, float *y, size_t stride) {
    const __m256 factor = _mm256_set1_ps(scale);
    const __m256i shift = _mm256_set1_epi32(zero);
    for (size_t pixel = 0; pixel < pixels; pixel += LANES) {
        const size_t there = pixels - pixel < LANES ? pixels - pixel : LANES;
        for (size_t channel = 0; channel < channels; channel += LANES) {
            const size_t some = channels - channel < LANES ? channels - channel : LANES;
            __m128i rows[LANES];
#pragma GCC unroll 16
            for (size_t row = 0; row < LANES; row++) {
                const size_t from = pixel + (row < there ? row : 0);
                rows[row] = load_up_to_16(x + from * channels + channel, some);
            }
            transpose(rows);
            for (size_t column = 0; column < some; column++) {
                float *to = y + (channel + column) * stride + pixel;
                store_reals(rows[column], shift, factor, there, to);
                if (there > EIGHT)
                    store_reals(_mm_srli_si128(rows[column], EIGHT), shift, factor, there - EIGHT,
                                to + EIGHT);
            }
        }
    }
}

#endif
