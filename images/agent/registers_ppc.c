/* SPDX-License-Identifier: Apache-2.0
 * POWER: keeps known values in the vCPU's registers while a writer writes, while a beat is sent, and while a
 * holder spins.
 *
 * Linux stores FP, Altivec and VSX registers when a thread sleeps and loads them again afterwards, so values
 * are in the vCPU only while a thread runs. */
#include "agent.h"

#ifdef __powerpc64__
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Special registers, in the order in which the assembler code below stores them. Those from TAR on, and the
 * VSRs, can be held while other code runs. */
enum special { LR, CTR, XER, CR, TAR, DSCR, VRSAVE, FPSCR, SPECIALS };
/* KVM on a little-endian host does not move VSCR: KVM_REG_PPC_VSCR is vr.vscr.u[3] in its powerpc.c, but Linux
 * stores VSCR in the first word there. QEMU makes this node only under KVM (spapr_dt_hypervisor). */
#define UNDER_KVM "/proc/device-tree/hypervisor/compatible"
static bool vscr_is_kept, dscr_is_held;
static const char *const special_names[SPECIALS] = {"lr", "ctr", "xer", "cr", "tar", "dscr", "vrsave", "fpscr"};

/* The assembler code uses these offsets: it has the numbers. */
struct held {
    uint64_t gpr[32], special[SPECIALS];             /* 0, 256: values to load */
    unsigned char vsr[64][16], vscr[16];             /* 320, 1344 */
    uint64_t gpr_found[32], special_found[SPECIALS]; /* 1360, 1616 */
    unsigned char vsr_found[64][16], vscr_found[16]; /* 1680, 2704 */
    uint64_t saved_gpr[32], saved_special[SPECIALS]; /* 2720, 2976: the caller's */
    unsigned char saved_vsr[64][16], saved_vscr[16]; /* 3040, 4064 */
    uint64_t with_dscr;                              /* 4080 */
    uint64_t special_expected[SPECIALS];
    unsigned char vscr_expected[16];
    bool ready, interrupted;
} __attribute__((aligned(16)));
static __thread struct held mine;
_Static_assert(offsetof(struct held, special) == 256 && offsetof(struct held, vsr) == 320, "offsets");
_Static_assert(offsetof(struct held, vscr) == 1344 && offsetof(struct held, gpr_found) == 1360, "offsets");
_Static_assert(offsetof(struct held, special_found) == 1616 && offsetof(struct held, vsr_found) == 1680, "");
_Static_assert(offsetof(struct held, vscr_found) == 2704 && offsetof(struct held, saved_gpr) == 2720, "");
_Static_assert(offsetof(struct held, saved_special) == 2976 && offsetof(struct held, saved_vsr) == 3040, "");
_Static_assert(offsetof(struct held, saved_vscr) == 4064 && offsetof(struct held, with_dscr) == 4080, "offsets");

/* r3 points to the values, r4 counts, r1 is the stack. \at: 0 for what is loaded, 1360, or 2720. */
void registers_ppc_spin(struct held *h, uint64_t rounds);
void registers_ppc_hold(struct held *h);
void registers_ppc_release(struct held *h);
asm(".macro store_vector at\n"
    "mfspr 5, 815\n std 5, \\at + 288(3)\n"
    "ld 5, 4080(3)\n cmpdi 7, 5, 0\n beq 7, 8f\n"
    "mfspr 5, 3\n std 5, \\at + 296(3)\n"
    "8:\n"
    "mfspr 5, 256\n std 5, \\at + 304(3)\n"
    "addi 5, 3, \\at + 320\n"
    ".set n, 0\n"
    ".rept 64\n"
    "stxvd2x n, 0, 5\n addi 5, 5, 16\n"
    ".set n, n + 1\n"
    ".endr\n"
    "mfvscr 0\n stvx 0, 0, 5\n"
    "mffs 0\n stfd 0, \\at + 312(3)\n"
    ".endm\n"
    ".macro load_vector at\n"
    "lfd 0, \\at + 312(3)\n mtfsf 0xff, 0, 1, 0\n"
    "addi 5, 3, \\at + 320\n"
    "addi 6, 5, 1024\n"
    "lvx 0, 0, 6\n mtvscr 0\n"
    ".set n, 0\n"
    ".rept 64\n"
    "lxvd2x n, 0, 5\n addi 5, 5, 16\n"
    ".set n, n + 1\n"
    ".endr\n"
    "ld 5, \\at + 288(3)\n mtspr 815, 5\n"
    "ld 5, 4080(3)\n cmpdi 7, 5, 0\n beq 7, 8f\n"
    "ld 5, \\at + 296(3)\n mtspr 3, 5\n"
    "8:\n"
    "ld 5, \\at + 304(3)\n mtspr 256, 5\n"
    ".endm\n"
    ".macro store_all at\n"
    ".irp n,0,2,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "std \\n, \\at + 8*\\n(3)\n"
    ".endr\n"
    "mflr 5\n std 5, \\at + 256(3)\n"
    "mfctr 5\n std 5, \\at + 264(3)\n"
    "mfxer 5\n std 5, \\at + 272(3)\n"
    "mfcr 5\n std 5, \\at + 280(3)\n"
    "store_vector \\at\n"
    ".endm\n"
    ".macro load_all at\n"
    "load_vector \\at\n"
    "ld 5, \\at + 256(3)\n mtlr 5\n"
    "ld 5, \\at + 264(3)\n mtctr 5\n"
    "ld 5, \\at + 272(3)\n mtxer 5\n"
    "ld 5, \\at + 280(3)\n mtcr 5\n"
    ".irp n,0,2,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "ld \\n, \\at + 8*\\n(3)\n"
    ".endr\n"
    ".endm\n"
    ".text\n"
    ".balign 16\n"
    ".globl registers_ppc_spin\n"
    ".type registers_ppc_spin, @function\n"
    "registers_ppc_spin:\n"
    "store_all 2720\n"
    "load_all 0\n"
    "1: addi 4, 4, -1\n"
    "cmpdi 7, 4, 0\n"
    "bne 7, 1b\n"
    "store_all 1360\n"
    "load_all 2720\n"
    "blr\n"
    ".size registers_ppc_spin, . - registers_ppc_spin\n"
    ".globl registers_ppc_hold\n"
    ".type registers_ppc_hold, @function\n"
    "registers_ppc_hold:\n"
    "store_vector 2720\n"
    "load_vector 0\n"
    "blr\n"
    ".size registers_ppc_hold, . - registers_ppc_hold\n"
    ".globl registers_ppc_release\n"
    ".type registers_ppc_release, @function\n"
    "registers_ppc_release:\n"
    "store_vector 1360\n"
    "load_vector 2720\n"
    "blr\n"
    ".size registers_ppc_release, . - registers_ppc_release\n");

