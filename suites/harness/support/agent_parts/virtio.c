/* SPDX-License-Identifier: Apache-2.0
 * Prints which registers readback_virtio.c reads of a device's own configuration, all of whose bits are set:
 * `offset value`, in hexadecimal. Argument: device. */
#include "readback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 12 };

volatile void *mapped_bar(const char *pci_device, unsigned bar, uint64_t offset, size_t length)
{
    static unsigned char memory[LENGTH];

    (void)pci_device;
    (void)bar;
    (void)length;
    memset(memory, 0xff, sizeof memory);
    return memory + offset;
}

void readings_add(const char *group, unsigned offset, uint64_t value)
{
    (void)group;
    printf("%x %llx\n", offset, (unsigned long long)value);
}

int main(int argc, char **argv)
{
    struct pci_device d = {.name = "device", .vendor = 0x1af4};

    if (argc != 2)
        return 2;
    d.device = (uint16_t)strtoul(argv[1], NULL, 16);
    d.config[0x34] = 0x40;       /* the first capability: */
    d.config[0x40] = 0x09;       /* of the vendor, */
    d.config[0x43] = 4;          /* the device's own configuration */
    d.config[0x40 + 12] = LENGTH;
    readback_virtio(&d);
    return 0;
}
