#include "avx2.h"

#if LIMN_X86

const struct kernels limn_avx2 = {
    .pointwise = limn_avx2_pointwise,
    .dequantise = limn_avx2_dequantise,
    .depthwise = limn_avx2_depthwise,
    .depthwise_quads = limn_avx2_depthwise_quads,
    .upsample_add = limn_avx2_upsample_add,
    .blocks = limn_avx2_blocks,
};

#endif
