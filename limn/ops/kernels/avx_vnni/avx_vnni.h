/* Kernels by AVX2, FMA and AVX-VNNI: those that differ from `avx2.h`. */
#ifndef LIMN_AVX_VNNI_H
#define LIMN_AVX_VNNI_H

#include "../kernels.h"

void limn_avx_vnni_pointwise(const struct pointwise *layer, const uint8_t *x, size_t pixels,
                             const uint8_t *other, const struct addition *addition, uint8_t *y);
int limn_avx_vnni_depthwise(const struct depthwise *layer, const uint8_t *x, size_t height,
                            size_t width, uint8_t *y);
int limn_avx_vnni_depthwise_quads(const struct depthwise *layer, const uint8_t *x, size_t height,
                                  size_t width, uint8_t *y);

#endif
