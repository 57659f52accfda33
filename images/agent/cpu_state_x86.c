/* SPDX-License-Identifier: Apache-2.0
 * x86_64: CPUID leaves, and model-specific registers that the guest's kernel set and a move must keep. */
#include "agent.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOST_SUBLEAVES 32u
#define XCR0 0xffffffffu /* listed as an MSR with this number */

/* Not those that the kernel changes at each task switch, nor counters. QEMU's target/i386/machine.c migrates
 * these. */
static const uint32_t msrs[] = {
    0x1b,                                            /* APIC_BASE */
    0x3a, 0x3b,                                      /* FEATURE_CONTROL, TSC_ADJUST */
    0x122,                                           /* TSX_CTRL */
    0x174, 0x175, 0x176,                             /* SYSENTER_CS, ESP, EIP */
    0x1a0,                                           /* MISC_ENABLE */
    0x200, 0x201, 0x202, 0x203, 0x204, 0x205, 0x206, 0x207, 0x208, 0x209, 0x20a, 0x20b, 0x20c, 0x20d, 0x20e,
    0x20f,                                           /* MTRR_PHYSBASE, MTRR_PHYSMASK */
    0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f, /* fixed MTRRs */
    0x277, 0x2ff,                                    /* PAT, MTRR_DEF_TYPE */
    0xd90, 0xda0,                                    /* BNDCFGS, XSS */
    0x17b,                                           /* MCG_CTL */
    0x400, 0x404, 0x408, 0x40c,                      /* MC0_CTL to MC3_CTL */
    0x4b564d00, 0x4b564d01, 0x4b564d02, 0x4b564d03, 0x4b564d04, 0x4b564d06, /* KVM's */
    0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, /* EFER, STAR, LSTAR, CSTAR, FMASK */
    0xc0000103,                                      /* TSC_AUX */
    0xc0010117,                                      /* VM_HSAVE_PA */
};

static void add_leaf(struct cpu_value *values, unsigned *n, uint32_t leaf, uint32_t subleaf)
{
    struct cpu_value v = {.kind = CPUID, .leaf = leaf, .subleaf = subleaf};

    if (*n >= MAX_CPU_VALUES)
        return;
    __cpuid_count(leaf, subleaf, v.words[0], v.words[1], v.words[2], v.words[3]);
    values[(*n)++] = v;
}

/* Leaves without subleaves would answer every subleaf alike. */
static bool has_subleaves(uint32_t leaf)
{
    static const uint32_t with[] = {4, 7, 0xb, 0xd, 0xf, 0x10, 0x12, 0x14, 0x17, 0x18, 0x1d, 0x1f, 0x8000001d};

    for (unsigned i = 0; i < sizeof with / sizeof *with; i++)
        if (leaf == with[i])
            return true;
    return false;
}

/* Of leaf 0xd: software may not read the places of state components that the CPU does not have (Intel SDM,
 * volume 1, 13.2), and QEMU 11.1 shows some that QEMU 10.0 showed as 0. */
static bool is_valid(uint32_t leaf, uint32_t subleaf)
{
    uint32_t a, b, c, d, user, supervisor;

    if (leaf != 0xd || subleaf < 2)
        return true;
    __cpuid_count(0xd, 0, user, b, c, d);
    __cpuid_count(0xd, 1, a, b, supervisor, d);
    return (user | supervisor) >> subleaf & 1;
}

static void add_leaves(struct cpu_value *values, unsigned *n, uint32_t base)
{
    uint32_t last, b, c, d;

    __cpuid(base, last, b, c, d);
    if (last < base || last - base > 0x100)
        last = base;
    for (uint32_t leaf = base; leaf <= last; leaf++)
        for (uint32_t subleaf = 0; subleaf < (has_subleaves(leaf) ? MOST_SUBLEAVES : 1); subleaf++) {
            if (!is_valid(leaf, subleaf))
                continue;
            add_leaf(values, n, leaf, subleaf);
            if (subleaf > 1 && *n && leaf != 0xd && !memcmp(values[*n - 1].words, (uint32_t[4]){0}, 16))
                break;
        }
}

static void add_msrs(unsigned cpu, struct cpu_value *values, unsigned *n)
{
    char path[32];
    int fd;

    snprintf(path, sizeof path, "/dev/cpu/%u/msr", cpu);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    for (unsigned i = 0; i < sizeof msrs / sizeof *msrs && *n < MAX_CPU_VALUES; i++) {
        struct cpu_value v = {.kind = MSR, .leaf = msrs[i]};

        if (pread(fd, v.words, 8, msrs[i]) == 8)
            values[(*n)++] = v;
    }
    close(fd);
}

static void add_xcr0(struct cpu_value *values, unsigned *n)
{
    struct cpu_value v = {.kind = MSR, .leaf = XCR0};
    uint32_t a, b, c, d;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || *n >= MAX_CPU_VALUES)
        return;
    asm volatile("xgetbv" : "=a"(v.words[0]), "=d"(v.words[1]) : "c"(0));
    values[(*n)++] = v;
}

unsigned cpu_state_read(unsigned cpu, struct cpu_value *values)
{
    unsigned n = 0;

    add_msrs(cpu, values, &n);
    add_xcr0(values, &n);
    add_leaves(values, &n, 0);
    add_leaves(values, &n, 0x40000000);
    add_leaves(values, &n, 0x80000000);
    return n;
}
#endif
