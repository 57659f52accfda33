/* SPDX-License-Identifier: Apache-2.0
 * The registers of virtio devices over PCI: the common configuration with all queues, and the device's own.
 * Offsets: virtio 1.2, 4.1.4.3. The interrupt status is not read, because reading clears it. */
#include "readback.h"

#include <stdio.h>

#define VIRTIO_VENDOR 0x1af4u
#define CAPABILITIES 0x34u
#define VENDOR_CAPABILITY 0x09u
#define MAX_CAPABILITIES 48u
#define MAX_QUEUES 64u
#define COMMON_BYTES 0x38u
#define DEVICE_BYTES 64u
#define INPUT_DEVICE 0x1052u /* its configuration is a window that QEMU does not migrate: what was asked last */
#define NET_DEVICE 0x1041u
#define TRANSITIONAL_NET_DEVICE 0x1000u
#define NET_STATUS 0x04u            /* the word with the last bytes of the MAC address and the status */
#define NET_ANNOUNCE (0x0002u << 16) /* set by the device after a move until the driver has announced itself */
enum { COMMON = 1, DEVICE = 4 };
enum { DRIVER_OK = 4 };

static uint32_t le32(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

#define R16(at) (*(volatile uint16_t *)(at))
#define R32(at) (*(volatile uint32_t *)(at))

static void read_features(const char *group, volatile unsigned char *c)
{
    uint32_t of_device = R32(c), of_driver = R32(c + 8);

    for (unsigned i = 0; i < 2; i++) {
        R32(c) = i;
        readings_add(group, 0x04 + 0x100 * i, R32(c + 0x04));
        R32(c + 8) = i;
        readings_add(group, 0x0c + 0x100 * i, R32(c + 0x0c));
    }
    R32(c) = of_device;
    R32(c + 8) = of_driver;
}

static void read_queues(const char *name, volatile unsigned char *c, unsigned queues)
{
    uint16_t selected = R16(c + 0x16);

    for (unsigned q = 0; q < queues && q < MAX_QUEUES; q++) {
        char group[GROUP_NAME];

        R16(c + 0x16) = (uint16_t)q;
        snprintf(group, sizeof group, "%s queue %u", name, q);
        for (unsigned offset = 0x18; offset < 0x20; offset += 2) /* size, vector, enabled, notify */
            readings_add(group, offset, R16(c + offset));
        if (R16(c + 0x1c))
            for (unsigned offset = 0x20; offset < COMMON_BYTES; offset += 4) /* the rings' addresses */
                readings_add(group, offset, R32(c + offset));
    }
    R16(c + 0x16) = selected;
}

/* The driver selects features and queues only while it sets the device up, which is over by DRIVER_OK. */
static void read_common(const char *name, volatile unsigned char *c)
{
    char group[GROUP_NAME];

    snprintf(group, sizeof group, "%s common", name);
    readings_add(group, 0x00, R32(c));        /* which features are shown: of the device, of the driver */
    readings_add(group, 0x08, R32(c + 0x08));
    readings_add(group, 0x16, R16(c + 0x16)); /* which queue is shown */
    readings_add(group, 0x10, R16(c + 0x10)); /* vector of configuration changes */
    readings_add(group, 0x12, R16(c + 0x12)); /* number of queues */
    readings_add(group, 0x14, c[0x14]);       /* status */
    if (!(c[0x14] & DRIVER_OK))
        return;
    read_features(group, c);
    read_queues(name, c, R16(c + 0x12));
}

static void read_own(const struct pci_device *d, volatile unsigned char *c, unsigned length)
{
    bool net = d->device == NET_DEVICE || d->device == TRANSITIONAL_NET_DEVICE;
    char group[GROUP_NAME];

    snprintf(group, sizeof group, "%s device", d->name);
    for (unsigned offset = 0; offset + 4 <= length && offset < DEVICE_BYTES; offset += 4)
        readings_add(group, offset, R32(c + offset) & ~(net && offset == NET_STATUS ? NET_ANNOUNCE : 0u));
}

void readback_virtio(const struct pci_device *d)
{
    unsigned at = d->config[CAPABILITIES] & ~3u;

    for (unsigned i = 0; d->vendor == VIRTIO_VENDOR && at && at + 16 <= sizeof d->config && i < MAX_CAPABILITIES; i++) {
        const unsigned char *c = d->config + at;

        if (c[0] == VENDOR_CAPABILITY && (c[3] == COMMON || c[3] == DEVICE)) {
            uint32_t length = c[3] == COMMON ? COMMON_BYTES : le32(c + 12);
            volatile unsigned char *memory = mapped_bar(d->path, c[4], le32(c + 8), length);

            if (memory && c[3] == COMMON)
                read_common(d->name, memory);
            else if (memory && d->device != INPUT_DEVICE)
                read_own(d, memory, length);
        }
        at = c[1] & ~3u;
    }
}
