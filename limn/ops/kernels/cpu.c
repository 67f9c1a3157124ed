/* What this CPU, and its operating system, has: which kernels a process computes by. */
#include "avx512/amx.h"
#include "kernels.h"

enum level { NONE, AVX2, VNNI, AMX };

/* The best level; each has those below it, too. */
EXPORTED int limn_kernels_supported(void);

/* For tests: compute by the kernels of a level that there is. */
EXPORTED void limn_kernels_use(int level);

const struct kernels *limn_kernels;

#if LIMN_X86
#include <cpuid.h>

int limn_kernels_supported(void) {
    const unsigned basic = 1u << 12 | 1u << 27 | 1u << 28; /* FMA, XSAVE by the system, AVX */
    const unsigned halves = 1u << 5;                       /* AVX2 */
    const unsigned whole = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; /* AVX512F, DQ, BW and VL */
    const unsigned products = 1u << 11;                               /* AVX512_VNNI */
    /* By the system: registers of 256 bits; all 32 of 512 bits, and masks. */
    const unsigned kept = 0x06, kept_whole = 0xe6;
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & basic) != basic)
        return NONE;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & kept) != kept || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & halves))
        return NONE;
    if ((low & kept_whole) != kept_whole || (b & whole) != whole || !(c & products))
        return AVX2;
    return limn_amx_allowed() ? AMX : VNNI;
}

void limn_kernels_use(int level) {
    const struct kernels *const levels[] = {
        [NONE] = NULL, [AVX2] = &limn_avx2, [VNNI] = &limn_vnni, [AMX] = &limn_amx};
    limn_kernels = levels[level];
}

__attribute__((constructor)) static void choose(void) {
    limn_kernels_use(limn_kernels_supported());
}
#else
int limn_kernels_supported(void) { return NONE; }
void limn_kernels_use(int level) { (void)level; }
#endif
