/* SPDX-License-Identifier: Apache-2.0
 * The network check: an ARP request for 10.0.2.2. QEMU's user netdev answers it, also with restrict=on. */
#include "agent_devices.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_AGAIN_US 50000u
#define ASK_AGAIN_US 200000u

static const unsigned char own_ip[4] = {10, 0, 2, 15}, gateway_ip[4] = {10, 0, 2, 2};

/* A driver may find its card long after the module was loaded. */
static bool find_interface(struct device *d, char *reason)
{
    while (!sysfs_find_by_driver("/sys/class/net", "", d->selector, d->interface, sizeof d->interface)) {
        if (ran_us() + LOOK_AGAIN_US >= d->deadline_us) {
            snprintf(reason, REASON, "no interface is driven by %s", d->selector);
            return false;
        }
        sleep_until_us(now_us() + LOOK_AGAIN_US);
    }
    return true;
}

static bool interface_up(struct device *d, unsigned char *mac, char *reason)
{
    struct ifreq request = {.ifr_flags = 0};

    snprintf(request.ifr_name, sizeof request.ifr_name, "%.15s", d->interface);
    if (ioctl(d->socket, SIOCGIFFLAGS, &request) != 0) {
        snprintf(reason, REASON, "%s: %s", d->interface, strerror(errno));
        return false;
    }
    if (!(request.ifr_flags & IFF_UP)) {
        request.ifr_flags |= IFF_UP;
        if (ioctl(d->socket, SIOCSIFFLAGS, &request) != 0) {
            snprintf(reason, REASON, "%s up: %s", d->interface, strerror(errno));
            return false;
        }
    }
    if (ioctl(d->socket, SIOCGIFHWADDR, &request) != 0) {
        snprintf(reason, REASON, "%s address: %s", d->interface, strerror(errno));
        return false;
    }
    memcpy(mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
    return true;
}

static struct sockaddr_ll broadcast_address(const struct device *d)
{
    struct sockaddr_ll to = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETH_P_ARP),
                             .sll_ifindex = (int)if_nametoindex(d->interface),
                             .sll_halen = ETH_ALEN};

    memset(to.sll_addr, 0xff, ETH_ALEN);
    return to;
}

static bool send_request(struct device *d, const unsigned char *mac)
{
    struct sockaddr_ll to = broadcast_address(d);
    struct ether_arp arp = {.ea_hdr = {.ar_hrd = htons(ARPHRD_ETHER),
                                       .ar_pro = htons(ETH_P_IP),
                                       .ar_hln = ETH_ALEN,
                                       .ar_pln = 4,
                                       .ar_op = htons(ARPOP_REQUEST)}};

    memcpy(arp.arp_sha, mac, ETH_ALEN);
    memcpy(arp.arp_spa, own_ip, 4);
    memcpy(arp.arp_tpa, gateway_ip, 4);
    return sendto(d->socket, &arp, sizeof arp, 0, (struct sockaddr *)&to, sizeof to) == (ssize_t)sizeof arp;
}

static bool answered(int fd, uint64_t deadline)
{
    for (;;) {
        struct pollfd want = {.fd = fd, .events = POLLIN};
        uint64_t now = now_us();
        struct ether_arp arp;

        if (now >= deadline || poll(&want, 1, (int)((deadline - now) / 1000 + 1)) <= 0)
            return false;
        if (recv(fd, &arp, sizeof arp, MSG_DONTWAIT) == (ssize_t)sizeof arp &&
            arp.ea_hdr.ar_op == htons(ARPOP_REPLY) && !memcmp(arp.arp_spa, gateway_ip, 4))
            return true;
    }
}

/* The socket stays open: closing a packet socket waits for an RCU grace period, about 45 ms under TCG, and
 * no frame would be in flight in that time. */
static bool open_socket(struct device *d, char *reason)
{
    struct sockaddr_ll at = broadcast_address(d);

    if (d->socket > 0)
        return true;
    d->socket = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ARP));
    if (d->socket > 0 && bind(d->socket, (struct sockaddr *)&at, sizeof at) == 0)
        return true;
    snprintf(reason, REASON, "packet socket on %s: %s", d->interface, strerror(errno));
    if (d->socket > 0)
        close(d->socket);
    d->socket = 0;
    return false;
}

/* Discards late answers to earlier requests. */
static void discard_earlier_frames(int fd)
{
    char frame[256];

    while (recv(fd, frame, sizeof frame, MSG_DONTWAIT) > 0)
        ;
}

void check_net(struct device *d, char *reason)
{
    uint64_t started = now_us();
    unsigned char mac[ETH_ALEN];
    int failed = 0;

    if (!find_interface(d, reason) || !open_socket(d, reason) || !interface_up(d, mac, reason))
        return;
    discard_earlier_frames(d->socket);
    while (ran_us() < d->deadline_us) { /* repeat: a frame sent before the link is up is lost */
        uint64_t until = now_us() + ASK_AGAIN_US;

        if (!send_request(d, mac))
            failed = errno;
        else if (answered(d->socket, until))
            return;
        else
            failed = 0;
        sleep_until_us(until);
    }
    if (failed)
        snprintf(reason, REASON, "send on %s: %s", d->interface, strerror(failed));
    else
        snprintf(reason, REASON, "10.0.2.2 did not answer on %s in %llu ms", d->interface,
                 (unsigned long long)(now_us() - started) / 1000);
}

/* Fills in nothing but the filter of the card, so that its state is not the one after a reset. */
void network_join_multicast(struct text *out)
{
    static const unsigned char address[ETH_ALEN] = {0x01, 0x00, 0x5e, 0x68, 0x70, 0x01};
    struct ifreq request = {.ifr_flags = 0};
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char name[64];

    request.ifr_hwaddr.sa_family = AF_UNSPEC;
    memcpy(request.ifr_hwaddr.sa_data, address, ETH_ALEN);
    if (!sysfs_find_by_driver("/sys/class/net", "", "virtio_net", name, sizeof name)) {
        text_fail(out, "no interface is driven by virtio_net");
    } else {
        snprintf(request.ifr_name, sizeof request.ifr_name, "%.15s", name);
        if (fd < 0 || ioctl(fd, SIOCADDMULTI, &request) != 0)
            text_fail(out, "multicast address on %.15s: %s", name, strerror(errno));
    }
    if (fd >= 0)
        close(fd);
}
