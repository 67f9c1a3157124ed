/* Kernels by AVX2 and FMA. `kernels.h` says what each does. */
#ifndef LIMN_AVX2_H
#define LIMN_AVX2_H

#include "../kernels.h"

void limn_avx2_pointwise(const struct pointwise *layer, const uint8_t *x, size_t pixels,
                         const uint8_t *other, const struct addition *addition, uint8_t *y);
void limn_avx2_dequantise(const uint8_t *x, size_t pixels, size_t channels, int32_t zero,
                          float scale, float *y, size_t stride);
int limn_avx2_depthwise(const struct depthwise *layer, const uint8_t *x, size_t height,
                        size_t width, uint8_t *y);
int limn_avx2_depthwise_quads(const struct depthwise *layer, const uint8_t *x, size_t height,
                              size_t width, uint8_t *y);
void limn_avx2_upsample_add(const struct upsample *layer, const uint8_t *x, size_t height,
                            size_t width, size_t channels, const uint8_t *other, uint8_t *y);
void limn_avx2_blocks(const float *pixels, size_t height, size_t width, float scale, int32_t zero,
                      uint8_t *y);

#endif
