/* SPDX-License-Identifier: Apache-2.0
 *
 * Registers of devices that keep their values while nobody configures the device: read before a move, and
 * compared after it. Only registers whose reading changes nothing are read; counters are not.
 */
#ifndef READBACK_H
#define READBACK_H

#include "agent.h"

#define GROUP_NAME 40

/* readings.c: the values */
void readings_begin(void);
void readings_add(const char *group, unsigned offset, uint64_t value);
void readings_unread(const char *group, unsigned offset); /* it cannot be read now, and may be as before */
void readings_keep(void);
void readings_drop_changed(void); /* what was kept and has another value now does not keep still */
void readings_count(unsigned *all, unsigned *still);
void readings_compare_anew(void);
unsigned readings_differ(void); /* how many had another value in each reading since readings_compare_anew() */
unsigned readings_name(struct text *out, unsigned most); /* the same; adds the first `most` to `out` */

/* mapped.c: one page of physical memory, or a BAR of a PCI device, in this process; NULL if it cannot be
 * mapped. Never unmapped: munmap() waits for all vCPUs. */
volatile void *mapped_memory(uint64_t page);
volatile void *mapped_bar(const char *pci_device, unsigned bar, uint64_t offset, size_t length);

/* readback_pci.c: configuration space and MSI-X of PCI devices; readback_virtio.c, readback_bars.c: their
 * memory; readback_nic.c: what drivers of network cards read; readback_x86.c: what is at fixed places of a PC,
 * which other architectures do not have */
struct pci_device {
    char path[16]; /* "0000:00:1f.0" */
    char name[24]; /* "00:1f.0", with the name of its driver */
    bool has_driver;
    uint16_t vendor, device;
    unsigned char config[256];
};
void readback_pci(void);
void readback_virtio(const struct pci_device *d);
void readback_bars(const struct pci_device *d);
void readback_nics(void);
void readback_platform(struct text *out, uint64_t patient_until_us); /* may wait so long, for a serial port */
void readback_lapics(struct text *out); /* readback_lapic.c */
void readback_wait_for_timers(struct text *out); /* until the timers of all vCPUs work as they will from now on */
void readback_smbus(const struct pci_device *d); /* readback_x86.c, after readback_platform() */
bool ports_work(void); /* ports_x86.c */

#endif
