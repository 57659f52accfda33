/* SPDX-License-Identifier: Apache-2.0
 * x86_64: keeps known values in the vCPU's registers.
 *
 * In a system call: x87, SSE, AVX, AVX-512 and PKRU state. Linux does not load these registers again when a
 * thread returns from a system call on the vCPU on which it was last to use them, even if the vCPU was idle
 * in between (fpregs_state_valid() in arch/x86/kernel/fpu). So in a guest that sleeps the values stay in the
 * vCPU, and what a move does to them is seen after the sleep.
 *
 * In a spin: the general registers, RFLAGS and the bases of FS and GS as well. */
#include "agent.h"

#ifdef __x86_64__
#include "registers_x86.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define XSTATE_BV 512u
#define USED_STATE 0x2e7u /* x87, SSE, AVX, opmask, ZMM_Hi256, Hi16_ZMM, PKRU */
#define NORMAL_MXCSR 0x1f80u

static __thread struct held mine;

/* Where the registers are in an XSAVE area. `offset` 0: from CPUID leaf 0xd. */
static struct group {
    const char *name;
    unsigned component, offset, size, count, stride;
} groups[] = {
    {"fcw", 0, 0, 2, 1, 0},         {"fsw", 0, 2, 2, 1, 0},       {"ftw", 0, 4, 1, 1, 0},
    {"st", 0, 32, 10, 8, 16},       {"mxcsr", 1, 24, 4, 1, 0},    {"xmm", 1, 160, 16, 16, 16},
    {"ymm-high", 2, 0, 16, 16, 16}, {"k", 5, 0, 8, 8, 8},         {"zmm-high", 6, 0, 32, 16, 32},
    {"zmm-more", 7, 0, 64, 16, 64}, {"pkru", 9, 0, 4, 1, 0},
};
#define GROUPS (sizeof groups / sizeof *groups)
static uint32_t used_state; /* bits of XCR0; 0: this CPU has FXSAVE only */

static bool has(const struct group *g)
{
    return g->component < 2 || (used_state & 1u << g->component);
}

/* Finds out once what the CPU has. Called before threads are started. */
void registers_prepare(bool without_dscr)
{
    uint32_t a, b, c, d;

    (void)without_dscr; /* POWER's alone */
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
        return;
    asm volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    used_state = a & USED_STATE;
    for (struct group *g = groups; g < groups + GROUPS; g++)
        if (g->component >= 2 && has(g)) {
            __cpuid_count(0xd, g->component, a, b, c, d);
            g->offset = b;
            if (b + g->count * g->size > AREA)
                used_state &= ~(1u << g->component);
        }
}


static long in_syscall_fxsave(struct held *h, long nr, const long a[6])
{
    register long r10 asm("r10") = a[3], r8 asm("r8") = a[4], r9 asm("r9") = a[5];
    long result = nr;

    asm volatile("fxrstor64 %c[load](%[h])\n\t"
                 "syscall\n\t"
                 "fxsave64 %c[found](%[h])\n\t"
                 "fninit\n\t"
                 "ldmxcsr %c[mxcsr](%[h])"
                 : "+a"(result)
                 : "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9), [h] "r"(h),
                   [load] AT(load), [found] AT(found), [mxcsr] AT(mxcsr)
                 : "rcx", "r11", "cc", "memory", X87_AND_SSE);
    return result;
}

static long in_syscall_xsave(struct held *h, long nr, const long a[6])
{
    register long r10 asm("r10") = a[3], r8 asm("r8") = a[4], r9 asm("r9") = a[5];
    long result = used_state, number = nr, third = a[2];

    asm volatile("xorl %%edx, %%edx\n\t"
                 "xrstor64 %c[load](%[h])\n\t"
                 "xchgq %%rax, %[number]\n\t"
                 "movq %[third], %%rdx\n\t"
                 "syscall\n\t"
                 "xchgq %%rax, %[number]\n\t"
                 "xorl %%edx, %%edx\n\t"
                 "xsave64 %c[found](%[h])\n\t"
                 "fninit\n\t"
                 "ldmxcsr %c[mxcsr](%[h])"
                 : "+a"(result), [number] "+r"(number)
                 : "D"(a[0]), "S"(a[1]), "r"(r10), "r"(r8), "r"(r9), [h] "r"(h), [third] "r"(third),
                   [load] AT(load), [found] AT(found), [mxcsr] AT(mxcsr)
                 : "rcx", "rdx", "r11", "cc", "memory", X87_AND_SSE);
    if (used_state & AVX)
        asm volatile("vzeroupper" ::: X87_AND_SSE);
    return number;
}

static long in_syscall(struct held *h, long nr, const long a[6])
{
    return used_state ? in_syscall_xsave(h, nr, a) : in_syscall_fxsave(h, nr, a);
}


