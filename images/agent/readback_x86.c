/* SPDX-License-Identifier: Apache-2.0
 * What a PC has at fixed places: interrupt controllers, timers, DMA, ACPI, serial ports. Other
 * architectures have nothing here that a guest can read. */
#include "readback.h"

#ifndef __x86_64__
void readback_platform(struct text *out, uint64_t patient_until_us)
{
    (void)out;
    (void)patient_until_us;
}

void readback_smbus(const struct pci_device *d)
{
    (void)d;
}
#else
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>

#define HPET 0xfed00000u
#define HPET_COMPARATORS 3u
#define HPET_INTERRUPT 0x4u
#define HPET_PERIODIC 0x8u
#define HPET_RTC_TIMER 1u
#define APM 0xb2u
#define I8042_STATUS 0x64u
#define I8042_IN_USE 0x23u /* data waits for the guest, which kind of data, data waits for the controller */
enum { DLAB = 0x80, TRANSMITTER_EMPTY = 0x40, TRANSMIT_INTERRUPT = 0x02 };
#define LOOK_AGAIN_US 1000u
#define DIVIDER 0x10u /* its number among the readings of a serial port */
#define COMMAND_PRIORITY 20 /* main.c */
#define HIGHEST_PRIORITY 98

static void read_ports(const char *group, unsigned first, unsigned last)
{
    for (unsigned port = first; port <= last; port++)
        readings_add(group, port, inb((uint16_t)port));
}

/* Masks and triggers of the 8259; masks and pages of the DMA controllers; port 92; the speaker's gate */
static void read_chipset(void)
{
    read_ports("i8259 mask", 0x21, 0x21);
    read_ports("i8259 mask", 0xa1, 0xa1);
    read_ports("i8259 trigger", 0x4d0, 0x4d1);
    read_ports("dma mask", 0x09, 0x09); /* QEMU hw/dma/i8257.c, i8257_read_cont */
    read_ports("dma mask", 0xd2, 0xd2);
    read_ports("dma page", 0x81, 0x83);
    read_ports("dma page", 0x87, 0x87);
    read_ports("dma page", 0x89, 0x8b);
    read_ports("dma page", 0x8f, 0x8f);
    read_ports("port92", 0x92, 0x92);
    read_ports("apm", APM, APM + 1);
    readings_add("speaker", 0x61, inb(0x61) & 3);
    readings_add("i8042 status", I8042_STATUS, inb(I8042_STATUS) & ~I8042_IN_USE);
}

/* The read-back command latches the status of one counter: how it is programmed, in the lower six bits. The
 * upper two are the level of its output, which a running counter changes, and whether a new count is loaded. */
#define PIT_PROGRAMMED 0x3fu

static void read_pit(void)
{
    for (unsigned channel = 0; channel < 3; channel++) {
        outb((unsigned char)(0xe0 | 2u << channel), 0x43);
        readings_add("i8254 status", channel, inb((uint16_t)(0x40 + channel)) & PIT_PROGRAMMED);
    }
}

/* Linux emulates the RTC's interrupts by timer 1. It arms it when it finds the RTC, and disables its interrupt when
 * that comes (Linux 6.1, arch/x86/kernel/hpet.c, hpet_rtc_timer_reinit). If the counter has passed the comparator
 * before Linux wrote it, as on a slow host, it comes 43 s later. */
static uint32_t hpet_timer_config(unsigned timer, uint32_t config)
{
    return timer == HPET_RTC_TIMER && !(config & HPET_PERIODIC) ? config & ~HPET_INTERRUPT : config;
}

/* Not: its interrupt status, and comparators that are in use. A periodic timer without an interrupt goes on when
 * the lower 32 bits of the counter reach its comparator again, 43 s later (QEMU 9.1, hw/timer/hpet.c). */
static void read_hpet(void)
{
    volatile uint32_t *hpet = mapped_memory(HPET);

    if (!hpet || hpet[0] == UINT32_MAX)
        return;
    for (unsigned offset = 0; offset < 0x18; offset += 4)
        readings_add("hpet", offset, hpet[offset / 4]);
    for (unsigned timer = 0; timer < HPET_COMPARATORS; timer++) {
        unsigned first = 0x100 + 0x20 * timer;
        uint32_t config = hpet[first / 4];
        bool in_use = config & (HPET_INTERRUPT | HPET_PERIODIC);

        readings_add("hpet", first, hpet_timer_config(timer, config));
        for (unsigned offset = first + 4; offset < first + 0x18; offset += 4)
            if (!in_use || (offset != first + 8 && offset != first + 12))
                readings_add("hpet", offset, hpet[offset / 4]);
            else
                readings_unread("hpet", offset);
    }
}

