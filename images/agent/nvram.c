/* SPDX-License-Identifier: Apache-2.0
 * The NVRAM of pseries, by the kernel's /dev/nvram. The last bytes belong to no partition that Linux uses. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MARK_BYTES 32

static unsigned char content[65536];

static ssize_t read_all(int fd)
{
    size_t len = 0;
    ssize_t n = 0;

    while (len < sizeof content && (n = pread(fd, content + len, sizeof content - len, (off_t)len)) > 0)
        len += (size_t)n;
    return n < 0 ? n : (ssize_t)len;
}

/* Writes `mark` to the last bytes, if it is given, and reports size and checksum of the whole NVRAM. */
void nvram_command(struct text *out, const char *mark)
{
    char bytes[MARK_BYTES] = "";
    int fd = open("/dev/nvram", O_RDWR | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read_all(fd);

    if (mark && size > MARK_BYTES) {
        memcpy(bytes, mark, strnlen(mark, sizeof bytes - 1));
        if (pwrite(fd, bytes, sizeof bytes, size - MARK_BYTES) == MARK_BYTES)
            size = read_all(fd);
        else
            size = -1;
    }
    if (size < 0)
        text_fail(out, "/dev/nvram: %s", strerror(errno));
    else
        text_add(out, " bytes=%zd crc=%04x", size, crc16((const char *)content, (size_t)size));
    if (fd >= 0)
        close(fd);
}
