/* SPDX-License-Identifier: Apache-2.0
 * The check of a USB device: it must answer a control request, which its controller must deliver. */
#include "agent_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/usb/ch9.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LOOK_AGAIN_US 50000u

static unsigned read_number(const char *device, const char *file)
{
    char path[160], text[32] = "";

    snprintf(path, sizeof path, "/sys/bus/usb/devices/%.63s/%s", device, file);
    read_text_file(path, text, sizeof text);
    return (unsigned)strtoul(text, NULL, 10);
}

/* The selector is the end of the product name. A driver must be bound to the first interface. */
static bool find_usb(struct device *d, char *name, size_t size)
{
    char driver[200];

    if (!sysfs_find_by_name("/sys/bus/usb/devices", "", "product", d->selector, name, size))
        return false;
    snprintf(driver, sizeof driver, "/sys/bus/usb/devices/%.63s/%.63s:1.0/driver", name, name);
    return access(driver, F_OK) == 0;
}

/* A busy host may hold up an answer for more than a second. One that is lost never comes. */
static unsigned ms_left(const struct device *d)
{
    uint64_t now = ran_us();

    return now + 1000u < d->deadline_us ? (unsigned)((d->deadline_us - now) / 1000u) : 1u;
}

static void get_status(const struct device *d, const char *path, char *reason)
{
    unsigned char status[2];
    struct usbdevfs_ctrltransfer request = {.bRequestType = USB_DIR_IN | USB_TYPE_STANDARD | USB_RECIP_DEVICE,
                                            .bRequest = USB_REQ_GET_STATUS,
                                            .wLength = sizeof status,
                                            .timeout = ms_left(d),
                                            .data = status};
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        snprintf(reason, REASON, "open %s: %s", path, strerror(errno));
    else if (ioctl(fd, USBDEVFS_CONTROL, &request) != (int)sizeof status)
        snprintf(reason, REASON, "no answer to a control request: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
}

void check_usb(struct device *d, char *reason)
{
    char name[64], path[64];

    while (!find_usb(d, name, sizeof name)) {
        if (ran_us() + LOOK_AGAIN_US >= d->deadline_us) {
            snprintf(reason, REASON, "no driver is bound to a USB device named %.60s", d->selector);
            return;
        }
        sleep_until_us(now_us() + LOOK_AGAIN_US);
    }
    snprintf(path, sizeof path, "/dev/bus/usb/%03u/%03u", read_number(name, "busnum"),
             read_number(name, "devnum"));
    get_status(d, path, reason);
}