static uint32_t le32(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* SMI and watchdog of ICH9, beside its ACPI registers; other chipsets have nothing there. ICH9 data sheet,
 * 13.8.3 and 13.9. The watchdog's own count and what happened (SMI_STS, TCO1_STS, TCO2_STS) are not read. */
#define ICH9_SMI 0x30u
#define ICH9_TCO 0x60u
static const uint8_t tco_registers[] = {0x02, 0x08, 0x0a, 0x0c, 0x0e, 0x10, 0x12};

static void read_ich9(unsigned base)
{
    readings_add("ich9 smi", base + ICH9_SMI, inl((uint16_t)(base + ICH9_SMI)));
    for (unsigned i = 0; i < sizeof tco_registers; i++) {
        unsigned port = base + ICH9_TCO + tco_registers[i];

        readings_add("ich9 tco", port, inw((uint16_t)port));
    }
}

/* The places of the ACPI registers, from the table FACP: ACPI 6.5, 5.2.9. Not their
 * status, which events change. */
static void read_acpi(void)
{
    unsigned char facp[116];
    FILE *file = fopen("/sys/firmware/acpi/tables/FACP", "re");
    size_t length = file ? fread(facp, 1, sizeof facp, file) : 0;
    unsigned event, control, gpe, gpe_length;

    if (file)
        fclose(file);
    if (length < sizeof facp)
        return;
    event = le32(facp + 56);
    control = le32(facp + 64);
    gpe = le32(facp + 80);
    gpe_length = facp[92];
    if (event) {
        readings_add("acpi pm1 enable", event, inw((uint16_t)(event + 2)));
        read_ich9(event);
    }
    if (control)
        readings_add("acpi pm1 control", control, inw((uint16_t)control));
    for (unsigned i = gpe_length / 2; gpe && i < gpe_length; i++)
        readings_add("acpi gpe enable", gpe + i, inb((uint16_t)(gpe + i)));
}

static bool sends_nothing(unsigned base)
{
    return (inb((uint16_t)(base + 5)) & TRANSMITTER_EMPTY) && !(inb((uint16_t)(base + 1)) & TRANSMIT_INTERRUPT);
}

static bool run_alone(bool alone)
{
    struct sched_param param = {.sched_priority = alone ? HIGHEST_PRIORITY : COMMAND_PRIORITY};

    return sched_setscheduler(0, SCHED_FIFO, &param) == 0;
}

/* The divider is behind a bit of line control: nothing may be sent meanwhile, so the port must be quiet, and
 * no other thread may run here. */
static void read_divider(const char *group, unsigned base, uint64_t patient_until_us)
{
    unsigned char control;

    while (run_alone(true) && !sends_nothing(base) && now_us() < patient_until_us) {
        run_alone(false);
        sleep_until_us(now_us() + LOOK_AGAIN_US);
    }
    if (sends_nothing(base)) {
        control = inb((uint16_t)(base + 3));
        outb(control | DLAB, (uint16_t)(base + 3));
        readings_add(group, DIVIDER, inb((uint16_t)base) | (unsigned)inb((uint16_t)(base + 1)) << 8);
        outb(control, (uint16_t)(base + 3));
    } else {
        readings_unread(group, DIVIDER);
    }
    run_alone(false);
}

/* Interrupt enable, line and modem control, scratch. Linux enables the interrupt of an empty transmitter only
 * while it sends. */
static void read_serial(unsigned base, uint64_t patient_until_us)
{
    char group[GROUP_NAME];

    snprintf(group, sizeof group, "serial port %x", base);
    readings_add(group, 1, inb((uint16_t)(base + 1)) & ~TRANSMIT_INTERRUPT);
    readings_add(group, 3, inb((uint16_t)(base + 3)));
    readings_add(group, 4, inb((uint16_t)(base + 4)));
    readings_add(group, 7, inb((uint16_t)(base + 7)));
    read_divider(group, base, patient_until_us);
}

/* The status of VMware's mouse, behind a port that takes its command from registers: QEMU hw/i386/vmport.c.
 * Without that port all bits are set. */
#define VMPORT 0x5658u
#define VMPORT_MAGIC 0x564d5868u
#define VMMOUSE_STATUS 40u
#define VMMOUSE_QUEUED 0xffffu

static void read_vmmouse(void)
{
    uint32_t eax = VMPORT_MAGIC, ebx = 0, ecx = VMMOUSE_STATUS, edx = VMPORT, esi = 0, edi = 0;

    /* QEMU writes 32 bits of all six registers back (hw/i386/vmmouse.c, vmmouse_set_data). */
    __asm__ volatile("inl %%dx, %%eax" : "+a"(eax), "+b"(ebx), "+c"(ecx), "+d"(edx), "+S"(esi), "+D"(edi));
    readings_add("vmmouse status", VMPORT, eax & ~VMMOUSE_QUEUED);
}

/* SMBus of ICH9: command, address, data, auxiliary control, which a driver sets for each transfer. Reading
 * the others has an effect. */
#define SMBUS_VENDOR 0x8086u
#define SMBUS_DEVICE 0x2930u
#define SMBUS_BAR 0x20u
#define IO_BAR 1u

void readback_smbus(const struct pci_device *d)
{
    static const uint8_t registers[] = {0x03, 0x04, 0x05, 0x06, 0x0d};
    unsigned base = d->config[SMBUS_BAR] | (unsigned)d->config[SMBUS_BAR + 1] << 8;
    char group[GROUP_NAME];

    if (!ports_work() || d->has_driver || d->vendor != SMBUS_VENDOR || d->device != SMBUS_DEVICE || !(base & IO_BAR) || !(d->config[4] & IO_BAR))
        return;
    snprintf(group, sizeof group, "%s smbus", d->name);
    for (unsigned i = 0; i < sizeof registers; i++)
        readings_add(group, registers[i], inb((uint16_t)((base & ~3u) + registers[i])));
}

void readback_platform(struct text *out, uint64_t patient_until_us)
{
    if (!ports_work()) {
        read_hpet();
        readback_lapics(out);
        return;
    }
    if (iopl(3) != 0) {
        text_fail(out, "cannot read the machine's registers: iopl: %s", strerror(errno));
        return;
    }
    read_chipset();
    read_pit();
    read_hpet();
    read_acpi();
    read_serial(0x3f8, patient_until_us);
    read_serial(0x2f8, patient_until_us);
    read_vmmouse();
    readback_lapics(out);
}
#endif
