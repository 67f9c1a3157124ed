/* Kernels by AVX-512 VNNI; products of matrices by AMX, too. `kernels.h` says what each does. */
#ifndef LIMN_VNNI_H
#define LIMN_VNNI_H

#include "../kernels.h"

void limn_vnni_pointwise(const struct pointwise *layer, const uint8_t *x, size_t pixels,
                         const uint8_t *other, const struct addition *addition, uint8_t *y);
void limn_amx_pointwise(const struct pointwise *layer, const uint8_t *x, size_t pixels,
                        const uint8_t *other, const struct addition *addition, uint8_t *y);
void limn_vnni_dequantise(const uint8_t *x, size_t pixels, size_t channels, int32_t zero,
                          float scale, float *y, size_t stride);
int limn_vnni_depthwise(const struct depthwise *layer, const uint8_t *x, size_t height,
                        size_t width, uint8_t *y);
int limn_vnni_depthwise_quads(const struct depthwise *layer, const uint8_t *x, size_t height,
                              size_t width, uint8_t *y);
void limn_vnni_upsample_add(const struct upsample *layer, const uint8_t *x, size_t height,
                            size_t width, size_t channels, const uint8_t *other, uint8_t *y);

#endif
