/* 1x1 convolutions: products of matrices, requantised before the sums are forgotten.
 *
 * Weights lie as VNNI and AMX both want them. Sums are int32[pixels][4 vectors][16].
 */
#include "../panels.h"
#include "../transpose.h"
#include "amx.h"
#include "vectors.h"
#include "vnni.h"

#if LIMN_X86

enum { MAX_ROWS = 16, VECTORS = 4 };

/* One pixel, where there are too few for more. */
INLINE void multiply_one(const int WIDTH, const struct panel *panel, const uint8_t *x,
                         size_t inputs, __m512i *sums) {
    const int8_t *weights = panel->weights;
#pragma GCC unroll 4
    for (int part = 0; part < WIDTH; part++)
        sums[part] = _mm512_loadu_si512(panel->bias + LANES * part);
    for (size_t input = 0; input < inputs; input += GROUP, weights += BLOCK * WIDTH) {
        int32_t four;
        __builtin_memcpy(&four, x + input, sizeof four);
#pragma GCC unroll 4
        for (int part = 0; part < WIDTH; part++)
            sums[part] = _mm512_dpbusd_epi32(sums[part], _mm512_set1_epi32(four),
                                             _mm512_loadu_si512(weights + BLOCK * part));
    }
}

/* The loop in assembly, as compilers move sums between registers and memory in it: pixels are taken
 * from four places, three each, and every sum has a register of its own. */
#define BEGIN(to, at) "vmovdqu64 " at "(%[bias]), %%zmm" #to "\n\t"
#define LOAD(to, at) "vmovdqu64 " at "(%[weights]), %%zmm" #to "\n\t"
#define ADD(to, column) "vpdpbusd %%zmm" #column ", %%zmm31, %%zmm" #to "\n\t"
#define TAKE(place, scaled) "vpbroadcastd (%[" place "]" scaled "), %%zmm31\n\t"
#define KEEP(from, at) "vmovdqa64 %%zmm" #from ", " at "(%[sums])\n\t"
#define FIRST ""
#define SECOND ", %[stride]"
#define THIRD ", %[stride], 2"
#define REPEAT(body, width)                                                                       \
    "1:\n\t" body "add $" #width "*64, %[weights]\n\t"                                            \
    "add $4, %[a]\n\t"                                                                            \
    "add $4, %[b]\n\t"                                                                            \
    "add $4, %[c]\n\t"                                                                            \
    "add $4, %[d]\n\t"                                                                            \
    "sub $4, %[inputs]\n\t"                                                                       \
    "jnz 1b\n\t"

#define BEGIN_1                                                                                   \
    BEGIN(0, "0") BEGIN(1, "0") BEGIN(2, "0") BEGIN(3, "0") BEGIN(4, "0") BEGIN(5, "0")           \
    BEGIN(6, "0") BEGIN(7, "0") BEGIN(8, "0") BEGIN(9, "0") BEGIN(10, "0") BEGIN(11, "0")
#define BEGIN_ROW_2(p, q) BEGIN(p, "0") BEGIN(q, "64")
#define BEGIN_2                                                                                   \
    BEGIN_ROW_2(0, 1) BEGIN_ROW_2(2, 3) BEGIN_ROW_2(4, 5) BEGIN_ROW_2(6, 7) BEGIN_ROW_2(8, 9)     \
    BEGIN_ROW_2(10, 11) BEGIN_ROW_2(12, 13) BEGIN_ROW_2(14, 15) BEGIN_ROW_2(16, 17)               \
    BEGIN_ROW_2(18, 19) BEGIN_ROW_2(20, 21) BEGIN_ROW_2(22, 23)
#define BEGIN_ROW_3(p, q, r) BEGIN_ROW_2(p, q) BEGIN(r, "128")
#define BEGIN_3                                                                                   \
    BEGIN_ROW_3(0, 1, 2) BEGIN_ROW_3(3, 4, 5) BEGIN_ROW_3(6, 7, 8) BEGIN_ROW_3(9, 10, 11)         \
    BEGIN_ROW_3(12, 13, 14) BEGIN_ROW_3(15, 16, 17) BEGIN_ROW_3(18, 19, 20)                       \
    BEGIN_ROW_3(21, 22, 23)
#define BEGIN_ROW_4(p, q, r, s) BEGIN_ROW_3(p, q, r) BEGIN(s, "192")
#define BEGIN_4                                                                                   \
    BEGIN_ROW_4(0, 1, 2, 3) BEGIN_ROW_4(4, 5, 6, 7) BEGIN_ROW_4(8, 9, 10, 11)                     \
    BEGIN_ROW_4(12, 13, 14, 15) BEGIN_ROW_4(16, 17, 18, 19) BEGIN_ROW_4(20, 21, 22, 23)

