/* SPDX-License-Identifier: Apache-2.0
 * The checks that need little code: random numbers, bound drivers, virtio ports. */
#include "agent_devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOK_AGAIN_US 50000u

void check_rng(struct device *d, char *reason)
{
    char current[64] = "", data[64] = "";
    static const char zero[sizeof data];
    ssize_t n;
    int fd;

    read_text_file("/sys/class/misc/hw_random/rng_current", current, sizeof current);
    if (strncmp(current, d->selector, strlen(d->selector))) {
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

/* The selector is a driver's directory below /sys/bus. It has a link for each device of the driver, and a
 * bound device has an entry `driver`. */
void check_bound(struct device *d, char *reason)
{
    char path[128], driver[400];
    struct dirent *entry;
    bool found = false;
    DIR *dir;

    snprintf(path, sizeof path, "/sys/bus/%.90s", d->selector);
    dir = opendir(path);
    while (dir && !found && (entry = readdir(dir))) {
        snprintf(driver, sizeof driver, "%.120s/%.255s/driver", path, entry->d_name);
        found = access(driver, F_OK) == 0;
    }
    if (dir)
        closedir(dir);
    if (!found)
        snprintf(reason, REASON, "no device is bound to %.100s", d->selector);
}

/* Shortly after boot the kernel may not know the name of the port yet. */
void check_port(struct device *d, char *reason)
{
    char device[48];

    while (!sysfs_find_port(d->selector, device, sizeof device)) {
        if (ran_us() + LOOK_AGAIN_US >= d->deadline_us) {
            snprintf(reason, REASON, "no virtio port named %.60s", d->selector);
            return;
        }
        sleep_until_us(now_us() + LOOK_AGAIN_US);
    }
    if (access(device, F_OK) != 0)
        snprintf(reason, REASON, "%s: %s", device, strerror(errno));
}
