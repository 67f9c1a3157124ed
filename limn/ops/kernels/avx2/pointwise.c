/* 1x1 convolutions: products of matrices, requantised before the sums leave their registers.
 *
 * Without AVX-VNNI two neighbouring products are added in 16 bits (VPMADDUBSW): `export/kernel_graph.py`
 * makes sure that they fit. Then two such sums are added in 32.
 */
#include <string.h>

#include "../panels.h"
#include "avx2.h"
#include "vectors.h"

#if LIMN_X86

enum { SUMS = 12, DEPTH = 256, TILES = 32 };
/* A tile of pixels and output channels has so many vectors of sums, all in registers. So many inputs at
 * a time go over so many tiles: their weights stay in a core's first cache. */

/* Up to 32 output channels of a panel: 2 to 4 vectors of 8 sums. In a whole panel they are halves of its
 * four vectors, in a narrower one they follow each other. */
enum kind { HALVES, FOUR, THREE, TWO, KINDS };

static const size_t VECTORS[KINDS] = {4, 4, 3, 2}, PIXELS[KINDS] = {3, 3, 4, 6};

struct part {
    const int8_t *weights;
    const int32_t *bias;
    const float *factors;
    size_t first, count, row_bytes; /* output channels, and the weights of 4 inputs */
};

/* The loop in assembly, as compilers move sums between registers and memory in it: every sum has a
 * register of its own. */
#define BEGIN(sum) "vmovdqu 32*" #sum "(%[begin]), %[s" #sum "]\n\t"
#define TAKE(pixel) "vpbroadcastd (" pixel "), %%ymm13\n\t"
#if LIMN_AVX_VNNI
#define ADD(sum, at) "%{vex%} vpdpbusd " at "(%[weights]), %%ymm13, %[s" #sum "]\n\t"
#else
#define ADD(sum, at)                                                                              \
    "vpmaddubsw " at "(%[weights]), %%ymm13, %%ymm14\n\t"                                         \
    "vpmaddwd %%ymm15, %%ymm14, %%ymm14\n\t"                                                      \
    "vpaddd %%ymm14, %[s" #sum "], %[s" #sum "]\n\t"
#endif
#define FIRST "%[a]"
#define SECOND "%[a], %[stride]"
#define THIRD "%[a], %[stride], 2"
#define FOURTH "%[b]"
#define FIFTH "%[b], %[stride]"
#define SIXTH "%[b], %[stride], 2"

#define ROW_2(pixel, apart, p, q) TAKE(pixel) ADD(p, "0") ADD(q, apart)
#define ROW_3(pixel, apart, p, q, r) ROW_2(pixel, apart, p, q) ADD(r, apart "*2")
#define ROW_4(pixel, apart, p, q, r, s) ROW_3(pixel, apart, p, q, r) ADD(s, apart "*3")

#define THREE_BY_FOUR(apart)                                                                      \
    ROW_4(FIRST, apart, 0, 1, 2, 3) ROW_4(SECOND, apart, 4, 5, 6, 7)                              \
    ROW_4(THIRD, apart, 8, 9, 10, 11)
#define FOUR_BY_THREE                                                                             \
    ROW_3(FIRST, "32", 0, 1, 2) ROW_3(SECOND, "32", 3, 4, 5) ROW_3(THIRD, "32", 6, 7, 8)          \
    ROW_3(FOURTH, "32", 9, 10, 11)
#define SIX_BY_TWO                                                                                \
    ROW_2(FIRST, "32", 0, 1) ROW_2(SECOND, "32", 2, 3) ROW_2(THIRD, "32", 4, 5)                   \
    ROW_2(FOURTH, "32", 6, 7) ROW_2(FIFTH, "32", 8, 9) ROW_2(SIXTH, "32", 10, 11)

/* ymm15 is sixteen times 1. */
#define LOOP(body)                                                                                \
    BEGIN(0) BEGIN(1) BEGIN(2) BEGIN(3) BEGIN(4) BEGIN(5) BEGIN(6) BEGIN(7) BEGIN(8) BEGIN(9)     \
    BEGIN(10) BEGIN(11)                                                                           \
    "vpcmpeqw %%ymm15, %%ymm15, %%ymm15\n\t"                                                      \
    "vpsrlw $15, %%ymm15, %%ymm15\n\t"                                                            \
    ".p2align 4\n"                                                                                \
    "1:\n\t" body "add %[row], %[weights]\n\t"                                                    \
    "add $4, %[a]\n\t"                                                                            \
    "add $4, %[b]\n\t"                                                                            \
    "sub $4, %[inputs]\n\t"                                                                       \
    "jnz 1b\n\t"

