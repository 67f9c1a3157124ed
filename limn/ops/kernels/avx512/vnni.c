#include "vnni.h"

#include "../avx2/avx2.h"

#if LIMN_X86

#define ALL_BUT_POINTWISE                                                                         \
    .dequantise = limn_vnni_dequantise, .depthwise = limn_vnni_depthwise,                         \
    .depthwise_quads = limn_vnni_depthwise_quads, .upsample_add = limn_vnni_upsample_add,         \
    .blocks = limn_avx2_blocks

const struct kernels limn_vnni = {.pointwise = limn_vnni_pointwise, ALL_BUT_POINTWISE};
const struct kernels limn_amx = {.pointwise = limn_amx_pointwise, ALL_BUT_POINTWISE};

#endif
