/* SPDX-License-Identifier: Apache-2.0
 * Configuration space and MSI-X tables of all PCI devices. */
#include "readback.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_BYTES 256u
#define STATUS_AND_COMMAND 0x04u
#define CAPABILITY_LIST_BIT 0x00100000u
#define HEADER_TYPE 0x0eu
#define BRIDGE_STATUS 0x1cu
#define CAPABILITIES 0x34u
#define MAX_CAPABILITIES 48u
#define MAX_DEVICES 64u
enum { POWER = 0x01, MSI = 0x05, VENDOR = 0x09, EXPRESS = 0x10, MSIX = 0x11 };
#define VIRTIO_CONFIG_WINDOW 5u /* reading it reads memory of the device */

static uint32_t word(const struct pci_device *d, unsigned offset)
{
    const unsigned char *at = d->config + offset;

    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

#define UPPER_HALF 0xffff0000u
/* Indicators and power in the control register of a slot: Linux sets them seconds after its boot. */
#define SLOT_SHOWS 0x000007c0u
enum { EXPRESS_SLOT = 0x0100, EXPRESS_TYPE = 0xf0, EXPRESS_ROOT_PORT = 0x40, EXPRESS_VERSION = 0x0f };

static void leave_out(uint32_t masks[CONFIG_BYTES / 4], unsigned offset, uint32_t bits)
{
    if (offset < CONFIG_BYTES)
        masks[offset / 4] &= ~bits;
}

/* Device, link, slot, root and second link status: PCI Express base specification, 7.5.3. */
static void mask_express(const struct pci_device *d, unsigned at, uint32_t masks[CONFIG_BYTES / 4])
{
    unsigned flags = word(d, at) >> 16;

    leave_out(masks, at + 0x08, UPPER_HALF);
    leave_out(masks, at + 0x10, UPPER_HALF);
    if (flags & EXPRESS_SLOT)
        leave_out(masks, at + 0x18, UPPER_HALF | SLOT_SHOWS);
    if ((flags & EXPRESS_TYPE) == EXPRESS_ROOT_PORT)
        leave_out(masks, at + 0x20, UINT32_MAX);
    if ((flags & EXPRESS_VERSION) >= 2)
        leave_out(masks, at + 0x30, UPPER_HALF);
}

/* Takes what devices change by themselves out of `masks`: status bits, and messages of errors. */
static void mask_capability(const struct pci_device *d, unsigned at, uint32_t masks[CONFIG_BYTES / 4])
{
    unsigned n = at / 4;

    switch (d->config[at]) {
    case POWER:
        masks[n + 1] = 0x00007fff;
        break;
    case EXPRESS:
        mask_express(d, at, masks);
        break;
    case VENDOR:
        if (d->vendor == 0x1af4 && d->config[at + 3] == VIRTIO_CONFIG_WINDOW && n + 4 < CONFIG_BYTES / 4)
            masks[n + 4] = 0;
        break;
    }
}

static void read_msix(const struct pci_device *d, unsigned at)
{
    unsigned entries = ((word(d, at) >> 16) & 0x7ff) + 1;
    uint32_t place = word(d, at + 4);
    volatile uint32_t *table = mapped_bar(d->path, place & 7, place & ~7u, entries * 16);
    char group[GROUP_NAME];

    snprintf(group, sizeof group, "%s msix", d->name);
    for (unsigned i = 0; table && i < entries * 4; i++)
        readings_add(group, i * 4, table[i]);
}

static void read_device(const struct pci_device *d)
{
    uint32_t masks[CONFIG_BYTES / 4];
    unsigned at = d->config[CAPABILITIES] & ~3u;
    char group[GROUP_NAME];

    memset(masks, 0xff, sizeof masks);
    masks[STATUS_AND_COMMAND / 4] = 0x0000ffff | CAPABILITY_LIST_BIT;
    if ((d->config[HEADER_TYPE] & 0x7f) == 1)
        masks[BRIDGE_STATUS / 4] = 0x0000ffff;
    for (unsigned i = 0; at && at + 8 <= CONFIG_BYTES && i < MAX_CAPABILITIES; i++) {
        mask_capability(d, at, masks);
        if (d->config[at] == MSIX)
            read_msix(d, at);
        at = d->config[at + 1] & ~3u;
    }
    snprintf(group, sizeof group, "%s config", d->name);
    for (unsigned offset = 0; offset < CONFIG_BYTES; offset += 4)
        if (masks[offset / 4])
            readings_add(group, offset, word(d, offset) & masks[offset / 4]);
}

static void name_device(struct pci_device *d)
{
    char link[64], driver[PATH_MAX];
    const char *name = "";
    ssize_t n;

    snprintf(link, sizeof link, "/sys/bus/pci/devices/%.15s/driver", d->path);
    n = readlink(link, driver, sizeof driver - 1);
    if (n > 0) {
        driver[n] = '\0';
        name = strrchr(driver, '/') ? strrchr(driver, '/') + 1 : driver;
    }
    d->has_driver = *name;
    snprintf(d->name, sizeof d->name, "%.7s%s%.12s", strlen(d->path) > 5 ? d->path + 5 : d->path,
             *name ? " " : "", name);
}

static bool read_config(struct pci_device *d)
{
    char path[64];
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/sys/bus/pci/devices/%.15s/config", d->path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, d->config, sizeof d->config);
    if (fd >= 0)
        close(fd);
    d->vendor = (uint16_t)word(d, 0);
    d->device = (uint16_t)(word(d, 0) >> 16);
    return n == sizeof d->config;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(a, b);
}

void readback_pci(void)
{
    static char paths[MAX_DEVICES][sizeof((struct pci_device *)0)->path];
    DIR *dir = opendir("/sys/bus/pci/devices");
    struct dirent *entry;
    unsigned n = 0;

    while (dir && n < MAX_DEVICES && (entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            snprintf(paths[n++], sizeof paths[0], "%.15s", entry->d_name);
    if (dir)
        closedir(dir);
    qsort(paths, n, sizeof paths[0], by_path);
    for (unsigned i = 0; i < n; i++) {
        struct pci_device d = {0};

        memcpy(d.path, paths[i], sizeof d.path);
        if (!read_config(&d))
            continue;
        name_device(&d);
        read_device(&d);
        readback_virtio(&d);
        readback_bars(&d);
        readback_smbus(&d);
    }
}
