#define _GNU_SOURCE /* syscall */
#include "amx.h"

#if LIMN_X86 && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TILES __attribute__((target("amx-tile,amx-int8")))

enum {
    REQUEST_PERMISSION = 0x1023, /* arch_prctl(ARCH_REQ_XCOMP_PERM, ...) */
    TILE_DATA = 18,
    TILE_BYTES = 64,
    LEAST_INPUTS = 24 /* below, vectors are as fast */
};

int limn_amx_allowed(void) {
    unsigned a, b, c, d;
    const unsigned tile = 1u << 24, int8 = 1u << 25;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & tile) && (d & int8) &&
           syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

/* 0 to 3 are sums, 4 inputs and 5 weights, 6 and 7 what is left of these beyond a multiple of 64. */
TILES int limn_amx_begin(size_t inputs, size_t pixels) {
    if (inputs < LEAST_INPUTS || pixels < LIMN_TILE_ROWS)
        return 0;
    struct {
        uint8_t palette, start;
        uint8_t reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } config = {.palette = 1};
    const size_t rest = inputs % TILE_BYTES;
    for (int tile = 0; tile < 6; tile++) {
        config.bytes[tile] = TILE_BYTES;
        config.rows[tile] = LIMN_TILE_ROWS;
    }
    if (rest) {
        config.bytes[6] = (uint16_t)rest;
        config.rows[6] = LIMN_TILE_ROWS;
        config.bytes[7] = TILE_BYTES;
        config.rows[7] = (uint8_t)(rest / GROUP);
    }
    /* GCC 12 thinks that 8 of these bytes are read. */
    __asm__ volatile("" : : "r"(&config) : "memory");
    _tile_loadconfig(&config);
    return 1;
}

#define STEP(INPUTS, WEIGHTS)                                                                     \
    _tile_loadd(INPUTS, x, inputs);                                                               \
    _tile_loadd(WEIGHTS, weights, row);                                                           \
    _tile_dpbusd(0, INPUTS, WEIGHTS);                                                             \
    if (width > 1) {                                                                              \
        _tile_loadd(WEIGHTS, weights + BLOCK, row);                                               \
        _tile_dpbusd(1, INPUTS, WEIGHTS);                                                         \
    }                                                                                             \
    if (width > 2) {                                                                              \
        _tile_loadd(WEIGHTS, weights + 2 * BLOCK, row);                                           \
        _tile_dpbusd(2, INPUTS, WEIGHTS);                                                         \
    }                                                                                             \
    if (width > 3) {                                                                              \
        _tile_loadd(WEIGHTS, weights + 3 * BLOCK, row);                                           \
        _tile_dpbusd(3, INPUTS, WEIGHTS);                                                         \
    }

TILES void limn_amx_multiply(const int8_t *weights, const int32_t *bias, size_t width,
                             const uint8_t *x, size_t inputs, int32_t *sums) {
    const size_t row = width * BLOCK, line = 4 * BLOCK;
    /* The same line for every row. */
    _tile_loadd(0, bias, 0);
    if (width > 1)
        _tile_loadd(1, bias + LANES, 0);
    if (width > 2)
        _tile_loadd(2, bias + 2 * LANES, 0);
    if (width > 3)
        _tile_loadd(3, bias + 3 * LANES, 0);
    for (size_t left = inputs / TILE_BYTES; left; left--) {
        STEP(4, 5)
        x += TILE_BYTES;
        weights += TILE_BYTES / GROUP * row;
    }
    if (inputs % TILE_BYTES) {
        STEP(6, 7)
    }
    _tile_stored(0, sums, line);
    if (width > 1)
        _tile_stored(1, sums + LANES, line);
    if (width > 2)
        _tile_stored(2, sums + 2 * LANES, line);
    if (width > 3)
        _tile_stored(3, sums + 3 * LANES, line);
}

TILES void limn_amx_end(void) { _tile_release(); }

#else

int limn_amx_allowed(void) { return 0; }
int limn_amx_begin(size_t inputs, size_t pixels) { return (void)inputs, (void)pixels, 0; }
void limn_amx_multiply(const int8_t *weights, const int32_t *bias, size_t width, const uint8_t *x,
                       size_t inputs, int32_t *sums) {
    (void)weights, (void)bias, (void)width, (void)x, (void)inputs, (void)sums;
}
void limn_amx_end(void) {}

#endif
