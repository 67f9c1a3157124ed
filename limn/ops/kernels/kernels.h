/* Operators of an INT8 network, for CPUs with AVX2 and FMA (since 2013), with AVX-VNNI (Intel's without
 * AVX-512 since 2021), with AVX-512 VNNI (Intel since 2019, AMD since Zen 4) and with AMX (Intel since
 * 2023). All compute the same bits.
 *
 * Activations are uint8[N, H, W, C]. A real number r is stored as q = round(r / scale) + zero_point,
 * rounded half to even and clamped to 0 to 255, as ONNX's QuantizeLinear does it. Weights come packed
 * by `export/packing.py`, which says how; biases hold what the zero points add, and a factor per
 * channel is scale_x * scale_w / scale_y.
 */
#ifndef LIMN_KERNELS_H
#define LIMN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define LIMN_X86 1
#else
#define LIMN_X86 0
#endif

#if defined(_WIN32)
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

enum { GROUP = 4, LANES = 16, BLOCK = 64 };
/* 4 products are added into each of 16 sums; 4 times 16 sums are a block of 64 channels. */

/* A sum of two quantised values: q = a * a_factor + b * b_factor + offset. */
struct addition {
    float a_factor, b_factor, offset;
};

/* A 1x1 convolution: `weights` and the rest per output channel, in panels. */
struct pointwise {
    size_t inputs, outputs;
    const int8_t *weights;
    const int32_t *bias;
    const float *factors;
    int32_t zero;
};

/* A convolution of each channel by itself. */
struct depthwise {
    size_t channels, kernel, stride, dilation, top, left, bottom, right;
    const int8_t *weights;
    const int32_t *bias;
    const float *factors;
    int32_t x_zero, zero;
};

size_t limn_depthwise_blocks(const struct depthwise *layer);
size_t limn_depthwise_groups(const struct depthwise *layer);

struct upsample {
    int32_t x_zero, zero;
    float factor; /* of a sixteenth */
    struct addition addition;
};

struct kernels {
    /* `x` uint8[pixels, inputs] to `y` uint8[pixels, outputs]; with `other` uint8[pixels, outputs],
     * `addition` of it (a) and the result (b). */
    void (*pointwise)(const struct pointwise *layer, const uint8_t *x, size_t pixels,
                      const uint8_t *other, const struct addition *addition, uint8_t *y);

    /* `x` uint8[pixels, channels] to `y` float[channels, pixels]: (x - zero) * scale. */
    void (*dequantise)(const uint8_t *x, size_t pixels, size_t channels, int32_t zero, float scale,
                       float *y, size_t stride);

    /* `x` uint8[height, width, channels]; 0, or -1 where there is no memory. */
    int (*depthwise)(const struct depthwise *layer, const uint8_t *x, size_t height, size_t width,
                     uint8_t *y);

    /* The same for strides of 1; weights lie otherwise. */
    int (*depthwise_quads)(const struct depthwise *layer, const uint8_t *x, size_t height,
                           size_t width, uint8_t *y);

    /* `x` uint8[height, width, channels], bilinearly doubled (half-pixel centres) and quantised by
     * `factor` and `zero`, then `addition` of that (a) and `other` (b):
     * uint8[2 height, 2 width, channels]. */
    void (*upsample_add)(const struct upsample *layer, const uint8_t *x, size_t height,
                         size_t width, size_t channels, const uint8_t *other, uint8_t *y);

    /* `pixels` float[3, height, width], both even, quantised, to
     * `y` uint8[height / 2, width / 2, 48]: of the blocks (y, x), (y, x + 1), (y + 1, x),
     * (y + 1, x + 1) every one of 2 x 2 pixels, their colours innermost; blocks beyond the end are
     * `zero`. */
    void (*blocks)(const float *pixels, size_t height, size_t width, float scale, int32_t zero,
                   uint8_t *y);
};

extern const struct kernels limn_avx2, limn_avx_vnni, limn_vnni, limn_amx;

/* Those that this process computes by. */
extern const struct kernels *limn_kernels;

#endif