#define ROW_1(place, at, p) TAKE(place, at) ADD(p, 24)
#define ROW_2(place, at, p, q) ROW_1(place, at, p) ADD(q, 25)
#define ROW_3(place, at, p, q, r) ROW_2(place, at, p, q) ADD(r, 26)
#define ROW_4(place, at, p, q, r, s) ROW_3(place, at, p, q, r) ADD(s, 27)

#define BODY_1                                                                                    \
    LOAD(24, "0")                                                                                 \
    ROW_1("a", FIRST, 0) ROW_1("a", SECOND, 1) ROW_1("a", THIRD, 2) ROW_1("b", FIRST, 3)          \
    ROW_1("b", SECOND, 4) ROW_1("b", THIRD, 5) ROW_1("c", FIRST, 6) ROW_1("c", SECOND, 7)         \
    ROW_1("c", THIRD, 8) ROW_1("d", FIRST, 9) ROW_1("d", SECOND, 10) ROW_1("d", THIRD, 11)
#define BODY_2                                                                                    \
    LOAD(24, "0") LOAD(25, "64")                                                                  \
    ROW_2("a", FIRST, 0, 1) ROW_2("a", SECOND, 2, 3) ROW_2("a", THIRD, 4, 5)                      \
    ROW_2("b", FIRST, 6, 7) ROW_2("b", SECOND, 8, 9) ROW_2("b", THIRD, 10, 11)                    \
    ROW_2("c", FIRST, 12, 13) ROW_2("c", SECOND, 14, 15) ROW_2("c", THIRD, 16, 17)                \
    ROW_2("d", FIRST, 18, 19) ROW_2("d", SECOND, 20, 21) ROW_2("d", THIRD, 22, 23)
#define BODY_3                                                                                    \
    LOAD(24, "0") LOAD(25, "64") LOAD(26, "128")                                                  \
    ROW_3("a", FIRST, 0, 1, 2) ROW_3("a", SECOND, 3, 4, 5) ROW_3("a", THIRD, 6, 7, 8)             \
    ROW_3("b", FIRST, 9, 10, 11) ROW_3("b", SECOND, 12, 13, 14) ROW_3("b", THIRD, 15, 16, 17)     \
    ROW_3("c", FIRST, 18, 19, 20) ROW_3("c", SECOND, 21, 22, 23)
#define BODY_4                                                                                    \
    LOAD(24, "0") LOAD(25, "64") LOAD(26, "128") LOAD(27, "192")                                  \
    ROW_4("a", FIRST, 0, 1, 2, 3) ROW_4("a", SECOND, 4, 5, 6, 7)                                  \
    ROW_4("a", THIRD, 8, 9, 10, 11) ROW_4("b", FIRST, 12, 13, 14, 15)                             \
    ROW_4("b", SECOND, 16, 17, 18, 19) ROW_4("b", THIRD, 20, 21, 22, 23)

#define KEEP_1                                                                                    \
    KEEP(0, "0*256") KEEP(1, "1*256") KEEP(2, "2*256") KEEP(3, "3*256") KEEP(4, "4*256")          \
    KEEP(5, "5*256") KEEP(6, "6*256") KEEP(7, "7*256") KEEP(8, "8*256") KEEP(9, "9*256")          \
    KEEP(10, "10*256") KEEP(11, "11*256")
#define KEEP_2                                                                                    \
    KEEP(0, "0*256") KEEP(1, "0*256+64") KEEP(2, "1*256") KEEP(3, "1*256+64") KEEP(4, "2*256")    \
    KEEP(5, "2*256+64") KEEP(6, "3*256") KEEP(7, "3*256+64") KEEP(8, "4*256")                     \
    KEEP(9, "4*256+64") KEEP(10, "5*256") KEEP(11, "5*256+64") KEEP(12, "6*256")                  \
    KEEP(13, "6*256+64") KEEP(14, "7*256") KEEP(15, "7*256+64") KEEP(16, "8*256")                 \
    KEEP(17, "8*256+64") KEEP(18, "9*256") KEEP(19, "9*256+64") KEEP(20, "10*256")                \
    KEEP(21, "10*256+64") KEEP(22, "11*256") KEEP(23, "11*256+64")