#define MULTIPLY(name, body)                                                                      \
    INLINE void name(const int8_t *weights, size_t row_bytes, const uint8_t *x, size_t inputs,    \
                     size_t stride, const __m256i begin[SUMS], __m256i sums[SUMS]) {              \
        const uint8_t *a = x, *b = a + 3 * stride;                                                \
        __asm__ volatile(LOOP(body)                                                               \
                         : [s0] "=&x"(sums[0]), [s1] "=&x"(sums[1]), [s2] "=&x"(sums[2]),         \
                           [s3] "=&x"(sums[3]), [s4] "=&x"(sums[4]), [s5] "=&x"(sums[5]),         \
                           [s6] "=&x"(sums[6]), [s7] "=&x"(sums[7]), [s8] "=&x"(sums[8]),         \
                           [s9] "=&x"(sums[9]), [s10] "=&x"(sums[10]), [s11] "=&x"(sums[11]),     \
                           [weights] "+&r"(weights), [a] "+&r"(a), [b] "+&r"(b),                  \
                           [inputs] "+&r"(inputs)                                                 \
                         : [begin] "r"(begin), [stride] "r"(stride), [row] "r"(row_bytes)         \
                         : "cc", "memory", "xmm13", "xmm14", "xmm15");                            \
    }

MULTIPLY(three_by_halves, THREE_BY_FOUR("64"))
MULTIPLY(three_by_four, THREE_BY_FOUR("32"))
MULTIPLY(four_by_three, FOUR_BY_THREE)
MULTIPLY(six_by_two, SIX_BY_TWO)

INLINE void multiply(const enum kind KIND, const int8_t *weights, size_t row_bytes,
                     const uint8_t *x, size_t inputs, size_t stride, const __m256i begin[SUMS],
                     __m256i sums[SUMS]) {
    if (KIND == HALVES)
        three_by_halves(weights, row_bytes, x, inputs, stride, begin, sums);
    else if (KIND == FOUR)
        three_by_four(weights, row_bytes, x, inputs, stride, begin, sums);
    else if (KIND == THREE)
        four_by_three(weights, row_bytes, x, inputs, stride, begin, sums);
    else
        six_by_two(weights, row_bytes, x, inputs, stride, begin, sums);
}

/* One pixel's sums, requantised, added to, and stored. */
INLINE void store(const enum kind KIND, const int ADDS, const struct pointwise *layer,
                  const struct part *part, const __m256i *sums, const uint8_t *other,
                  const struct addition *addition, uint8_t *y) {
    const size_t apart = KIND == HALVES ? LANES : EIGHT;
    const __m256i zero = _mm256_set1_epi32(layer->zero);
    const __m256i zero_16 = _mm256_set1_epi16((int16_t)(ADDS ? 0 : layer->zero));
    __m256i whole[4], others[4];
    if (ADDS) {
        const __m256i bytes = load_up_to_32(other, part->count);
        widen(KIND == HALVES ? bytes : to_lanes(bytes), others);
    }
#pragma GCC unroll 4
    for (size_t vector = 0; vector < 4; vector++) {
        if (vector >= VECTORS[KIND]) {
            whole[vector] = _mm256_setzero_si256();
            continue;
        }
        whole[vector] = scaled(sums[vector], _mm256_loadu_ps(part->factors + apart * vector));
        if (ADDS)
            whole[vector] = added(others[vector], stored(whole[vector], zero), addition);
    }
    const __m256i bytes = narrow(whole, zero_16);
    store_up_to_32(y, part->count, KIND == HALVES ? bytes : from_lanes(bytes));
}

/* The first so many pixels of a tile. */
INLINE void store_tile(const enum kind KIND, const int ADDS, const struct pointwise *layer,
                       const struct part *part, const __m256i *sums, size_t pixels,
                       const uint8_t *other, const struct addition *addition, uint8_t *y) {
    size_t at = part->first;
#pragma GCC unroll 6
    for (size_t pixel = 0; pixel < PIXELS[KIND]; pixel++, at += layer->outputs) {
        if (pixel == pixels)
            break;
        store(KIND, ADDS, layer, part, sums + pixel * VECTORS[KIND], ADDS ? other + at : NULL,
              addition, y + at);
    }
}

