#include "quads.h"

#include <stdlib.h>

int limn_over_quads(const struct depthwise *layer, const uint8_t *x, size_t height, size_t width,
                    uint8_t *y, const struct by_quads *how) {
    const size_t side = layer->kernel, dilation = layer->dilation;
    struct plan plan = {.reach = (side - 1) * dilation + 1};
    const size_t padded = width + layer->left + layer->right;
    plan.high = height + layer->top + layer->bottom - plan.reach + 1;
    plan.wide = padded - plan.reach + 1;
    /* Of the longest phase, of outputs and not of inputs: one more is read. */
    plan.phase_quads = ((plan.wide + dilation - 1) / dilation + PLACES - 1) / PLACES + 1;
    plan.line_bytes = dilation * plan.phase_quads * QUAD;
    const size_t weight_bytes = side * HALVES * QUAD;
    uint8_t *memory = malloc(plan.reach * plan.line_bytes + PLACES * weight_bytes + BLOCK);
    if (!memory)
        return -1;
    uint8_t *ring = memory + (BLOCK - (uintptr_t)memory % BLOCK);
    int8_t *arranged = (int8_t *)ring + plan.reach * plan.line_bytes;

    for (size_t first = 0; first < layer->channels; first += how->channels) {
        const size_t begin = first / BLOCK * BLOCK, within = first - begin;
        const size_t left = layer->channels - first;
        struct slice slice = {.weights = arranged,
                              .bias = layer->bias + begin + within / GROUP,
                              .factors = layer->factors + begin + within / GROUP,
                              .channels = left < how->channels ? left : how->channels};
        how->arrange(layer->weights + begin / BLOCK * weight_bytes + within, side, arranged);
        size_t made = 0;
        for (size_t top = 0; top < plan.high; top++) {
            for (; made < top + plan.reach; made++) {
                const size_t row = made - layer->top; /* huge above the first one */
                how->make_line(layer, &plan,
                               row < height ? x + row * width * layer->channels + first : NULL,
                               width, slice.channels, ring + made % plan.reach * plan.line_bytes);
            }
            for (size_t down = 0; down < side; down++)
                slice.lines[down] = ring + (top + down * dilation) % plan.reach * plan.line_bytes;
            how->convolve(layer, &plan, &slice, y + top * plan.wide * layer->channels + first);
        }
    }
    free(memory);
    return 0;
}
