/* SPDX-License-Identifier: Apache-2.0
 * POWER: special-purpose registers that a program can read and that do not count. */
#include "agent.h"

#ifdef __powerpc64__
#include <sys/auxv.h>

#define READ_SPR(values, n, number) \
    do { \
        uint64_t value; \
        asm volatile("mfspr %0, " #number : "=r"(value)); \
        add(values, n, number, value); \
    } while (0)

static void add(struct cpu_value *values, unsigned *n, uint32_t number, uint64_t value)
{
    values[(*n)++] = (struct cpu_value){
        .kind = SPECIAL, .leaf = number, .words = {(uint32_t)value, (uint32_t)(value >> 32)}};
}

unsigned cpu_state_read(unsigned cpu, struct cpu_value *values)
{
    unsigned n = 0;

    (void)cpu;
    READ_SPR(values, &n, 287); /* PVR: which processor this is; the kernel reads it for the program */
    READ_SPR(values, &n, 259); /* SPRG3: the number of the vCPU */
    READ_SPR(values, &n, 13);  /* AMR */
    READ_SPR(values, &n, 256); /* VRSAVE: 32 bits, though QEMU 7.2 keeps 64 */
    values[n - 1].words[1] = 0;
    return n;
}
#endif
