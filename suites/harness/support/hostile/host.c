// SPDX-License-Identifier: Apache-2.0
// Escapes to the host's processes, sockets and files that main.c was given.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "escapes.h"

#define ANY_HOST 2 /* VMADDR_CID_HOST */
#define VSOCK 40

static bool connects(int family, const struct sockaddr *address, socklen_t length) {
    int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return descriptor >= 0 && connect(descriptor, address, length) == 0;
}

static bool signal_process(void) { return kill(host_pid, 0) == 0; }

static bool see_process(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", host_pid);
    return access(path, F_OK) == 0;
}

static bool connect_network(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)host_port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connects(AF_INET, (struct sockaddr *)&address, sizeof address);
}

static bool connect_abstract_socket(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path + 1, abstract_socket, sizeof address.sun_path - 2);
    size_t length = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(abstract_socket);
    return connects(AF_UNIX, (struct sockaddr *)&address, (socklen_t)length);
}

static bool connect_socket_file(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, host_socket, sizeof address.sun_path - 1);
    return connects(AF_UNIX, (struct sockaddr *)&address, sizeof address);
}

// vsock has no network namespace before Linux 7.0: it leads to the hypervisor, or to the host's listeners.
static bool reach_hypervisor(void) { return socket(VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0; }

static bool read_file(void) { return open(host_file, O_RDONLY | O_CLOEXEC) >= 0; }

const struct escape host_escapes[] = {
    {"signal-process", signal_process},
    {"see-process", see_process},
    {"connect-network", connect_network},
    {"connect-abstract-socket", connect_abstract_socket},
    {"connect-socket-file", connect_socket_file},
    {"reach-hypervisor", reach_hypervisor},
    {"read-file", read_file},
    {NULL, NULL},
};