#define KEEP_ROW_3(row, p, q, r)                                                                  \
    KEEP(p, #row "*256") KEEP(q, #row "*256+64") KEEP(r, #row "*256+128")
#define KEEP_3                                                                                    \
    KEEP_ROW_3(0, 0, 1, 2) KEEP_ROW_3(1, 3, 4, 5) KEEP_ROW_3(2, 6, 7, 8)                          \
    KEEP_ROW_3(3, 9, 10, 11) KEEP_ROW_3(4, 12, 13, 14) KEEP_ROW_3(5, 15, 16, 17)                  \
    KEEP_ROW_3(6, 18, 19, 20) KEEP_ROW_3(7, 21, 22, 23)
#define KEEP_4                                                                                    \
    KEEP_ROW_3(0, 0, 1, 2) KEEP(3, "0*256+192") KEEP_ROW_3(1, 4, 5, 6) KEEP(7, "1*256+192")       \
    KEEP_ROW_3(2, 8, 9, 10) KEEP(11, "2*256+192") KEEP_ROW_3(3, 12, 13, 14)                       \
    KEEP(15, "3*256+192") KEEP_ROW_3(4, 16, 17, 18) KEEP(19, "4*256+192")                         \
    KEEP_ROW_3(5, 20, 21, 22) KEEP(23, "5*256+192")

#define REGISTERS                                                                                 \
    "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7", "zmm8", "zmm9", "zmm10",      \
        "zmm11", "zmm12", "zmm13", "zmm14", "zmm15", "zmm16", "zmm17", "zmm18", "zmm19", "zmm20", \
        "zmm21", "zmm22", "zmm23", "zmm24", "zmm25", "zmm26", "zmm27", "zmm31"

#define MULTIPLY(WIDTH)                                                                           \
    static VNNI void multiply_##WIDTH(const struct panel *panel, const uint8_t *x, size_t inputs, \
                                      __m512i *sums) {                                            \
        const int8_t *weights = panel->weights;                                                   \
        const size_t stride = inputs;                                                             \
        const uint8_t *a = x, *b = a + 3 * stride, *c = b + 3 * stride, *d = c + 3 * stride;      \
        __asm__ volatile(BEGIN_##WIDTH REPEAT(BODY_##WIDTH, WIDTH) KEEP_##WIDTH                   \
                         : [weights] "+&r"(weights), [a] "+&r"(a), [b] "+&r"(b), [c] "+&r"(c),    \
                           [d] "+&r"(d), [inputs] "+&r"(inputs)                                   \
                         : [bias] "r"(panel->bias), [stride] "r"(stride), [sums] "r"(sums)        \
                         : "cc", "memory", REGISTERS);                                            \
    }

MULTIPLY(1)
MULTIPLY(2)
MULTIPLY(3)
MULTIPLY(4)

/* Pixels at a time that there are registers for. */
static const size_t ROWS[VECTORS + 1] = {0, 12, 12, 8, 6};

static VNNI void multiply(const struct panel *panel, const uint8_t *x, size_t rows, size_t inputs,
                          __m512i *sums) {
    if (rows == 1) {
        switch (panel->width) {
        case 1:
            multiply_one(1, panel, x, inputs, sums);
            return;
        case 2:
            multiply_one(2, panel, x, inputs, sums);
            return;
        case 3:
            multiply_one(3, panel, x, inputs, sums);
            return;
        default:
            multiply_one(4, panel, x, inputs, sums);
            return;
        }
    }
    switch (panel->width) {
    case 1:
        multiply_1(panel, x, inputs, sums);
        return;
    case 2:
        multiply_2(panel, x, inputs, sums);
        return;
    case 3:
        multiply_3(panel, x, inputs, sums);
        return;
    default:
        multiply_4(panel, x, inputs, sums);
        return;
    }
}

/* Sums of some pixels, requantised, added to, and stored. */
INLINE void store(const int WIDTH, const int ADDS, const struct pointwise *layer,
                  const struct panel *panel, const __m512i *sums, size_t rows,
                  const uint8_t *other, const struct addition *addition, uint8_t *y) {
    const __m512i zero = _mm512_set1_epi32(layer->zero);
    const __m512i zero_16 = _mm512_set1_epi16((int16_t)(ADDS ? 0 : layer->zero));
    __m512 factors[VECTORS];
#pragma GCC unroll 4
    for (int part = 0; part < WIDTH; part++)
        factors[part] = _mm512_loadu_ps(panel->factors + LANES * part);
    const __mmask64 mask = first_bytes(panel->count);
    for (size_t row = 0; row < rows; row++) {
        const size_t place = row * layer->outputs + panel->first;
        __m512i whole[VECTORS];
#pragma GCC unroll 4
        for (int part = 0; part < WIDTH; part++)
            whole[part] = scaled(sums[VECTORS * row + (size_t)part], factors[part]);
        if (WIDTH == 4) {
            if (ADDS) {
                __m512i others[VECTORS];
                widen(_mm512_maskz_loadu_epi8(mask, other + place), others);
#pragma GCC unroll 4
                for (int part = 0; part < WIDTH; part++)
                    whole[part] = added(others[part], stored(whole[part], zero), addition);
            }
            _mm512_mask_storeu_epi8(y + place, mask, narrow(whole, zero_16));
            continue;
        }
#pragma GCC unroll 4
        for (int part = 0; part < WIDTH; part++) {
            const size_t at = place + (size_t)LANES * (size_t)part;
            const __mmask16 some = (__mmask16)(mask >> (LANES * part));
            if (ADDS) {
                const __m512i others =
                    _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(some, other + at));
                whole[part] = stored(added(others, stored(whole[part], zero), addition),
                                     _mm512_setzero_si512());
            } else {
                whole[part] = stored(whole[part], zero);
            }
            _mm512_mask_cvtepi32_storeu_epi8(y + at, some, whole[part]);
        }
    }
}

