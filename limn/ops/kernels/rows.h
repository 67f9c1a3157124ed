/* Convolutions of each channel by itself, row by row of the output.
 *
 * Rows of the input are copied, with their padding, into a ring of as many as one row of the output
 * needs; columns that a stride keeps apart lie apart there. Every tap of the kernel then reads
 * consecutive bytes for consecutive outputs, whatever the number of channels: a row is cut into blocks
 * of 64 bytes, and every so many blocks begin at channel 0 again. Weights are int8[blocks][groups of 4
 * taps][4][64], in the order of `export/packing.py`.
 */
#ifndef LIMN_ROWS_H
#define LIMN_ROWS_H

#include "kernels.h"

enum { MAX_SIDE = 5 };

/* Where a row of the output finds its inputs, line by line and column by column of the kernel, and puts
 * its results. Whole blocks can be read. */
struct row {
    const uint8_t *lines[MAX_SIDE];
    size_t columns[MAX_SIDE];
    uint8_t *output;
    size_t bytes;
};

typedef void limn_by_row(const struct depthwise *layer, const struct row *row);

/* 0, or -1 where there is no memory. */
int limn_over_rows(const struct depthwise *layer, const uint8_t *x, size_t height, size_t width,
                   uint8_t *y, limn_by_row *by_row);

#endif
