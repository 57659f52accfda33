/* SPDX-License-Identifier: Apache-2.0
 * Unix sockets on which the suite listens, or to which it connects, in place of a program. */
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool address_of(const char *path, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    errno = ENAMETOOLONG;
    if (strlen(path) >= sizeof address->sun_path)
        return false;
    strcpy(address->sun_path, path);
    return true;
}

static bool listen_at(uint32_t channel, int fd, const struct sockaddr_un *address, bool datagrams)
{
    unlink(address->sun_path);
    return bind(fd, (const void *)address, sizeof *address) == 0 && (datagrams || listen(fd, 1) == 0) &&
           channel_listen(channel, fd);
}

/* Not blocking: if the queue of the listening program is full, it is EAGAIN, and the suite asks again. */
static bool connect_to(uint32_t channel, int fd, const struct sockaddr_un *address)
{
    return connect(fd, (const void *)address, sizeof *address) == 0 && channel_add(channel, fd, false);
}

void socket_request(unsigned type, uint32_t id, struct fields f)
{
    uint32_t channel = take_u32(&f);
    char *path = take_string(&f);
    bool datagrams = type == LISTEN && take_u32(&f);
    int fd = socket(AF_UNIX, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address;
    bool done = fd >= 0 && address_of(path, &address) &&
                (type == LISTEN ? listen_at(channel, fd, &address, datagrams)
                                : connect_to(channel, fd, &address));
    int error = errno;

    if (!done && fd >= 0)
        close(fd);
    errno = done ? 0 : error;
    answer_errno(id, path);
    free(path);
}
