#include "panels.h"

enum { CHUNK_BYTES = 192 * 1024, CHUNK_STEP = 16 };

size_t limn_panel_chunk(const struct pointwise *layer, size_t pixels) {
    const size_t fitting = CHUNK_BYTES / layer->inputs + 1;
    const size_t chunks = (pixels + fitting - 1) / fitting;
    const size_t chunk = (pixels + chunks - 1) / chunks;
    const size_t whole = (chunk + CHUNK_STEP - 1) / CHUNK_STEP * CHUNK_STEP;
    return pixels < whole ? pixels : whole;
}

void limn_over_panels(const struct pointwise *layer, const uint8_t *x, size_t pixels,
                      const uint8_t *other, const struct addition *addition, uint8_t *y,
                      limn_by_panel *by_panel) {
    const size_t rows = limn_panel_chunk(layer, pixels);
    for (size_t done = 0; done < pixels; done += rows) {
        /* The last one, if it is short, begins earlier. */
        const size_t from = done + rows <= pixels ? done : pixels - rows;
        struct panel panel = {layer->weights, layer->bias, layer->factors, 0, 0, 0};
        while (panel.first < layer->outputs) {
            const size_t left = layer->outputs - panel.first;
            panel.count = left < BLOCK ? left : BLOCK;
            panel.width = (panel.count + LANES - 1) / LANES;
            by_panel(layer, &panel, x + from * layer->inputs, rows,
                     other ? other + from * layer->outputs : NULL, addition,
                     y + from * layer->outputs);
            panel.first += panel.count;
            panel.weights += panel.width * LANES * layer->inputs;
            panel.bias += panel.width * LANES;
            panel.factors += panel.width * LANES;
        }
    }
}
