/* SPDX-License-Identifier: Apache-2.0
 * Prints which registers readback_virtio.c reads of a device's own configuration, all of whose bits are set:
 * `offset value`, in hexadecimal. Argument: device. */
#include "made_up_device.h"

#include <stdlib.h>

enum { LENGTH = 12 };

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