/* XSAVE leaves the area of a component as it was if the component has its initial value. */
static void zero_what_was_not_stored(struct held *h)
{
    uint64_t stored;

    if (!used_state)
        return;
    memcpy(&stored, h->found + XSTATE_BV, sizeof stored);
    for (struct group *g = groups; g < groups + GROUPS; g++)
        if (has(g) && !(stored & 1u << g->component))
            for (unsigned i = 0; i < g->count; i++)
                memset(h->found + g->offset + i * g->stride, 0, g->size);
}

/* Calls `differs` for each register whose stored value is not the expected one. */
static void compare_area(struct held *h, void (*differs)(unsigned place, const char *name, const void *expected,
                                                         const void *found, size_t size))
{
    unsigned place = 0;

    zero_what_was_not_stored(h);
    for (const struct group *g = groups; g < groups + GROUPS; g++)
        for (unsigned i = 0; has(g) && i < g->count; i++, place++) {
            unsigned at = g->offset + i * g->stride;
            char name[24];

            if (!memcmp(h->expected + at, h->found + at, g->size) || h->lost_before[place])
                continue;
            snprintf(name, sizeof name, g->count > 1 ? "%s%u" : "%s", g->name, i);
            differs(place, name, h->expected + at, h->found + at, g->size);
        }
}

static void note_as_lost_before(unsigned place, const char *name, const void *expected, const void *found,
                                size_t size)
{
    (void)name;
    (void)expected;
    (void)found;
    (void)size;
    mine.lost_before[place] = true;
}

static void report(unsigned place, const char *name, const void *expected, const void *found, size_t size)
{
    (void)place;
    registers_lost(name, expected, found, size);
}

/* Values that differ from thread to thread, and control words that are valid: no exception is enabled, and
 * rounding, precision and the top of the x87 stack are not the usual ones. */
static void choose_values(struct held *h)
{
    static _Atomic uint64_t seeds = 1;
    uint64_t seed = atomic_fetch_add(&seeds, 1);
    const uint16_t fcw = 0x0a7f, fsw = 0x5d20;
    const uint32_t mxcsr = 0x3fa0, pkru = 0x55555554;
    const uint64_t stored = used_state;

    for (const struct group *g = groups; g < groups + GROUPS; g++)
        for (unsigned i = 0; has(g) && i < g->count; i++)
            fill_with(h->load + g->offset + i * g->stride, g->size, seed + 1000 * (g->offset + i));
    memcpy(h->load, &fcw, sizeof fcw);
    memcpy(h->load + 2, &fsw, sizeof fsw);
    h->load[4] = 0xbf;
    memcpy(h->load + 24, &mxcsr, sizeof mxcsr);
    if (used_state & 1u << 9)
        memcpy(h->load + groups[GROUPS - 1].offset, &pkru, sizeof pkru);
    memcpy(h->load + XSTATE_BV, &stored, sizeof stored);
    memcpy(h->expected, h->load, AREA);
    h->state = used_state;
    h->mxcsr = NORMAL_MXCSR;
}

/* What an accelerator does not hold even within one system call is no sign of a bad move. */
static void prepare_thread(struct held *h)
{
    choose_values(h);
    for (unsigned i = 0; i < 3; i++) {
        in_syscall(h, SYS_sched_yield, (long[6]){0});
        compare_area(h, note_as_lost_before);
    }
    h->ready = true;
}

static void check(struct held *h)
{
    if (registers_take_injected_loss())
        h->found[160] ^= 0xff;
    compare_area(h, report);
    registers_compared();
}

/* Between the two calls only functions of files with WITHOUT_HELD_REGISTERS may run; of the C library only what
 * reads a clock. */
void registers_hold(void)
{
    if (!mine.ready)
        prepare_thread(&mine);
    mine.interrupted = false;
    if (used_state)
        asm volatile("xrstor64 %0" ::"m"(*(const char(*)[AREA])mine.load), "a"(used_state), "d"(0) : "memory");
    else
        asm volatile("fxrstor64 %0" ::"m"(*(const char(*)[512])mine.load) : "memory");
}

void registers_release(void)
{
    if (used_state)
        asm volatile("xsave64 %0" : "+m"(*(char(*)[AREA])mine.found) : "a"(used_state), "d"(0) : "memory");
    else
        asm volatile("fxsave64 %0" : "+m"(*(char(*)[512])mine.found)::"memory");
    asm volatile("fninit\n\tldmxcsr %0" ::"m"(mine.mxcsr));
    if (used_state & AVX)
        asm volatile("vzeroupper");
    if (!mine.interrupted)
        check(&mine);
}

long registers_held_syscall(long nr, const long a[6])
{
    long result;

    if (!mine.ready)
        prepare_thread(&mine);
    result = in_syscall(&mine, nr, a);
    check(&mine);
    mine.interrupted = true;
    return result;
}

void registers_spin(uint64_t rounds)
{
    if (!mine.ready)
        prepare_thread(&mine);
    registers_x86_spin(&mine, rounds);
    check(&mine);
}

void registers_list_kinds(struct text *out)
{
    for (const struct group *g = groups; g < groups + GROUPS; g++)
        if (has(g))
            text_add(out, "%s,", g->name);
    text_add(out, "general");
}
#endif
