/* Twice the height and width, bilinearly, and a sum: what a decoder does between two levels.
 *
 * Half-pixel centres weigh the two nearest rows, and columns, by 3 and 1 quarters. So sixteenths of
 * bytes are exact in 16 bits.
 */
#ifndef LIMN_UPSAMPLE_H
#define LIMN_UPSAMPLE_H

#include "kernels.h"

/* A line of the output, of what is added, and of the input the nearer row and the other one. */
struct line {
    const uint8_t *near, *far, *other;
    uint8_t *output;
};

/* `width` of the input. */
typedef void limn_by_line(const struct upsample *layer, const struct line *line, size_t width,
                          size_t channels);

void limn_over_lines(const struct upsample *layer, const uint8_t *x, size_t height, size_t width,
                     size_t channels, const uint8_t *other, uint8_t *y, limn_by_line *by_line);

#endif
