/* SPDX-License-Identifier: Apache-2.0
 * The UEFI firmware of x86_64 guests: a variable that the firmware keeps in its flash memory, whether secure
 * boot is on, and the flash memory itself. The firmware answers for a variable from RAM, into which it reads
 * the flash memory when it starts the guest: so only the flash memory itself shows what the next boot finds. */
#include "agent_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#define FIRMWARE "/sys/firmware/efi"
#define VARIABLES FIRMWARE "/efivars"
#define MARK VARIABLES "/HotpatchMark-6d1f3c52-9f0e-4c55-8c1b-6f2b51a7e0d4"
#define SECURE_BOOT VARIABLES "/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define ATTRIBUTES 7 /* non-volatile, for boot services and at run time */
#define MOST_VALUE 64

/* Where OVMF has its flash memory: it ends at 4 GiB and begins with the volume of the variables. */
#define LOWEST (0x100000000ull - (8ull << 20))
#define STEP 0x1000ull
/* EFI_SYSTEM_NV_DATA_FV_GUID of the header of that volume, behind 16 bytes of zeros; then the length. */
static const unsigned char volume[16] = {0x8d, 0x2b, 0xf1, 0xff, 0x96, 0x76, 0x8b, 0x4c,
                                         0xa9, 0x85, 0x27, 0x47, 0x07, 0x5b, 0x4f, 0x50};

static bool mounted(struct text *out)
{
    static bool done;

    if (done)
        return true;
    if (!drivers_load_module("efivarfs.ko", ""))
        text_fail(out, "cannot load efivarfs.ko: %s", strerror(errno));
    else if (mount("efivarfs", VARIABLES, "efivarfs", 0, NULL) != 0)
        text_fail(out, "cannot mount efivarfs: %s", strerror(errno));
    else
        done = true;
    return done;
}

/* The content of a variable without its attributes; returns its length, or -1. */
static ssize_t variable(const char *path, char *value)
{
    char bytes[4 + MOST_VALUE];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

    if (fd >= 0)
        close(fd);
    if (n < 4)
        return -1;
    memcpy(value, bytes + 4, (size_t)n - 4);
    return n - 4;
}

/* The kernel makes files of variables that it does not know immutable. */
static bool set_mark(const char *mark)
{
    char bytes[4 + MOST_VALUE] = {ATTRIBUTES};
    size_t len = strnlen(mark, MOST_VALUE);
    int fd = open(MARK, O_RDONLY | O_CLOEXEC), none = 0;
    bool written;

    if (fd >= 0) {
        ioctl(fd, FS_IOC_SETFLAGS, &none);
        close(fd);
    }
    memcpy(bytes + 4, mark, len);
    fd = open(MARK, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    written = fd >= 0 && write(fd, bytes, 4 + len) == (ssize_t)(4 + len);
    if (fd >= 0)
        close(fd);
    return written;
}

static bool begins_volume(const unsigned char *at)
{
    for (unsigned i = 0; i < 16; i++)
        if (at[i])
            return false;
    return !memcmp(at + 16, volume, sizeof volume);
}

static void report_flash(struct text *out)
{
    size_t all = (size_t)(0x100000000ull - LOWEST);
    int fd = open("/dev/mem", O_RDONLY | O_SYNC | O_CLOEXEC);
    const unsigned char *flash = fd < 0 ? MAP_FAILED : mmap(NULL, all, PROT_READ, MAP_SHARED, fd, LOWEST);
    uint64_t length = 0;

    if (fd >= 0)
        close(fd);
    if (flash == MAP_FAILED) {
        text_fail(out, "cannot map the flash memory: %s", strerror(errno));
        return;
    }
    for (size_t at = 0; at < all && !length; at += STEP)
        if (begins_volume(flash + at)) {
            memcpy(&length, flash + at + 32, sizeof length);
            if (length > all - at)
                length = all - at;
            text_add(out, " bytes=%llu crc=%04x", (unsigned long long)length,
                     crc16((const char *)flash + at, (size_t)length));
        }
    if (!length)
        text_add(out, " bytes=0 crc=0000");
    munmap((void *)(uintptr_t)flash, all);
}

void uefi_command(struct text *out, const char *mark)
{
    char value[MOST_VALUE + 1] = "", secure[MOST_VALUE] = "";
    ssize_t n;

    text_add(out, " started=%s", access(FIRMWARE, F_OK) == 0 ? "uefi" : "otherwise");
    if (access(FIRMWARE, F_OK) != 0 || !mounted(out))
        return;
    if (mark && !set_mark(mark)) {
        text_fail(out, "the firmware does not take a variable: %s", strerror(errno));
        return;
    }
    n = variable(MARK, value);
    value[n < 0 ? 0 : n] = '\0';
    text_add(out, " secure=%s variable=", variable(SECURE_BOOT, secure) == 1 ? (*secure ? "on" : "off") : "none");
    text_quote(out, n < 0 ? "none" : value);
    report_flash(out);
}
