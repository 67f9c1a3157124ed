/* The order in which 1x1 convolutions go over pixels and output channels.
 *
 * A panel is 64 output channels, the last one 16, 32, 48 or 64: 1 to 4 vectors of 16 sums. Its weights
 * are int8[inputs / 4][vectors][16][4].
 */
#ifndef LIMN_PANELS_H
#define LIMN_PANELS_H

#include "kernels.h"

struct panel {
    const int8_t *weights;
    const int32_t *bias;
    const float *factors;
    size_t first, count, width; /* output channels, and vectors of them */
};

/* Some pixels by one panel: `x`, `other` and `y` begin at the first of them. */
typedef void limn_by_panel(const struct pointwise *layer, const struct panel *panel,
                           const uint8_t *x, size_t pixels, const uint8_t *other,
                           const struct addition *addition, uint8_t *y);

/* Pixels of a chunk: it stays in a core's second cache while all panels go over it. */
size_t limn_panel_chunk(const struct pointwise *layer, size_t pixels);

void limn_over_panels(const struct pointwise *layer, const uint8_t *x, size_t pixels,
                      const uint8_t *other, const struct addition *addition, uint8_t *y,
                      limn_by_panel *by_panel);

#endif