static void fill(void *out, size_t size, uint64_t seed)
{
    for (unsigned char *at = out; size > 0; size--) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        *at++ = (unsigned char)(seed >> 56 | 1);
    }
}

/* No FP exception is enabled. What a CPU does not implement of a special register reads as it likes, as long
 * as it reads the same twice: that is the expected value. */
static void prepare_thread(struct held *h)
{
    static _Atomic uint64_t seeds = 1;
    const uint32_t vscr[4] = {0x10001, 0x10001, 0x10001, 0x10001}; /* NJ and SAT, in whichever word they are */
    uint64_t seed = atomic_fetch_add(&seeds, 1);

    fill(h->gpr, sizeof h->gpr, seed);
    fill(h->special, sizeof h->special, seed + 1000);
    fill(h->vsr, sizeof h->vsr, seed + 2000);
    memcpy(h->vscr, vscr, sizeof vscr);
    h->special[XER] = 0xa0000025;
    h->special[CR] = 0x5a3c96f0;
    h->special[DSCR] = 0x155;
    h->with_dscr = dscr_is_held;
    h->special[VRSAVE] &= 0xffffffff;
    h->special[FPSCR] = 0x582000003; /* decimal and binary rounding mode, FX, XX */
    registers_ppc_spin(h, 1);
    memcpy(h->special_expected, h->special_found, sizeof h->special_expected);
    memcpy(h->vscr_expected, h->vscr_found, sizeof h->vscr_expected);
    h->ready = true;
}

static void check_special(const struct held *h, unsigned first)
{
    for (unsigned i = first; i < SPECIALS; i++) {
        uint64_t ignored = i == CR ? 0xf : 0; /* the loop uses the last field */

        if ((h->special_expected[i] ^ h->special_found[i]) & ~ignored)
            registers_lost(special_names[i], &h->special_expected[i], &h->special_found[i], 8);
    }
    if (vscr_is_kept && memcmp(h->vscr_expected, h->vscr_found, sizeof h->vscr_expected))
        registers_lost("vscr", h->vscr_expected, h->vscr_found, sizeof h->vscr_found);
}

static void check_vector(struct held *h)
{
    char name[16];

    if (registers_take_injected_loss())
        h->vsr_found[0][0] ^= 0xff;
    for (unsigned i = 0; i < 64; i++)
        if (memcmp(h->vsr[i], h->vsr_found[i], 16)) {
            snprintf(name, sizeof name, "vsr%u", i);
            registers_lost(name, h->vsr[i], h->vsr_found[i], 16);
        }
    registers_compared();
}

static void check_general(const struct held *h)
{
    char name[16];

    for (unsigned i = 0; i < 32; i++)
        if (i != 1 && i != 3 && i != 4 && h->gpr[i] != h->gpr_found[i]) {
            snprintf(name, sizeof name, "r%u", i);
            registers_lost(name, &h->gpr[i], &h->gpr_found[i], 8);
        }
}

void registers_prepare(bool without_dscr)
{
    dscr_is_held = !without_dscr;
    vscr_is_kept = access(UNDER_KVM, F_OK) != 0;
}

void registers_spin(uint64_t rounds)
{
    if (!mine.ready)
        prepare_thread(&mine);
    registers_ppc_spin(&mine, rounds);
    check_vector(&mine);
    check_special(&mine, 0);
    check_general(&mine);
}

long registers_held_syscall(long nr, const long a[6])
{
    long result = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);

    mine.interrupted = true;
    return result < 0 ? -errno : result;
}

/* The C library may use these registers while a thread sleeps. */
void registers_hold(void)
{
    if (!mine.ready)
        prepare_thread(&mine);
    mine.interrupted = false;
    registers_ppc_hold(&mine);
}

void registers_release(void)
{
    registers_ppc_release(&mine);
    if (mine.interrupted)
        return;
    check_vector(&mine);
    check_special(&mine, TAR);
}

void registers_list_kinds(struct text *out)
{
    text_add(out, vscr_is_kept ? "general,vsr,vscr" : "general,vsr");
    for (unsigned i = 0; i < SPECIALS; i++)
        if (i != DSCR || dscr_is_held)
            text_add(out, ",%s", special_names[i]);
}
#endif
