/* SPDX-License-Identifier: Apache-2.0
 * x86_64: the values that a thread keeps in the vCPU's registers. Used by registers_x86.c and spin_x86.c. */
#ifndef REGISTERS_X86_H
#define REGISTERS_X86_H

#include "agent.h"

#define AREA 3072u /* bytes of XSAVE state that are used here; PKRU, the last component, ends at 2696 */
#define AVX (1u << 2)

struct held {
    unsigned char load[AREA], expected[AREA], found[AREA]; /* XSAVE areas; only FXSAVE's part without XSAVE */
    uint64_t gpr[16], gpr_found[16]; /* in the order of the encoding; [4], RSP, is not used */
    uint64_t flags, flags_found;
    uint64_t fs, gs;
    uint32_t state, mxcsr; /* bits of XCR0 that are used, 0 without XSAVE; MXCSR for all other code */
    bool ready, interrupted;
    bool lost_before[128]; /* registers that did not hold their value even without a move */
} __attribute__((aligned(64)));

#define AT(field) "i"(offsetof(struct held, field))
#define X87_AND_SSE "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)", "xmm0", "xmm1", "xmm2",\
    "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

/* Bytes that are not 0. */
static inline void fill_with(void *out, size_t size, uint64_t seed)
{
    for (unsigned char *at = out; size > 0; size--) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        *at++ = (unsigned char)(seed >> 56 | 1);
    }
}

void registers_x86_spin(struct held *h, uint64_t rounds);

#endif
