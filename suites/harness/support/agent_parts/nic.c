/* SPDX-License-Identifier: Apache-2.0
 * Runs readback_nic.c on a made-up card of the driver e1000e, and prints what it read: `name=value`. Argument:
 * `silent` for a driver that refuses to read registers of the PHY. */
#include "readback.h"

#include <linux/ethtool.h>
#include <linux/mii.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

static bool silent;

bool sysfs_find_by_driver(const char *directory, const char *start, const char *drivers, char *name, size_t size)
{
    (void)directory;
    (void)start;
    snprintf(name, size, "eth0");
    return !strcmp(drivers, "e1000e");
}

static int answer(unsigned long command, struct ifreq *request)
{
    struct mii_ioctl_data *mii = (struct mii_ioctl_data *)&request->ifr_data;

    if (command == SIOCETHTOOL) {
        struct ethtool_eeprom *eeprom = (struct ethtool_eeprom *)request->ifr_data;

        memset(eeprom->data, 0xee, eeprom->len);
    } else if (command == SIOCGMIIREG) {
        mii->val_out = (uint16_t)(0x100 + mii->reg_num);
        return silent ? -1 : 0;
    }
    return 0;
}

int ioctl(int socket, unsigned long command, ...)
{
    va_list rest;
    struct ifreq *request;

    (void)socket;
    va_start(rest, command);
    request = va_arg(rest, struct ifreq *);
    va_end(rest);
    return answer(command, request);
}

void readings_add(const char *group, unsigned offset, uint64_t value)
{
    printf("%s %x=%llx\n", group, offset, (unsigned long long)value);
}

int main(int argc, char **argv)
{
    silent = argc > 1 && !strcmp(argv[1], "silent");
    readback_nics();
    return 0;
}
