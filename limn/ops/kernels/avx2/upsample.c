/* Twice the height and width, and a sum: 32 channels at a time. */
#include "../upsample.h"
#include "avx2.h"
#include "vectors.h"

#if LIMN_X86

/* 32 bytes of a column as two vectors of int16: 3 near + far. */
INLINE void column_of(const struct line *line, size_t at, size_t count, __m256i column[2]) {
    const __m256i three = _mm256_set1_epi16(3);
    __m256i near[2], far[2];
    widen_to_16(load_up_to_32(line->near + at, count), near);
    widen_to_16(load_up_to_32(line->far + at, count), far);
#pragma GCC unroll 2
    for (int half = 0; half < 2; half++)
        column[half] = _mm256_add_epi16(_mm256_mullo_epi16(near[half], three), far[half]);
}

INLINE void store(const struct upsample *layer, const __m256i near[2], const __m256i far[2],
                  const uint8_t *other, size_t count, uint8_t *y) {
    const __m256i nought = _mm256_setzero_si256(), three = _mm256_set1_epi16(3);
    const __m256i shift = _mm256_set1_epi32(16 * layer->x_zero);
    const __m256i zero = _mm256_set1_epi32(layer->zero);
    const __m256 factor = _mm256_set1_ps(layer->factor);
    __m256i others[4], sums[4];
    widen(load_up_to_32(other, count), others);
#pragma GCC unroll 2
    for (int half = 0; half < 2; half++) {
        const __m256i sixteenths =
            _mm256_add_epi16(_mm256_mullo_epi16(near[half], three), far[half]);
        sums[2 * half] = _mm256_unpacklo_epi16(sixteenths, nought);
        sums[2 * half + 1] = _mm256_unpackhi_epi16(sixteenths, nought);
    }
#pragma GCC unroll 4
    for (int part = 0; part < 4; part++) {
        const __m256i seen = stored(scaled(_mm256_sub_epi32(sums[part], shift), factor), zero);
        sums[part] = added(seen, others[part], &layer->addition);
    }
    store_up_to_32(y, count, narrow(sums, nought));
}

static AVX2 void by_line(const struct upsample *layer, const struct line *line, size_t width,
                         size_t channels) {
    for (size_t channel = 0; channel < channels; channel += SLICE) {
        const size_t count = channels - channel;
        __m256i left[2], here[2], right[2];
        column_of(line, channel, count, here);
        left[0] = here[0];
        left[1] = here[1];
        for (size_t column = 0; column < width; column++) {
            const size_t next = column + 1 < width ? column + 1 : column;
            column_of(line, next * channels + channel, count, right);
            const size_t at = 2 * column * channels + channel;
            store(layer, here, left, line->other + at, count, line->output + at);
            store(layer, here, right, line->other + at + channels, count,
                  line->output + at + channels);
            left[0] = here[0];
            left[1] = here[1];
            here[0] = right[0];
            here[1] = right[1];
        }
    }
}

void limn_avx2_upsample_add(const struct upsample *layer, const uint8_t *x, size_t height,
                            size_t width, size_t channels, const uint8_t *other, uint8_t *y) {
    limn_over_lines(layer, x, height, width, channels, other, y, by_line);
}

#endif
