/* SPDX-License-Identifier: Apache-2.0
 * Registers in the memory of PCI devices, by a table. A range is in it only if reading it has no effect
 * and neither the device nor its driver changes it while the device works: no counters, ring positions,
 * causes of interrupts, issued commands, and no masks that a driver sets while it handles an interrupt.
 * Sources: the devices' data sheets, and QEMU's models of them. */
#include "readback.h"

#include <stdio.h>

static const struct range {
    uint16_t vendor, device;
    uint8_t bar, width;     /* bytes of one access */
    uint16_t first, last;   /* offsets */
    uint16_t stride;        /* distance of two registers; 0: as the width */
} ranges[] = {
    /* Intel e1000 and e1000e: control, receive and transmit control, rings, filters */
#define INTEL_NIC(device)                                                                                   \
    {0x8086, device, 0, 4, 0x0000, 0x0000, 0}, {0x8086, device, 0, 4, 0x0008, 0x0008, 0},                   \
    {0x8086, device, 0, 4, 0x0018, 0x0018, 0}, {0x8086, device, 0, 4, 0x0028, 0x0038, 0},                   \
    {0x8086, device, 0, 4, 0x0100, 0x0100, 0}, {0x8086, device, 0, 4, 0x0170, 0x0170, 0},                   \
    {0x8086, device, 0, 4, 0x0400, 0x0410, 0},                                                             \
    {0x8086, device, 0, 4, 0x0e00, 0x0e00, 0}, {0x8086, device, 0, 4, 0x1000, 0x1000, 0},                   \
    {0x8086, device, 0, 4, 0x2160, 0x2168, 0}, {0x8086, device, 0, 4, 0x2800, 0x2808, 0},                   \
    {0x8086, device, 0, 4, 0x2820, 0x282c, 0}, {0x8086, device, 0, 4, 0x3800, 0x3808, 0},                   \
    {0x8086, device, 0, 4, 0x3820, 0x382c, 0}, {0x8086, device, 0, 4, 0x5000, 0x5008, 0},                   \
    {0x8086, device, 0, 4, 0x5200, 0x547c, 0}, {0x8086, device, 0, 4, 0x5600, 0x5808, 0},                   \
    {0x8086, device, 0, 4, 0x5818, 0x5820, 0}
    INTEL_NIC(0x100e),
    INTEL_NIC(0x10d3),
    {0x8086, 0x10d3, 0, 4, 0x00e4, 0x00e4, 0},
    {0x8086, 0x10d3, 0, 4, 0x5c00, 0x5ca4, 0},
    /* RTL8139: address and multicast filter, receive buffer, configuration */
    {0x10ec, 0x8139, 1, 1, 0x00, 0x0d, 0}, {0x10ec, 0x8139, 1, 4, 0x30, 0x30, 0},
    {0x10ec, 0x8139, 1, 4, 0x44, 0x44, 0}, {0x10ec, 0x8139, 1, 1, 0x51, 0x59, 0},
    {0x10ec, 0x8139, 1, 2, 0xe0, 0xe0, 0},
    /* tulip: bus mode, lists */
    {0x1011, 0x0019, 1, 4, 0x00, 0x00, 0}, {0x1011, 0x0019, 1, 4, 0x18, 0x20, 8},
    /* pcnet: the address PROM */
    {0x1022, 0x2000, 1, 1, 0x00, 0x0f, 0},
    /* vmxnet3: shared memory and address */
    {0x15ad, 0x07b0, 1, 4, 0x10, 0x18, 8}, {0x15ad, 0x07b0, 1, 4, 0x28, 0x30, 8},
    /* AHCI 1.3.1: capabilities, global control, ports; of six ports the lists, interrupt enable, command
     * without the current slot, signature, status and control. Not: the causes of interrupts IS and PxIS,
     * errors, the commands PxSACT and PxCI. */
#define AHCI_PORT(device, at)                                                                               \
    {0x8086, device, 5, 4, at, at + 0x0c, 0}, {0x8086, device, 5, 4, at + 0x14, at + 0x14, 0},              \
    {0x8086, device, 5, 4, at + 0x18, at + 0x18, 0},                                                        \
    {0x8086, device, 5, 4, at + 0x24, at + 0x2c, 0}
    {0x8086, 0x2922, 5, 4, 0x00, 0x04, 0}, {0x8086, 0x2922, 5, 4, 0x0c, 0x10, 0},
    AHCI_PORT(0x2922, 0x100), AHCI_PORT(0x2922, 0x180), AHCI_PORT(0x2922, 0x200),
    AHCI_PORT(0x2922, 0x280), AHCI_PORT(0x2922, 0x300), AHCI_PORT(0x2922, 0x380),
    /* xHCI of QEMU: command, contexts, slots, ports; interrupter 0, without the count of its moderation */
    {0x1b36, 0x000d, 0, 4, 0x00, 0x1c, 0}, {0x1b36, 0x000d, 0, 4, 0x40, 0x40, 0},
    {0x1b36, 0x000d, 0, 4, 0x54, 0x54, 0}, {0x1b36, 0x000d, 0, 4, 0x70, 0x78, 0},
    {0x1b36, 0x000d, 0, 4, 0x440, 0x4b0, 16}, {0x1b36, 0x000d, 0, 4, 0x1024, 0x1034, 0},
    /* EHCI: interrupt enable, segment, periodic list, configured flag, ports */
    {0x8086, 0x24cd, 0, 4, 0x28, 0x28, 0}, {0x8086, 0x24cd, 0, 4, 0x30, 0x34, 0},
    {0x8086, 0x24cd, 0, 4, 0x60, 0x74, 0},
    /* OHCI: control, communications area, interval, root hub. The driver enables a list, and sets its head,
     * when there is a transfer for it (Linux drivers/usb/host/ohci-q.c, ed_schedule). */
    {0x106b, 0x003f, 0, 4, 0x04, 0x04, 0}, {0x106b, 0x003f, 0, 4, 0x18, 0x18, 0},
    {0x106b, 0x003f, 0, 4, 0x34, 0x34, 0}, {0x106b, 0x003f, 0, 4, 0x40, 0x58, 0},
    /* LSI 53C895A: control, own identifier, DMA mode, interrupt enables, response. What a selection or a
     * script sets is left out: SCNTL1 to SCNTL3, SXFER, SBR. */
    {0x1000, 0x0012, 1, 1, 0x00, 0x00, 0}, {0x1000, 0x0012, 1, 1, 0x04, 0x04, 0},
    {0x1000, 0x0012, 1, 1, 0x38, 0x39, 0}, {0x1000, 0x0012, 1, 1, 0x3b, 0x3b, 0},
    {0x1000, 0x0012, 1, 1, 0x40, 0x41, 0}, {0x1000, 0x0012, 1, 1, 0x4a, 0x4a, 0},
    /* MegaRAID: firmware state and interrupt mask */
    {0x1000, 0x0060, 0, 4, 0x34, 0x34, 0}, {0x1000, 0x0060, 0, 4, 0xb0, 0xb0, 0},
    /* VGA of QEMU: Bochs' display interface */
    {0x1234, 0x1111, 2, 2, 0x500, 0x514, 0},
};

