/* Convolutions of each channel by itself without strides, a slice of the channels at a time.
 *
 * Pixels of a row of the input are brought together by fours, as they come, once for every row: an
 * output sees the four that it begins in and the next four. What a dilation keeps apart lies apart:
 * pixels of one phase follow each other. How a quad lies is a matter of the instructions.
 *
 * Weights are int8[blocks of 64 channels][rows of the kernel][2][4][64], in the order of
 * `export/packing.py`: a row's taps for an output that begins at the first of four pixels.
 */
#ifndef LIMN_QUADS_H
#define LIMN_QUADS_H

#include "kernels.h"

enum { PLACES = 4, HALVES = 2, MAX_SIDE = 5, QUAD = PLACES * BLOCK };
/* Four pixels; and the bytes of such a quad, and of as many weights. */

/* Of the lines of a slice; a phase is so many quads, the last one beyond the padding. */
struct plan {
    size_t high, wide, reach, phase_quads, line_bytes;
};

struct slice {
    const uint8_t *lines[MAX_SIDE];
    const int8_t *weights; /* as they were arranged */
    const int32_t *bias;
    const float *factors;
    size_t channels;
};

/* What instructions make of it. */
struct by_quads {
    size_t channels; /* of a slice: 64, or 32, the halves of the last dimension of weights */
    /* A row of the input, or of padding where there is none, to lines of quads. */
    void (*make_line)(const struct depthwise *layer, const struct plan *plan, const uint8_t *row,
                      size_t width, size_t channels, uint8_t *line);
    /* A slice's weights for each place that an output can begin at, in at most so many quads: the
     * places, times rows of the kernel, times 2. */
    void (*arrange)(const int8_t *weights, size_t side, int8_t *arranged);
    /* A row of outputs. */
    void (*convolve)(const struct depthwise *layer, const struct plan *plan,
                     const struct slice *slice, uint8_t *output);
};

/* 0, or -1 where there is no memory. */
int limn_over_quads(const struct depthwise *layer, const uint8_t *x, size_t height, size_t width,
                    uint8_t *y, const struct by_quads *how);

#endif
