/* Twice the height and width, bilinearly, and a sum: what a decoder does between two levels.
 *
 * Half-pixel centres weigh the two nearest rows, and columns, by 3 and 1 quarters. So sixteenths of
 * bytes are exact in 16 bits.
 */
#include "vectors.h"

#if LIMN_X86

/* Rows of the input: the nearer one and the other one. */
struct rows {
    const uint8_t *near, *far;
};

/* 64 bytes of a column as two vectors of int16: 3 near + far. */
INLINE void column_of(const struct rows *rows, size_t at, __mmask64 mask, __m512i column[2]) {
    const __m512i near = _mm512_maskz_loadu_epi8(mask, rows->near + at);
    const __m512i far = _mm512_maskz_loadu_epi8(mask, rows->far + at);
    const __m512i nought = _mm512_setzero_si512(), three = _mm512_set1_epi16(3);
    column[0] = _mm512_add_epi16(
        _mm512_mullo_epi16(_mm512_unpacklo_epi8(near, nought), three),
        _mm512_unpacklo_epi8(far, nought));
    column[1] = _mm512_add_epi16(
        _mm512_mullo_epi16(_mm512_unpackhi_epi8(near, nought), three),
        _mm512_unpackhi_epi8(far, nought));
}

INLINE void store(const struct upsample *layer, const __m512i near[2], const __m512i far[2],
                  const uint8_t *other, __mmask64 mask, uint8_t *y) {
    const __m512i nought = _mm512_setzero_si512(), three = _mm512_set1_epi16(3);
    const __m512i shift = _mm512_set1_epi32(16 * layer->x_zero);
    const __m512i zero = _mm512_set1_epi32(layer->zero);
    const __m512 factor = _mm512_set1_ps(layer->factor);
    __m512i others[4], sums[4];
    widen(_mm512_maskz_loadu_epi8(mask, other), others);
#pragma GCC unroll 2
    for (int half = 0; half < 2; half++) {
        const __m512i sixteenths =
            _mm512_add_epi16(_mm512_mullo_epi16(near[half], three), far[half]);
        sums[2 * half] = _mm512_unpacklo_epi16(sixteenths, nought);
        sums[2 * half + 1] = _mm512_unpackhi_epi16(sixteenths, nought);
    }
#pragma GCC unroll 4
    for (int part = 0; part < 4; part++) {
        const __m512i seen = stored(scaled(_mm512_sub_epi32(sums[part], shift), factor), zero);
        sums[part] = added(seen, others[part], &layer->addition);
    }
    _mm512_mask_storeu_epi8(y, mask, narrow(sums, nought));
}

VNNI void limn_upsample_add(const struct upsample *layer, const uint8_t *x, size_t height,
                            size_t width, size_t channels, const uint8_t *other, uint8_t *y) {
    const size_t row_bytes = width * channels;
    for (size_t line = 0; line < 2 * height; line++) {
        const size_t near = line / 2;
        const size_t above = near ? near - 1 : 0, below = near + 1 < height ? near + 1 : near;
        const struct rows rows = {x + near * row_bytes, x + (line % 2 ? below : above) * row_bytes};
        const size_t start = line * 2 * row_bytes;
        for (size_t channel = 0; channel < channels; channel += BLOCK) {
            const __mmask64 mask = first_bytes(channels - channel);
            __m512i left[2], here[2], right[2];
            column_of(&rows, channel, mask, here);
            left[0] = here[0];
            left[1] = here[1];
            for (size_t column = 0; column < width; column++) {
                const size_t next = column + 1 < width ? column + 1 : column;
                column_of(&rows, next * channels + channel, mask, right);
                const size_t at = start + 2 * column * channels + channel;
                store(layer, here, left, other + at, mask, y + at);
                store(layer, here, right, other + at + channels, mask, y + at + channels);
                left[0] = here[0];
                left[1] = here[1];
                here[0] = right[0];
                here[1] = right[1];
            }
        }
    }
}

#endif
