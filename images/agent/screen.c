/* SPDX-License-Identifier: Apache-2.0
 * The check of a display: its frame buffer keeps its mode and stores what is painted. The host checks
 * whether the picture reaches the display. */
#include "agent_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LOOK_AGAIN_US 50000u
#define PAINTED 16384u
/* Not 1: Linux 6.1 turns a write of exactly one line into an update of width 0
 * (drm_fb_helper_memory_range_to_clip). */
#define LINES 2u
#define SOME_LINES 32u

static _Atomic uint32_t colour = 0x00336699;

static bool find_screen(struct device *d, char *path, size_t size)
{
    char name[64];

    while (!sysfs_find_by_name("/sys/class/graphics", "fb", "name", d->selector, name, sizeof name)) {
        if (ran_us() + LOOK_AGAIN_US >= d->deadline_us)
            return false;
        sleep_until_us(now_us() + LOOK_AGAIN_US);
    }
    snprintf(path, size, "/dev/%s", name);
    return true;
}

/* Writes some lines of pixels and reads them back. */
static void paint_lines(int fd, off_t at, size_t bytes, uint32_t colour, char *reason)
{
    uint32_t out[PAINTED / 4], in[PAINTED / 4];

    for (unsigned i = 0; i < PAINTED / 4; i++)
        out[i] = colour;
    memset(in, 0, sizeof in);
    if (pwrite(fd, out, bytes, at) != (ssize_t)bytes)
        snprintf(reason, REASON, "write to the frame buffer: %s", strerror(errno));
    else if (pread(fd, in, bytes, at) != (ssize_t)bytes)
        snprintf(reason, REASON, "read of the frame buffer: %s", strerror(errno));
    else if (memcmp(in, out, bytes))
        snprintf(reason, REASON, "the frame buffer does not hold what was painted");
}

/* The kernel sets the mode of the console's display only; the others show nothing until a program sets it.
 * Done once: if a display loses its mode in a move, the check must not restore it. */
static void turn_on(struct device *d, int fd)
{
    struct fb_var_screeninfo mode;

    if (d->turned_on || ioctl(fd, FBIOGET_VSCREENINFO, &mode) != 0)
        return;
    mode.activate = FB_ACTIVATE_NOW | FB_ACTIVATE_FORCE;
    d->turned_on = ioctl(fd, FBIOPUT_VSCREENINFO, &mode) == 0;
}

static void paint_on(int fd, uint32_t colour, unsigned every, char *reason)
{
    struct fb_fix_screeninfo fixed;
    struct fb_var_screeninfo mode;
    size_t bytes;

    if (ioctl(fd, FBIOGET_FSCREENINFO, &fixed) != 0 || ioctl(fd, FBIOGET_VSCREENINFO, &mode) != 0) {
        snprintf(reason, REASON, "mode of the frame buffer: %s", strerror(errno));
        return;
    }
    bytes = LINES * fixed.line_length;
    for (unsigned y = 0; y + LINES <= mode.yres && !*reason; y += every)
        paint_lines(fd, (off_t)y * fixed.line_length, bytes < PAINTED ? bytes : PAINTED, colour, reason);
}

static int open_screen(struct device *d, char *reason)
{
    char path[80];
    int fd;

    if (!find_screen(d, path, sizeof path)) {
        snprintf(reason, REASON, "no frame buffer is named %s", d->selector);
        return -1;
    }
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        snprintf(reason, REASON, "open %s: %s", path, strerror(errno));
    return fd;
}

/* Paints the whole screen if the colour is new, otherwise only some lines. */
void check_screen(struct device *d, char *reason)
{
    uint32_t wanted = atomic_load(&colour);
    int fd = open_screen(d, reason);

    if (fd < 0)
        return;
    turn_on(d, fd);
    paint_on(fd, wanted, d->painted == wanted ? SOME_LINES : LINES, reason);
    d->painted = *reason ? 0 : wanted;
    close(fd);
}

/* The next check does the painting: a display that hangs must not block the command thread. */
void screen_paint(uint32_t wanted)
{
    atomic_store(&colour, wanted);
}
