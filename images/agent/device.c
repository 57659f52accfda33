/* SPDX-License-Identifier: Apache-2.0
 * The short checks: does a device still do its work? An empty reason is success. */
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOK_AGAIN_US 50000u

void device_rng(struct device *d, char *reason)
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

/* A driver's directory, given below /sys/bus, has a link for each device, and these have a driver. */
void device_bound(struct device *d, char *reason)
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

/* Just after boot the port may not have its name yet. */
void device_port(struct device *d, char *reason)
{
    char device[48];

    while (!find_echo_port(device, sizeof device)) {
        if (now_us() + LOOK_AGAIN_US >= d->deadline_us) {
            snprintf(reason, REASON, "no virtio port named hotpatch.echo");
            return;
        }
        sleep_until_us(now_us() + LOOK_AGAIN_US);
    }
    if (access(device, F_OK) != 0)
        snprintf(reason, REASON, "%s: %s", device, strerror(errno));
}