/* Bits that change in use, of registers whose other bits do not */
static const struct {
    uint16_t vendor, device, first, last, stride;
    uint32_t bits;
} changing[] = {
    {0x8086, 0x2922, 0x118, 0x398, 0x80, 0x00001f00},   /* AHCI PxCMD: the current slot */
    {0x1b36, 0x000d, 0x1024, 0x1024, 4, 0xffff0000},    /* xHCI IMOD: its count */
    {0x106b, 0x003f, 0x04, 0x04, 4, 0x0000003c},        /* OHCI HcControl: lists that are enabled */
};

static uint32_t kept_bits(const struct pci_device *d, unsigned offset)
{
    for (unsigned i = 0; i < sizeof changing / sizeof *changing; i++)
        if (changing[i].vendor == d->vendor && changing[i].device == d->device && offset >= changing[i].first
            && offset <= changing[i].last && (offset - changing[i].first) % changing[i].stride == 0)
            return ~changing[i].bits;
    return UINT32_MAX;
}

static uint64_t value_at(volatile unsigned char *at, unsigned width)
{
    if (width == 1)
        return *at;
    return width == 2 ? *(volatile uint16_t *)at : *(volatile uint32_t *)at;
}

void readback_bars(const struct pci_device *d)
{
    for (unsigned i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct range *r = &ranges[i];
        unsigned stride = r->stride ? r->stride : r->width;
        volatile unsigned char *memory;
        char group[GROUP_NAME];

        if (r->vendor != d->vendor || r->device != d->device)
            continue;
        memory = mapped_bar(d->path, r->bar, 0, r->last + r->width);
        snprintf(group, sizeof group, "%s memory", d->name);
        for (unsigned offset = r->first; memory && offset <= r->last; offset += stride)
            readings_add(group, offset, value_at(memory + offset, r->width) & kept_bits(d, offset));
    }
}