#define STORE_CASE(WIDTH)                                                                         \
    if (panel->width == WIDTH) {                                                                  \
        if (other)                                                                                \
            store(WIDTH, 1, layer, panel, sums, rows, other, addition, y);                        \
        else                                                                                      \
            store(WIDTH, 0, layer, panel, sums, rows, NULL, NULL, y);                             \
        return;                                                                                   \
    }

static VNNI void store_rows(const struct pointwise *layer, const struct panel *panel,
                            const __m512i *sums, size_t rows, const uint8_t *other,
                            const struct addition *addition, uint8_t *y) {
    STORE_CASE(4)
    STORE_CASE(3)
    STORE_CASE(2)
    STORE_CASE(1)
}

/* All pixels by one panel; the last ones twice where they do not fill a step. */
INLINE void panel_over(const int TILES, const struct pointwise *layer, const struct panel *panel,
                       const uint8_t *x, size_t pixels, const uint8_t *other,
                       const struct addition *addition, uint8_t *y) {
    __m512i sums[MAX_ROWS * VECTORS];
    size_t step = TILES ? LIMN_TILE_ROWS : ROWS[panel->width];
    if (pixels < step)
        step = 1;
    for (size_t done = 0; done < pixels; done += step) {
        const size_t from = done + step <= pixels ? done : pixels - step;
        const uint8_t *input = x + from * layer->inputs;
        if (TILES)
            limn_amx_multiply(panel->weights, panel->bias, panel->width, input, layer->inputs,
                              (int32_t *)sums);
        else
            multiply(panel, input, step, layer->inputs, sums);
        store_rows(layer, panel, sums, step, other ? other + from * layer->outputs : NULL, addition,
                   y + from * layer->outputs);
    }
}

static VNNI void by_vectors(const struct pointwise *layer, const struct panel *panel,
                            const uint8_t *x, size_t pixels, const uint8_t *other,
                            const struct addition *addition, uint8_t *y) {
    panel_over(0, layer, panel, x, pixels, other, addition, y);
}

static VNNI void by_tiles(const struct pointwise *layer, const struct panel *panel,
                          const uint8_t *x, size_t pixels, const uint8_t *other,
                          const struct addition *addition, uint8_t *y) {
    panel_over(1, layer, panel, x, pixels, other, addition, y);
}

void limn_vnni_pointwise(const struct pointwise *layer, const uint8_t *x, size_t pixels,
                         const uint8_t *other, const struct addition *addition, uint8_t *y) {
    limn_over_panels(layer, x, pixels, other, addition, y, by_vectors);
}

void limn_amx_pointwise(const struct pointwise *layer, const uint8_t *x, size_t pixels,
                        const uint8_t *other, const struct addition *addition, uint8_t *y) {
    const int tiles = limn_amx_begin(layer->inputs, limn_panel_chunk(layer, pixels));
    limn_over_panels(layer, x, pixels, other, addition, y, tiles ? by_tiles : by_vectors);
    if (tiles)
        limn_amx_end();
}

VNNI void limn_vnni_dequantise(const uint8_t *x, size_t pixels, size_t channels, int32_t zero,
                               float scale, float *y, size_t stride) {
    const __m512 factor = _mm512_set1_ps(scale);
    const __m512i shift = _mm512_set1_epi32(zero);
    for (size_t pixel = 0; pixel < pixels; pixel += LANES) {
        const size_t there = pixels - pixel < LANES ? pixels - pixel : LANES;
        const __mmask16 kept = (__mmask16)first_bytes(there);
        for (size_t channel = 0; channel < channels; channel += LANES) {
            const size_t some = channels - channel < LANES ? channels - channel : LANES;
            const __mmask16 mask = (__mmask16)first_bytes(some);
            __m128i rows[LANES];
#pragma GCC unroll 16
            for (size_t row = 0; row < LANES; row++) {
                const size_t from = pixel + (row < there ? row : 0);
                rows[row] = _mm_maskz_loadu_epi8(mask, x + from * channels + channel);
            }
            transpose(rows);
            for (size_t column = 0; column < some; column++) {
                const __m512i numbers = _mm512_sub_epi32(_mm512_cvtepu8_epi32(rows[column]), shift);
                _mm512_mask_storeu_ps(y + (channel + column) * stride + pixel, kept,
                                      _mm512_mul_ps(_mm512_cvtepi32_ps(numbers), factor));
            }
        }
    }
}

#endif
