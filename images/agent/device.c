/* SPDX-License-Identifier: Apache-2.0
 * One check per virtio device: does it still do its work? An empty reason is success. */
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BLOCK 65536u
#define PORT_NAME_US 2500000u /* less than what the runner waits */

static void write_and_compare(int fd, char *reason)
{
    static unsigned char out[BLOCK] __attribute__((aligned(65536)));
    static unsigned char in[BLOCK] __attribute__((aligned(65536)));
    static uint64_t round;
    uint64_t size, slots, at, x = ++round * 0x9e3779b97f4a7c15ull ^ now_us();

    if (ioctl(fd, BLKGETSIZE64, &size) != 0 || size < BLOCK) {
        snprintf(reason, REASON, "/dev/vda is too small");
        return;
    }
    slots = size / BLOCK;
    at = round % slots * BLOCK;
    for (unsigned i = 0; i < BLOCK; i += sizeof x) {
        x = x * 6364136223846793005ull + 1442695040888963407ull;
        memcpy(out + i, &x, sizeof x);
    }
    memset(in, 0, sizeof in);
    if (pwrite(fd, out, BLOCK, (off_t)at) != (ssize_t)BLOCK)
        snprintf(reason, REASON, "write at %llu: %s", (unsigned long long)at, strerror(errno));
    else if (fsync(fd) != 0)
        snprintf(reason, REASON, "fsync: %s", strerror(errno));
    else if (pread(fd, in, BLOCK, (off_t)at) != (ssize_t)BLOCK)
        snprintf(reason, REASON, "read at %llu: %s", (unsigned long long)at, strerror(errno));
    else if (memcmp(in, out, BLOCK) != 0)
        snprintf(reason, REASON, "read at %llu gave other data than was written", (unsigned long long)at);
}

/* O_DIRECT: else the guest's page cache would answer for the disk. */
void device_blk(char *reason)
{
    int fd = open("/dev/vda", O_RDWR | O_DIRECT | O_CLOEXEC);

    if (fd < 0) {
        snprintf(reason, REASON, "open /dev/vda: %s", strerror(errno));
        return;
    }
    write_and_compare(fd, reason);
    close(fd);
}

void device_rng(char *reason)
{
    char current[64] = "", data[64] = "";
    static const char zero[sizeof data];
    ssize_t n;
    int fd;

    read_text_file("/sys/class/misc/hw_random/rng_current", current, sizeof current);
    if (strncmp(current, "virtio", 6)) {
        snprintf(reason, REASON, "the current source is \"%s\"", current);
        return;
    }
    fd = open("/dev/hwrng", O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, data, sizeof data);
    if (n < 0)
        snprintf(reason, REASON, "read /dev/hwrng: %s", strerror(errno));
    else if (n == 0 || !memcmp(data, zero, (size_t)n))
        snprintf(reason, REASON, "%zd bytes read, all zero", n);
    if (fd >= 0)
        close(fd);
}

/* The first entry of a directory that starts so. */
static bool find_entry(const char *directory, const char *start, char *name, size_t size)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;
    bool found = false;

    while (dir && !found && (entry = readdir(dir)))
        if (!strncmp(entry->d_name, start, strlen(start)) && entry->d_name[strlen(start)]) {
            snprintf(name, size, "%.63s", entry->d_name);
            found = true;
        }
    if (dir)
        closedir(dir);
    return found;
}

void device_balloon(char *reason)
{
    char name[64];

    if (!find_entry("/sys/bus/virtio/drivers/virtio_balloon", "virtio", name, sizeof name))
        snprintf(reason, REASON, "no device is bound to virtio_balloon");
}

bool find_echo_port(char *device, size_t size)
{
    DIR *dir = opendir("/sys/class/virtio-ports");
    struct dirent *entry;
    bool found = false;

    while (dir && !found && (entry = readdir(dir))) {
        char path[128], name[64] = "";

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/sys/class/virtio-ports/%.63s/name", entry->d_name);
        read_text_file(path, name, sizeof name);
        if (!strcmp(name, "hotpatch.echo")) {
            snprintf(device, size, "/dev/%.31s", entry->d_name);
            found = true;
        }
    }
    if (dir)
        closedir(dir);
    return found;
}

/* Just after boot the port may not have its name yet. */
static bool wait_for_echo_port(char *device, size_t size)
{
    uint64_t deadline = now_us() + PORT_NAME_US;

    while (!find_echo_port(device, size)) {
        if (now_us() >= deadline)
            return false;
        sleep_until_us(now_us() + 50000);
    }
    return true;
}

void device_console(char *reason)
{
    char device[48];

    if (!wait_for_echo_port(device, sizeof device))
        snprintf(reason, REASON, "no virtio port named hotpatch.echo");
    else if (access(device, F_OK) != 0)
        snprintf(reason, REASON, "%s: %s", device, strerror(errno));
}
