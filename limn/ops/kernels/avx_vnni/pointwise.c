#define LIMN_AVX_VNNI 1
#include "../avx2/pointwise.c"
