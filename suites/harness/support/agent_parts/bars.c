/* SPDX-License-Identifier: Apache-2.0
 * Prints which registers readback_bars.c reads of a device, all of whose bits are set: `offset value`, in
 * hexadecimal. Arguments: vendor and device. */
#include "made_up_device.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    struct pci_device d = {.name = "device"};

    if (argc != 3)
        return 2;
    d.vendor = (uint16_t)strtoul(argv[1], NULL, 16);
    d.device = (uint16_t)strtoul(argv[2], NULL, 16);
    readback_bars(&d);
    return 0;
}
