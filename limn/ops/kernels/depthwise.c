/* Convolutions of each channel by itself, 3x3 and 5x5, any stride and dilation.
 *
 * Rows of the input are copied, with their padding, into a ring of as many as one row of the output
 * needs; columns that a stride keeps apart lie apart there. Every tap of the kernel then reads
 * consecutive bytes for consecutive outputs, whatever the number of channels: a row is cut into blocks
 * of 64 bytes, and every so many blocks begin at channel 0 again. Weights are int8[blocks][groups of 4
 * taps][4][64], in the order of `vectors.h`.
 */
#include <stdlib.h>
#include <string.h>

#include "vectors.h"

static size_t common_divisor(size_t a, size_t b) {
    while (b) {
        const size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

size_t limn_depthwise_blocks(const struct depthwise *layer) {
    return layer->channels / common_divisor(layer->channels, BLOCK);
}

size_t limn_depthwise_groups(const struct depthwise *layer) {
    return (layer->kernel * layer->kernel + GROUP - 1) / GROUP;
}

#if LIMN_X86

enum { MAX_SIDE = 5 };

/* Where a row of the output finds its inputs, line by line and column by column of the kernel, and puts
 * its results. */
struct row {
    const uint8_t *lines[MAX_SIDE];
    size_t columns[MAX_SIDE];
    uint8_t *output;
    size_t bytes;
};

INLINE void products(__m512i sums[4], const __m512i taps[4], const int8_t *weights) {
    __m512i groups[4];
    interleave(taps, groups);
#pragma GCC unroll 4
    for (int part = 0; part < 4; part++)
        add_products(&sums[part], groups[part], _mm512_loadu_si512(weights + BLOCK * part));
}

/* One row, by a kernel of SIDE x SIDE, whose taps are 4 n + 1. */
INLINE void convolve(const int SIDE, const struct depthwise *layer, const struct row *row) {
    const int taps = SIDE * SIDE, groups = taps / GROUP;
    const size_t blocks = limn_depthwise_blocks(layer), group_bytes = BLOCK * GROUP;
    const __m512i zero = _mm512_set1_epi16((int16_t)layer->zero);
    const size_t bytes = row->bytes;
    uint8_t *output = row->output;
    /* Copies, as what is stored might be theirs for all that the compiler knows. */
    const uint8_t *lines[MAX_SIDE];
    size_t columns[MAX_SIDE];
    for (int side = 0; side < SIDE; side++) {
        lines[side] = row->lines[side];
        columns[side] = row->columns[side];
    }
    for (size_t block = 0; block < blocks; block++) {
        const int8_t *weights = layer->weights + block * (size_t)(groups + 1) * group_bytes;
        const int32_t *bias = layer->bias + block * BLOCK;
        const float *factors = layer->factors + block * BLOCK;
        for (size_t at = block * BLOCK; at < bytes; at += blocks * BLOCK) {
            __m512i sums[4];
#pragma GCC unroll 4
            for (int part = 0; part < 4; part++)
                sums[part] = _mm512_loadu_si512(bias + LANES * part);
#pragma GCC unroll 6
            for (int group = 0; group < groups; group++) {
                __m512i four[4];
#pragma GCC unroll 4
                for (int tap = 0; tap < 4; tap++) {
                    const int place = GROUP * group + tap;
                    four[tap] =
                        _mm512_loadu_si512(lines[place / SIDE] + at + columns[place % SIDE]);
                }
                products(sums, four, weights + (size_t)group * group_bytes);
            }
            __m512i last[4];
            widen(_mm512_loadu_si512(lines[SIDE - 1] + at + columns[SIDE - 1]), last);
#pragma GCC unroll 4
            for (int part = 0; part < 4; part++) {
                add_products(&sums[part], last[part],
                             _mm512_loadu_si512(weights + (size_t)groups * group_bytes +
                                                (size_t)BLOCK * (size_t)part));
                sums[part] = scaled(sums[part], _mm512_loadu_ps(factors + LANES * part));
            }
            _mm512_mask_storeu_epi8(output + at, first_bytes(bytes - at), narrow(sums, zero));
        }
    }
}

static VNNI void convolve_3x3(const struct depthwise *layer, const struct row *row) {
    convolve(3, layer, row);
}

static VNNI void convolve_5x5(const struct depthwise *layer, const struct row *row) {
    convolve(5, layer, row);
}

/* The ring: `slots` rows and one of nothing but padding, each of `stride` phases of columns. */
struct ring {
    uint8_t *memory;
    size_t slots, phase_bytes, row_bytes;
};

static void copy_row(const struct depthwise *layer, const struct ring *ring, const uint8_t *x,
                     size_t width, uint8_t *slot) {
    const size_t channels = layer->channels;
    if (layer->stride == 1) {
        memcpy(slot + layer->left * channels, x, width * channels);
        return;
    }
    for (size_t column = 0; column < width; column++) {
        const size_t padded = column + layer->left;
        memcpy(slot + padded % layer->stride * ring->phase_bytes + padded / layer->stride * channels,
               x + column * channels, channels);
    }
}

VNNI int limn_depthwise(const struct depthwise *layer, const uint8_t *x, size_t height,
                        size_t width, uint8_t *y) {
    const size_t channels = layer->channels, stride = layer->stride;
    const size_t reach = (layer->kernel - 1) * layer->dilation + 1;
    const size_t padded = width + layer->left + layer->right;
    const size_t high = (height + layer->top + layer->bottom - reach) / stride + 1;
    const size_t wide = (padded - reach) / stride + 1;
    struct ring ring = {NULL, reach, (padded + stride - 1) / stride * channels, 0};
    /* Whole blocks are read at the end of a row. */
    ring.row_bytes = (ring.phase_bytes * stride + BLOCK - 1 + BLOCK) / BLOCK * BLOCK;
    uint8_t *memory = malloc((ring.slots + 1) * ring.row_bytes + BLOCK);
    if (!memory)
        return -1;
    ring.memory = memory + (BLOCK - (uintptr_t)memory % BLOCK);
    memset(ring.memory, layer->x_zero, (ring.slots + 1) * ring.row_bytes);

    struct row row = {.bytes = wide * channels};
    for (size_t across = 0; across < layer->kernel; across++) {
        const size_t column = across * layer->dilation;
        row.columns[across] = column % stride * ring.phase_bytes + column / stride * channels;
    }
    size_t copied = 0;
    for (size_t top = 0; top < high; top++) {
        row.output = y + top * row.bytes;
        for (size_t down = 0; down < layer->kernel; down++) {
            const size_t line = top * stride + down * layer->dilation;
            row.lines[down] = ring.memory + ring.slots * ring.row_bytes;
            if (line >= layer->top && line - layer->top < height) {
                const size_t needed = line - layer->top;
                for (; copied <= needed; copied++)
                    copy_row(layer, &ring, x + copied * width * channels, width,
                             ring.memory + copied % ring.slots * ring.row_bytes);
                row.lines[down] = ring.memory + needed % ring.slots * ring.row_bytes;
            }
        }
        if (layer->kernel == 3)
            convolve_3x3(layer, &row);
        else
            convolve_5x5(layer, &row);
    }
    free(memory);
    return 0;
}

#endif
