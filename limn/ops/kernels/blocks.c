#include "blocks.h"

#include <string.h>

void limn_neighbour_blocks(size_t height, size_t width, int32_t zero, uint8_t *y) {
    const size_t high = height / SIDE, wide = width / SIDE;
    for (size_t row = 0; row < high; row++) {
        uint8_t *column = y + row * wide * COLUMN;
        for (size_t across = 0; across < wide; across++, column += COLUMN) {
            const int last = across + 1 == wide;
            if (last)
                memset(column + OWN, zero, OWN);
            else
                memcpy(column + OWN, column + COLUMN, OWN);
            if (row + 1 == high) {
                memset(column + 2 * OWN, zero, 2 * OWN);
                continue;
            }
            const uint8_t *below = column + wide * COLUMN;
            memcpy(column + 2 * OWN, below, OWN);
            if (last)
                memset(column + 3 * OWN, zero, OWN);
            else
                memcpy(column + 3 * OWN, below + COLUMN, OWN);
        }
    }
}
