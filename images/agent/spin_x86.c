/* SPDX-License-Identifier: Apache-2.0
 * x86_64: spins with known values in all registers, the general ones, RFLAGS and the bases of FS and GS too. */
#include "agent.h"

#ifdef __x86_64__
#include "registers_x86.h"

#include <asm/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FLAGS 0x200cd5u   /* ID, OF, DF, SF, ZF, AF, PF, CF */
#define ALWAYS_SET 0x202u /* IF and a reserved bit */

/* The red zone of the compiler's stack frame is skipped before RBP and the pointer are saved. RCX counts. */
static void in_spin(struct held *h, uint64_t rounds)
{
    bool avx = h->state & AVX;

    asm volatile("leaq -128(%%rsp), %%rsp\n\t"
                 "pushq %%rbp\n\t"
                 "pushq %%rdi\n\t"
                 "movl %c[state](%%rdi), %%eax\n\t"
                 "xorl %%edx, %%edx\n\t"
                 "testl %%eax, %%eax\n\t"
                 "jz 1f\n\t"
                 "xrstor64 %c[load](%%rdi)\n\t"
                 "jmp 2f\n"
                 "1:\n\t"
                 "fxrstor64 %c[load](%%rdi)\n"
                 "2:\n\t"
                 "pushq %c[flags](%%rdi)\n\t"
                 "popfq\n\t"
                 "movq %c[gpr]+0(%%rdi), %%rax\n\t"
                 "movq %c[gpr]+16(%%rdi), %%rdx\n\t"
                 "movq %c[gpr]+24(%%rdi), %%rbx\n\t"
                 "movq %c[gpr]+40(%%rdi), %%rbp\n\t"
                 "movq %c[gpr]+48(%%rdi), %%rsi\n\t"
                 "movq %c[gpr]+64(%%rdi), %%r8\n\t"
                 "movq %c[gpr]+72(%%rdi), %%r9\n\t"
                 "movq %c[gpr]+80(%%rdi), %%r10\n\t"
                 "movq %c[gpr]+88(%%rdi), %%r11\n\t"
                 "movq %c[gpr]+96(%%rdi), %%r12\n\t"
                 "movq %c[gpr]+104(%%rdi), %%r13\n\t"
                 "movq %c[gpr]+112(%%rdi), %%r14\n\t"
                 "movq %c[gpr]+120(%%rdi), %%r15\n\t"
                 "movq %c[gpr]+56(%%rdi), %%rdi\n"
                 "3:\n\t" /* neither instruction changes RFLAGS */
                 "leaq -1(%%rcx), %%rcx\n\t"
                 "jrcxz 4f\n\t"
                 "jmp 3b\n"
                 "4:\n\t"
                 "movq (%%rsp), %%rcx\n\t"
                 "movq %%rax, %c[was]+0(%%rcx)\n\t"
                 "movq %%rdx, %c[was]+16(%%rcx)\n\t"
                 "movq %%rbx, %c[was]+24(%%rcx)\n\t"
                 "movq %%rbp, %c[was]+40(%%rcx)\n\t"
                 "movq %%rsi, %c[was]+48(%%rcx)\n\t"
                 "movq %%rdi, %c[was]+56(%%rcx)\n\t"
                 "movq %%r8, %c[was]+64(%%rcx)\n\t"
                 "movq %%r9, %c[was]+72(%%rcx)\n\t"
                 "movq %%r10, %c[was]+80(%%rcx)\n\t"
                 "movq %%r11, %c[was]+88(%%rcx)\n\t"
                 "movq %%r12, %c[was]+96(%%rcx)\n\t"
                 "movq %%r13, %c[was]+104(%%rcx)\n\t"
                 "movq %%r14, %c[was]+112(%%rcx)\n\t"
                 "movq %%r15, %c[was]+120(%%rcx)\n\t"
                 "pushfq\n\t"
                 "popq %c[flags_was](%%rcx)\n\t"
                 "cld\n\t"
                 "movl %c[state](%%rcx), %%eax\n\t"
                 "xorl %%edx, %%edx\n\t"
                 "testl %%eax, %%eax\n\t"
                 "jz 5f\n\t"
                 "xsave64 %c[found](%%rcx)\n\t"
                 "jmp 6f\n"
                 "5:\n\t"
                 "fxsave64 %c[found](%%rcx)\n"
                 "6:\n\t"
                 "fninit\n\t"
                 "ldmxcsr %c[mxcsr](%%rcx)\n\t"
                 "popq %%rdi\n\t"
                 "popq %%rbp\n\t"
                 "leaq 128(%%rsp), %%rsp"
                 : "+D"(h), "+c"(rounds)
                 : [load] AT(load), [found] AT(found), [gpr] AT(gpr), [was] AT(gpr_found), [flags] AT(flags),
                   [flags_was] AT(flags_found), [state] AT(state), [mxcsr] AT(mxcsr)
                 : "rax", "rbx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc",
                   "memory", X87_AND_SSE);
    if (avx)
        asm volatile("vzeroupper" ::: X87_AND_SSE);
}

static void check_general(const struct held *h)
{
    static const char *const names[16] = {"rax", "", "rdx", "rbx", "", "rbp", "rsi", "rdi",
                                          "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};

    for (unsigned i = 0; i < 16; i++)
        if (*names[i] && h->gpr[i] != h->gpr_found[i])
            registers_lost(names[i], &h->gpr[i], &h->gpr_found[i], sizeof h->gpr[i]);
    if ((h->flags_found & FLAGS) != FLAGS)
        registers_lost("rflags", &h->flags, &h->flags_found, sizeof h->flags);
}

static void check_base(const char *name, int which, uint64_t expected)
{
    uint64_t found = 0;

    if (!syscall(SYS_arch_prctl, which, &found) && found != expected)
        registers_lost(name, &expected, &found, sizeof found);
}

static void prepare_spin(struct held *h)
{
    static _Atomic uint64_t seeds = 1;

    fill_with(h->gpr, sizeof h->gpr, atomic_fetch_add(&seeds, 1));
    h->flags = FLAGS | ALWAYS_SET;
    h->gs = (uint64_t)(uintptr_t)h;
    syscall(SYS_arch_prctl, ARCH_SET_GS, h->gs);
    syscall(SYS_arch_prctl, ARCH_GET_FS, &h->fs);
}

/* The caller compares what is in `found`. */
void registers_x86_spin(struct held *h, uint64_t rounds)
{
    if (!h->gs)
        prepare_spin(h);
    in_spin(h, rounds);
    check_general(h);
    check_base("fs-base", ARCH_GET_FS, h->fs);
    check_base("gs-base", ARCH_GET_GS, h->gs);
}
#endif
