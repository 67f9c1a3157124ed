#include "avx_vnni.h"
#include "../avx2/avx2.h"

#if LIMN_X86

const struct kernels limn_avx_vnni = {
    .pointwise = limn_avx_vnni_pointwise,
    .dequantise = limn_avx2_dequantise,
    .depthwise = limn_avx_vnni_depthwise,
    .depthwise_quads = limn_avx_vnni_depthwise_quads,
    .upsample_add = limn_avx2_upsample_add,
    .blocks = limn_avx2_blocks,
};

#endif
