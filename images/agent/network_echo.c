/* SPDX-License-Identifier: Apache-2.0
 * Sends back what comes to port 7 (echo) of a network card, for the peer on its network: every datagram, and
 * what comes over one TCP connection, so that the card carries segments that are larger than its frames. */
#include "agent_devices.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ECHO_PORT 7
#define DATAGRAM 2048
#define STREAM (64 << 10)
/* Room for what comes while the thread waits for its vCPU, so that no frame is lost in the guest itself. */
#define ROOM_BYTES (16 << 20)
#define TRY_AGAIN_US 1000u
/* Above the writers of a busy guest, below its beats and commands: an echo shows when the guest runs. */
#define PRIORITY 10

static _Atomic uint32_t ready;
static _Atomic uint64_t received, sent, failed;
static int echo = -1, listener = -1;

static void send_back(void)
{
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    char data[DATAGRAM];
    ssize_t got = recvfrom(echo, data, sizeof data, 0, (struct sockaddr *)&from, &length);

    if (got < 0) {
        sleep_until_us(now_us() + TRY_AGAIN_US);
        return;
    }
    atomic_fetch_add(&received, 1);
    if (sendto(echo, data, (size_t)got, 0, (struct sockaddr *)&from, length) == got)
        atomic_fetch_add(&sent, 1);
    else
        atomic_fetch_add(&failed, 1);
}

static void *echo_main(void *unused)
{
    (void)unused;
    for (;;) {
        if (atomic_load(&ready))
            send_back();
        else
            futex_wait_us(&ready, 0, UINT64_MAX);
    }
    return NULL;
}

static void send_stream_back(int connection)
{
    static char data[STREAM];
    ssize_t got;

    while ((got = recv(connection, data, sizeof data, 0)) > 0)
        if (!write_all(connection, data, (size_t)got))
            break;
    close(connection);
}

static void *stream_main(void *unused)
{
    (void)unused;
    for (;;) {
        int connection = atomic_load(&ready) ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;

        if (connection >= 0)
            send_stream_back(connection);
        else if (atomic_load(&ready))
            sleep_until_us(now_us() + TRY_AGAIN_US);
        else
            futex_wait_us(&ready, 0, UINT64_MAX);
    }
    return NULL;
}

void network_echo_start(void)
{
    start_thread(echo_main, NULL, cfg.busy ? -1 : (int)cfg.beat_cpu, PRIORITY);
    start_thread(stream_main, NULL, cfg.busy ? -1 : (int)cfg.beat_cpu, PRIORITY);
}

static bool set_address(int fd, const char *interface, unsigned long request, const char *address)
{
    struct ifreq asked = {.ifr_flags = 0};
    struct sockaddr_in in = {.sin_family = AF_INET};

    inet_pton(AF_INET, address, &in.sin_addr);
    snprintf(asked.ifr_name, sizeof asked.ifr_name, "%.15s", interface);
    memcpy(&asked.ifr_addr, &in, sizeof in);
    return ioctl(fd, request, &asked) == 0;
}

void network_echo(struct text *out, const char *driver)
{
    const int room = ROOM_BYTES;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(ECHO_PORT)};
    char interface[64];

    if (!sysfs_find_by_driver("/sys/class/net", "", driver, interface, sizeof interface)) {
        text_fail(out, "no interface is driven by %s", driver);
    } else if (echo < 0) {
        echo = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (echo < 0 || setsockopt(echo, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0 ||
            !set_address(echo, interface, SIOCSIFADDR, "10.0.2.15") ||
            !set_address(echo, interface, SIOCSIFNETMASK, "255.255.255.0") ||
            bind(echo, (struct sockaddr *)&any, sizeof any) != 0 ||
            (listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0 ||
            bind(listener, (struct sockaddr *)&any, sizeof any) != 0 || listen(listener, 1) != 0) {
            text_fail(out, "echo on %.15s: %s", interface, strerror(errno));
        } else {
            atomic_store(&ready, 1);
            futex_wake(&ready);
        }
    }
}

/* The features are those that the kernel's driver of a virtio device negotiated, bit by bit; others have none. */
void network_report(struct text *out, const char *driver)
{
    char interface[64], path[128], features[128] = "";

    if (!sysfs_find_by_driver("/sys/class/net", "", driver, interface, sizeof interface)) {
        text_fail(out, "no interface is driven by %s", driver);
        return;
    }
    snprintf(path, sizeof path, "/sys/class/net/%.15s/device/features", interface);
    read_text_file(path, features, sizeof features);
    features[strcspn(features, "\n")] = '\0';
    text_add(out, " features=%s received=%llu sent=%llu failed=%llu", *features ? features : "none",
             (unsigned long long)received, (unsigned long long)sent, (unsigned long long)failed);
}
