#include "upsample.h"

void limn_over_lines(const struct upsample *layer, const uint8_t *x, size_t height, size_t width,
                     size_t channels, const uint8_t *other, uint8_t *y, limn_by_line *by_line) {
    const size_t bytes = width * channels;
    for (size_t place = 0; place < 2 * height; place++) {
        const size_t near = place / 2;
        const size_t above = near ? near - 1 : 0, below = near + 1 < height ? near + 1 : near;
        const size_t start = place * 2 * bytes;
        const struct line line = {x + near * bytes, x + (place % 2 ? below : above) * bytes,
                                  other + start, y + start};
        by_line(layer, &line, width, channels);
    }
}
