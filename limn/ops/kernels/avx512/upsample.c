/* Twice the height and width, and a sum: 64 channels at a time. */
#include "../upsample.h"
#include "vectors.h"
#include "vnni.h"

#if LIMN_X86

/* 64 bytes of a column as two vectors of int16: 3 near + far. */
INLINE void column_of(const struct line *line, size_t at, __mmask64 mask, __m512i column[2]) {
    const __m512i near = _mm512_maskz_loadu_epi8(mask, line->near + at);
    const __m512i far = _mm512_maskz_loadu_epi8(mask, line->far + at);
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

static VNNI void by_line(const struct upsample *layer, const struct line *line, size_t width,
                         size_t channels) {
    for (size_t channel = 0; channel < channels; channel += BLOCK) {
        const __mmask64 mask = first_bytes(channels - channel);
        __m512i left[2], here[2], right[2];
        column_of(line, channel, mask, here);
        left[0] = here[0];
        left[1] = here[1];
        for (size_t column = 0; column < width; column++) {
            const size_t next = column + 1 < width ? column + 1 : column;
            column_of(line, next * channels + channel, mask, right);
            const size_t at = 2 * column * channels + channel;
            store(layer, here, left, line->other + at, mask, line->output + at);
            store(layer, here, right, line->other + at + channels, mask,
                  line->output + at + channels);
            left[0] = here[0];
            left[1] = here[1];
            here[0] = right[0];
            here[1] = right[1];
        }
    }
}

void limn_vnni_upsample_add(const struct upsample *layer, const uint8_t *x, size_t height,
                            size_t width, size_t channels, const uint8_t *other, uint8_t *y) {
    limn_over_lines(layer, x, height, width, channels, other, y, by_line);
}

#endif
