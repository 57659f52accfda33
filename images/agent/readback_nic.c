/* SPDX-License-Identifier: Apache-2.0
 * What only a network card's driver can read: registers of the PHY that configure it, and the EEPROM. Both are
 * asked for by the driver's own commands, because each takes several accesses. */
#include "agent_devices.h"
#include "readback.h"

#include <linux/ethtool.h>
#include <linux/mii.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define EEPROM_WORDS 64u

/* Drivers that read the card itself, and how many words of the EEPROM; e1000's takes 3 ms for each. */
static const struct card {
    const char *driver;
    unsigned words;
} cards[] = {{"e1000", 8}, {"e1000e", 64}, {"igb", 64}, {"8139cp", 64}, {"pcnet32", 8}, {"e100", 0}};

/* Not: the status of the link, and what the other side has said of itself */
static const uint8_t phy_registers[] = {MII_BMCR, MII_PHYSID1, MII_PHYSID2, MII_ADVERTISE, MII_CTRL1000};

static void read_phy(int socket, const char *group, struct ifreq request)
{
    struct mii_ioctl_data *mii = (struct mii_ioctl_data *)&request.ifr_data;

    if (ioctl(socket, SIOCGMIIPHY, &request) != 0)
        return;
    for (unsigned i = 0; i < sizeof phy_registers; i++) {
        mii->reg_num = phy_registers[i];
        if (ioctl(socket, SIOCGMIIREG, &request) == 0)
            readings_add(group, phy_registers[i], mii->val_out);
    }
}

static void read_eeprom(int socket, const char *group, struct ifreq request, unsigned words)
{
    struct {
        struct ethtool_eeprom command;
        uint16_t words[EEPROM_WORDS];
    } eeprom = {.command = {.cmd = ETHTOOL_GEEPROM, .len = 2 * words}};

    request.ifr_data = (char *)&eeprom;
    if (ioctl(socket, SIOCETHTOOL, &request) != 0)
        return;
    for (unsigned i = 0; i < words; i++)
        readings_add(group, 2 * i, eeprom.words[i]);
}

static void read_card(int socket, const struct card *card)
{
    struct ifreq request = {.ifr_flags = 0};
    char group[GROUP_NAME];

    if (!sysfs_find_by_driver("/sys/class/net", "", card->driver, request.ifr_name, sizeof request.ifr_name))
        return;
    snprintf(group, sizeof group, "%s phy", card->driver);
    read_phy(socket, group, request);
    snprintf(group, sizeof group, "%s eeprom", card->driver);
    read_eeprom(socket, group, request, card->words);
}

void readback_nics(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    for (const struct card *card = cards; fd >= 0 && card < cards + sizeof cards / sizeof *cards; card++)
        read_card(fd, card);
    if (fd >= 0)
        close(fd);
}
