#include "rows.h"

#include <stdlib.h>
#include <string.h>

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

int limn_over_rows(const struct depthwise *layer, const uint8_t *x, size_t height, size_t width,
                   uint8_t *y, limn_by_row *by_row) {
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
        by_row(layer, &row);
    }
    free(memory);
    return 0;
}
