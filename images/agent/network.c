/* SPDX-License-Identifier: Apache-2.0
 * The network check: ask who has 10.0.2.2. QEMU's user netdev answers, restricted or not. */
#include "agent.h"

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

#define REPLY_US 2800000u /* less than what the runner waits, so that the reason is this one */
#define ASK_AGAIN_US 200000u

static const unsigned char own_ip[4] = {10, 0, 2, 15}, gateway_ip[4] = {10, 0, 2, 2};

static bool interface_up(int fd, unsigned char *mac, char *reason)
{
    struct ifreq request = {.ifr_name = "eth0"};

    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
        snprintf(reason, REASON, "eth0: %s", strerror(errno));
        return false;
    }
    if (!(request.ifr_flags & IFF_UP)) {
        request.ifr_flags |= IFF_UP;
        if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) {
            snprintf(reason, REASON, "eth0 up: %s", strerror(errno));
            return false;
        }
    }
    if (ioctl(fd, SIOCGIFHWADDR, &request) != 0) {
        snprintf(reason, REASON, "eth0 address: %s", strerror(errno));
        return false;
    }
    memcpy(mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
    return true;
}

static struct sockaddr_ll everyone(void)
{
    struct sockaddr_ll to = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETH_P_ARP),
                             .sll_ifindex = (int)if_nametoindex("eth0"),
                             .sll_halen = ETH_ALEN};

    memset(to.sll_addr, 0xff, ETH_ALEN);
    return to;
}

static bool ask(int fd, const unsigned char *mac)
{
    struct sockaddr_ll to = everyone();
    struct ether_arp arp = {.ea_hdr = {.ar_hrd = htons(ARPHRD_ETHER),
                                       .ar_pro = htons(ETH_P_IP),
                                       .ar_hln = ETH_ALEN,
                                       .ar_pln = 4,
                                       .ar_op = htons(ARPOP_REQUEST)}};

    memcpy(arp.arp_sha, mac, ETH_ALEN);
    memcpy(arp.arp_spa, own_ip, 4);
    memcpy(arp.arp_tpa, gateway_ip, 4);
    return sendto(fd, &arp, sizeof arp, 0, (struct sockaddr *)&to, sizeof to) == (ssize_t)sizeof arp;
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

/* One socket for ever: closing a packet socket waits for an RCU grace period, some 45 ms under TCG, in
 * which there would be no frame in flight. */
static int bound_socket(char *reason)
{
    static int fd = -1;
    struct sockaddr_ll at = everyone();

    if (fd >= 0)
        return fd;
    fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ARP));
    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    snprintf(reason, REASON, "packet socket on eth0: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    fd = -1;
    return fd;
}

/* A late answer to an earlier question proves nothing. */
static void forget_earlier_frames(int fd)
{
    char frame[256];

    while (recv(fd, frame, sizeof frame, MSG_DONTWAIT) > 0)
        ;
}

void device_net(char *reason)
{
    uint64_t deadline = now_us() + REPLY_US;
    int fd = bound_socket(reason), failed = 0;
    unsigned char mac[ETH_ALEN];

    if (fd < 0 || !interface_up(fd, mac, reason))
        return;
    forget_earlier_frames(fd);
    while (now_us() < deadline) { /* asked again: a frame sent before the link is up is lost */
        uint64_t until = now_us() + ASK_AGAIN_US;

        if (!ask(fd, mac))
            failed = errno;
        else if (answered(fd, until))
            return;
        else
            failed = 0;
        sleep_until_us(until);
    }
    if (failed)
        snprintf(reason, REASON, "send on eth0: %s", strerror(failed));
    else
        snprintf(reason, REASON, "10.0.2.2 did not answer in %u ms", REPLY_US / 1000);
}
