/* What this CPU, and its operating system, has: which kernels a process computes by. */
#include "avx512/amx.h"
#include "kernels.h"

/* A later one is faster, where there is more than one. */
enum level { AVX2, AVX_VNNI, VNNI, AMX, LEVELS };

/* Bit n is set where level n is there. */
EXPORTED int limn_kernels_supported(void);

/* For tests: compute by the kernels of a level that is there. */
EXPORTED void limn_kernels_use(int level);

const struct kernels *limn_kernels;

#if LIMN_X86
#include <cpuid.h>

int limn_kernels_supported(void) {
    const unsigned basic = 1u << 12 | 1u << 27 | 1u << 28; /* FMA, XSAVE by the system, AVX */
    const unsigned halves = 1u << 5;                       /* AVX2 */
    const unsigned whole = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; /* AVX512F, DQ, BW and VL */
    const unsigned products = 1u << 11;                               /* AVX512_VNNI */
    const unsigned half_products = 1u << 4;                           /* AVX_VNNI */
    /* By the system: registers of 256 bits; all 32 of 512 bits, and masks. */
    const unsigned kept = 0x06, kept_whole = 0xe6;
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & basic) != basic)
        return 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & kept) != kept || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & halves))
        return 0;
    int found = 1 << AVX2;
    if ((low & kept_whole) == kept_whole && (b & whole) == whole && (c & products))
        found |= 1 << VNNI | (limn_amx_allowed() ? 1 << AMX : 0);
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & half_products))
        found |= 1 << AVX_VNNI;
    return found;
}

void limn_kernels_use(int level) {
    const struct kernels *const levels[] = {
        [AVX2] = &limn_avx2, [AVX_VNNI] = &limn_avx_vnni, [VNNI] = &limn_vnni, [AMX] = &limn_amx};
    limn_kernels = levels[level];
}

__attribute__((constructor)) static void choose(void) {
    const int found = limn_kernels_supported();
    for (int level = 0; level < LEVELS; level++)
        if (found >> level & 1)
            limn_kernels_use(level);
}
#else
int limn_kernels_supported(void) { return 0; }
void limn_kernels_use(int level) { (void)level; }
#endif
