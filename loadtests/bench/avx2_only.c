/* Lets every process that it is loaded into (LD_PRELOAD) believe that its CPU has AVX2 and FMA, and
 * nothing later: no AVX-512, no VNNI, no AMX. For Linux on Intel, whose CPUs can fault on CPUID
 * (arch_prctl(2), ARCH_SET_CPUID); child processes that do not load it see the CPU as it is.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { ARCH_SET_CPUID = 0x1012, CPUID_BYTES = 2 };

/* Of leaf 7: AVX512F, DQ, IFMA, PF, ER, CD, BW and VL; VBMI, VBMI2, VNNI, BITALG and VPOPCNTDQ; 4VNNIW,
 * 4FMAPS, VP2INTERSECT and, with AMX, BF16, FP16, TILE and INT8; then AVX-VNNI, AVX512_BF16, AMX-FP16
 * and AVX-IFMA. */
static const uint32_t LATER_B = 1u << 16 | 1u << 17 | 1u << 21 | 0x7u << 26 | 1u << 30 | 1u << 31;
static const uint32_t LATER_C = 1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14;
static const uint32_t LATER_D = 1u << 2 | 1u << 3 | 1u << 8 | 0xfu << 22;
static const uint32_t LATER_A_1 = 1u << 4 | 1u << 5 | 1u << 21 | 1u << 23;

static void faults(int on) { syscall(SYS_arch_prctl, ARCH_SET_CPUID, !on); }

static void answer(int number, siginfo_t *info, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *instruction = (const uint8_t *)registers[REG_RIP];
    (void)info;
    if (instruction[0] != 0x0f || instruction[1] != 0xa2) {
        /* A fault of somebody else: met again, it ends the process. */
        signal(number, SIG_DFL);
        return;
    }
    const uint32_t leaf = (uint32_t)registers[REG_RAX], part = (uint32_t)registers[REG_RCX];
    uint32_t a = leaf, b, c = part, d;
    faults(0);
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    faults(1);
    if (leaf == 7 && part == 0) {
        b &= ~LATER_B;
        c &= ~LATER_C;
        d &= ~LATER_D;
    } else if (leaf == 7 && part == 1) {
        a &= ~LATER_A_1;
        d = 0;
    }
    registers[REG_RAX] = a;
    registers[REG_RBX] = b;
    registers[REG_RCX] = c;
    registers[REG_RDX] = d;
    registers[REG_RIP] += CPUID_BYTES;
}

__attribute__((constructor)) static void begin(void) {
    struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    faults(1);
}
