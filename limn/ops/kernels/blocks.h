/* What the first convolution reads: pixels quantised and regrouped, so that it is a product of
 * matrices like the others. */
#ifndef LIMN_BLOCKS_H
#define LIMN_BLOCKS_H

#include "kernels.h"

enum { PIXELS = 16, COLOURS = 3, SIDE = 2, OWN = SIDE * SIDE * COLOURS, COLUMN = SIDE * SIDE * OWN };
/* Of a row at a time; of a block of 2 x 2 pixels, and of the four that an output sees, the bytes. */

/* Beside the block that an output is named after, which is there, the other three that it sees. */
void limn_neighbour_blocks(size_t height, size_t width, int32_t zero, uint8_t *y);

#if LIMN_X86
#include <immintrin.h>

/* Of up to 16 pixels of a row, each two to the block that an output is named after. Eight bytes are
 * written for six, upper rows first, and what comes behind a block is written later. */
static inline __attribute__((always_inline, target("ssse3"))) void
own_blocks(__m128i red, __m128i green, __m128i blue, size_t count, uint8_t *block) {
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
#endif

#endif