/* All pixels by a part of a panel; the last ones twice where they do not fill a tile, and one as several
 * where there are fewer. */
INLINE void part_over(const enum kind KIND, const int ADDS, const struct pointwise *layer,
                      const struct part *part, const uint8_t *x, size_t pixels,
                      const uint8_t *other, const struct addition *addition, uint8_t *y) {
    const size_t inputs = layer->inputs;
    const size_t step = pixels < PIXELS[KIND] ? 1 : PIXELS[KIND], stride = step == 1 ? 0 : inputs;
    const size_t turns = (inputs + DEPTH - 1) / DEPTH;
    const size_t depth = (inputs / GROUP + turns - 1) / turns * GROUP;
    const size_t apart = KIND == HALVES ? LANES : EIGHT;
    __m256i begin[SUMS], kept[TILES][SUMS];
#pragma GCC unroll 12
    for (size_t place = 0; place < SUMS; place++)
        begin[place] = load(part->bias + place % VECTORS[KIND] * apart);
    for (size_t first = 0; first < pixels; first += TILES * step)
        for (size_t input = 0; input < inputs; input += depth) {
            const size_t some = inputs - input < depth ? inputs - input : depth;
            for (size_t tile = 0; tile < TILES && first + tile * step < pixels; tile++) {
                const size_t place = first + tile * step;
                const size_t from = place + step <= pixels ? place : pixels - step;
                __m256i sums[SUMS];
                multiply(KIND, part->weights + input / GROUP * part->row_bytes, part->row_bytes,
                         x + from * inputs + input, some, stride, input ? kept[tile] : begin, sums);
                if (input + some == inputs)
                    store_tile(KIND, ADDS, layer, part, sums, step,
                               ADDS ? other + from * layer->outputs : NULL, addition,
                               y + from * layer->outputs);
                else
                    memcpy(kept[tile], sums, sizeof sums);
            }
        }
}

#define OVER(name, KIND)                                                                          \
    static AVX2 void name(const struct pointwise *layer, const struct part *part,                 \
                          const uint8_t *x, size_t pixels, const uint8_t *other,                  \
                          const struct addition *addition, uint8_t *y) {                          \
        if (other)                                                                                \
            part_over(KIND, 1, layer, part, x, pixels, other, addition, y);                       \
        else                                                                                      \
            part_over(KIND, 0, layer, part, x, pixels, NULL, NULL, y);                            \
    }

OVER(halves_over, HALVES)
OVER(four_over, FOUR)
OVER(three_over, THREE)
OVER(two_over, TWO)

typedef void by_part(const struct pointwise *layer, const struct part *part, const uint8_t *x,
                     size_t pixels, const uint8_t *other, const struct addition *addition,
                     uint8_t *y);

/* So that vectors of 8 channels are not for nothing. */
static enum kind kind_of(size_t count) {
    if (count <= 2 * EIGHT)
        return TWO;
    return count <= 3 * EIGHT || count > 4 * EIGHT ? THREE : FOUR;
}

static void by_panel(const struct pointwise *layer, const struct panel *panel, const uint8_t *x,
                     size_t pixels, const uint8_t *other, const struct addition *addition,
                     uint8_t *y) {
    static by_part *const ways[KINDS] = {halves_over, four_over, three_over, two_over};
    const int whole = panel->width * LANES == BLOCK;
    struct part part = {.row_bytes = panel->width * BLOCK};
    for (size_t done = 0; done < panel->count; done += part.count) {
        const size_t left = panel->count - done;
        const enum kind kind = whole ? HALVES : kind_of(left);
        const size_t channels = EIGHT * VECTORS[kind], numbers = whole ? done / GROUP : done;
        part.count = left < channels ? left : channels;
        part.first = panel->first + done;
        part.weights = panel->weights + numbers * GROUP;
        part.bias = panel->bias + numbers;
        part.factors = panel->factors + numbers;
        ways[kind](layer, &part, x, pixels, other, addition, y);
    }
}

void NAMED(pointwise)(const struct pointwise *layer, const uint8_t *x, size_t pixels,
                      const uint8_t *other, const struct addition *addition, uint8_t *y) {
    limn_over_panels(layer, x, pixels, other, addition, y, by_panel);
}

#endif
