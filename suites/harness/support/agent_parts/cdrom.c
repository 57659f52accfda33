/* SPDX-License-Identifier: Apache-2.0
 * Runs the part of the guest agent that uses a CD-ROM drive, and prints its answers. The medium is the file `drive` in
 * the current directory; without that file the tray is open. Arguments: what to do, one after another. `ask` is a
 * request of the host to open the tray, and `stick` a tray that does not open. */
#include "cdrom.h"
#define STRETCH / 20
#include "threads.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/cdrom.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

struct config cfg;
static bool stuck;
static unsigned asked;

/* In place of the C library's: the drive is a file. */
static bool has_medium(void)
{
    return faccessat(AT_FDCWD, "drive", F_OK, 0) == 0;
}

int access(const char *path, int mode)
{
    return *path == '/' ? 0 : faccessat(AT_FDCWD, path, mode, 0);
}

int open(const char *path, int flags, ...)
{
    (void)path;
    if (has_medium())
        return openat(AT_FDCWD, "drive", O_RDONLY);
    if (flags & O_NONBLOCK)
        return openat(AT_FDCWD, ".", O_RDONLY);
    errno = ENOMEDIUM;
    return -1;
}

int ioctl(int fd, unsigned long request, ...)
{
    (void)fd;
    if (request == CDROM_DRIVE_STATUS)
        return has_medium() ? CDS_DISC_OK : CDS_TRAY_OPEN;
    if (request == CDROMEJECT)
        return stuck ? 2 : rename("drive", "ejected");
    return 0;
}

ssize_t recv(int fd, void *event, size_t size, int flags)
{
    static const char other[] = "change@/devices/x\0DISK_MEDIA_CHANGE=1", request[] = "change@/x\0DISK_EJECT_REQUEST=1";

    (void)fd;
    (void)flags;
    if (!asked || size < sizeof other)
        return -1;
    memcpy(event, asked % 2 ? request : other, sizeof other > sizeof request ? sizeof request : sizeof other);
    asked--;
    return sizeof request;
}

bool write_text_file(const char *path, const char *text)
{
    (void)path;
    (void)text;
    return true;
}

static void read_first(struct text *out)
{
    cdrom_read(out, "cdrom-1", 32);
}

static void say(void (*answer)(struct text *out))
{
    struct text out;

    text_start(&out);
    answer(&out);
    puts(out.buf);
}

int main(int argc, char **argv)
{
    cdrom_start();
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "read"))
            say(read_first);
        else if (!strcmp(argv[i], "requests"))
            say(cdrom_requests);
        else if (!strcmp(argv[i], "eject"))
            say(cdrom_eject);
        else if (!strcmp(argv[i], "state"))
            say(cdrom_state);
        else if (!strcmp(argv[i], "ask"))
            asked = 2;
        else if (!strcmp(argv[i], "stick"))
            stuck = true;
    }
    return 0;
}
