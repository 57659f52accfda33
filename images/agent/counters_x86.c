/* SPDX-License-Identifier: Apache-2.0
 * x86: the TSC of a vCPU, the counters of the ACPI PM timer and the HPET, and the bytes of the CMOS memory. */
#ifdef __x86_64__
#include "readback.h"

#include <fcntl.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>
#include <x86intrin.h>

/* Fields of the ACPI table FADT (ACPI 6.5, table 5.9). */
#define PM_TMR_BLK 76u
#define FADT_FLAGS 112u
#define TMR_VAL_EXT (1u << 8)
#define PM_TIMER_HZ 3579545u
/* Registers of the HPET (IA-PC HPET specification 1.0a). */
#define HPET 0xfed00000u
#define HPET_PERIOD_FS 4u
#define HPET_CONFIG 0x10u
#define HPET_ENABLED 1u
#define HPET_COUNTER 0xf0u
#define FS_PER_S 1000000000000000ull
#define CMOS_INDEX 0x70u
#define CMOS_DATA 0x71u
/* Below are time, alarm and the status registers; reading register C would acknowledge interrupts. */
#define CMOS_FIRST 0x0eu
#define CMOS_CENTURY 0x32u
#define CMOS_PS2_CENTURY 0x37u
#define CMOS_END 0x80u
#define CMOS_TRIES 5u

static unsigned pm_timer_port;
static volatile unsigned char *hpet;

uint64_t ticks_read(void)
{
    _mm_lfence(); /* not before what precedes it */
    return __rdtsc();
}

static uint64_t read_pm_timer(void)
{
    return inl((unsigned short)pm_timer_port);
}

static uint32_t hpet_register(unsigned at)
{
    return *(volatile uint32_t *)(hpet + at);
}

static uint64_t read_hpet(void)
{
    return hpet_register(HPET_COUNTER);
}

static unsigned find_pm_timer(bool *wide)
{
    uint32_t port = 0, flags = 0;
    int fd = open("/sys/firmware/acpi/tables/FACP", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    if (pread(fd, &port, sizeof port, PM_TMR_BLK) != sizeof port
        || pread(fd, &flags, sizeof flags, FADT_FLAGS) != sizeof flags)
        port = 0;
    close(fd);
    *wide = flags & TMR_VAL_EXT;
    return port && port < 0xfffd && ports_work() && !ioperm(port, 4, 1) ? port : 0;
}

/* Not by /dev/hpet: opening that changes a timer of the HPET. One that Linux does not use stands still. */
static void find_hpet(void)
{
    hpet = mapped_memory(HPET);
    if (hpet && (hpet_register(0) == UINT32_MAX || !hpet_register(HPET_PERIOD_FS)
                 || !(hpet_register(HPET_CONFIG) & HPET_ENABLED)))
        hpet = NULL;
}

/* Bit 7 of the index stays 0: it would disable NMIs. */
static void read_cmos(unsigned char *bytes)
{
    for (unsigned i = CMOS_FIRST; i < CMOS_END; i++) {
        outb((unsigned char)i, CMOS_INDEX);
        bytes[i] = i == CMOS_CENTURY || i == CMOS_PS2_CENTURY ? 0 : inb(CMOS_DATA);
    }
}

/* The kernel uses the same two ports, so a byte counts only if it is read twice with one value. */
static void report_cmos(struct text *out)
{
    unsigned char bytes[CMOS_END] = {0}, again[CMOS_END] = {0};
    bool same = false;

    if (!ports_work() || ioperm(CMOS_INDEX, 2, 1))
        return;
    read_cmos(bytes);
    for (unsigned i = 0; i < CMOS_TRIES && !same; i++) {
        read_cmos(again);
        same = !memcmp(bytes, again, sizeof bytes);
        memcpy(bytes, again, sizeof bytes);
    }
    if (!same)
        return;
    text_add(out, " cmos=");
    for (unsigned i = CMOS_FIRST; i < CMOS_END; i++)
        text_add(out, "%02x", bytes[i]);
}

static void report(struct text *out, const char *name, uint64_t (*read)(void), uint64_t hz, unsigned bits)
{
    text_add(out, " %s", name);
    counter_add(out, counter_read(read), hz, bits);
}

void counters_report(struct text *out)
{
    static bool looked, wide;

    if (!looked) {
        pm_timer_port = find_pm_timer(&wide);
        find_hpet();
        looked = true;
    }
    if (pm_timer_port)
        report(out, "pm-timer", read_pm_timer, PM_TIMER_HZ, wide ? 32 : 24);
    if (hpet)
        report(out, "hpet", read_hpet, FS_PER_S / hpet_register(HPET_PERIOD_FS), 32);
    report_cmos(out);
}
#endif
