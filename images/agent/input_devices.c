/* SPDX-License-Identifier: Apache-2.0
 * Keyboards and pointers: whether they are present, and how many events they sent. */
#include "agent_devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOK_AGAIN_US 50000u
#define MAX_INPUTS 32

static int inputs[MAX_INPUTS];
static unsigned n_inputs;
static uint64_t keys, moves, power_buttons;

/* The selector is the end of the input device's name. */
void check_input(struct device *d, char *reason)
{
    char name[64], path[80];
    int fd;

    while (!sysfs_find_by_name("/sys/class/input", "event", "device/name", d->selector, name, sizeof name)) {
        if (ran_us() + LOOK_AGAIN_US >= d->deadline_us) {
            snprintf(reason, REASON, "no input device named %.60s", d->selector);
            return;
        }
        sleep_until_us(now_us() + LOOK_AGAIN_US);
    }
    snprintf(path, sizeof path, "/dev/input/%s", name);
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        snprintf(reason, REASON, "open %s: %s", path, strerror(errno));
    else
        close(fd);
}

/* Opens all that exist at the first report. They stay open, because the kernel drops the events of an input
 * device that no process has open. */
static void open_all(void)
{
    DIR *dir = opendir("/dev/input");
    struct dirent *entry;

    while (dir && n_inputs < MAX_INPUTS && (entry = readdir(dir))) {
        char path[300];
        int fd;

        if (strncmp(entry->d_name, "event", 5))
            continue;
        snprintf(path, sizeof path, "/dev/input/%s", entry->d_name);
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0)
            inputs[n_inputs++] = fd;
    }
    if (dir)
        closedir(dir);
}

void input_report(struct text *out)
{
    struct input_event event;

    if (!n_inputs)
        open_all();
    for (unsigned i = 0; i < n_inputs; i++)
        while (read(inputs[i], &event, sizeof event) == (ssize_t)sizeof event) {
            bool power = event.type == EV_KEY && event.code == KEY_POWER;

            power_buttons += power && event.value == 1;
            keys += event.type == EV_KEY && !power;
            moves += event.type == EV_ABS || event.type == EV_REL;
        }
    text_add(out, " inputs=%u keys=%llu moves=%llu power=%llu", n_inputs, (unsigned long long)keys,
             (unsigned long long)moves, (unsigned long long)power_buttons);
}
