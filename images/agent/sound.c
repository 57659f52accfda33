/* SPDX-License-Identifier: Apache-2.0
 * The check of a sound card: it plays silence, and interrupts the guest after each period. It needs no
 * loudspeaker: QEMU takes the samples at their rate whatever becomes of them. The C library has no functions
 * for this; the requests are those of sound/asound.h. */
#include "agent_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sound/asound.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LOOK_AGAIN_US 50000u
#define RATE 48000u
#define CHANNELS 2u
#define PERIOD 1024u /* frames: 21 ms */
#define PERIODS 4u

static const int16_t silence[PERIODS * PERIOD * CHANNELS];

static void only(struct snd_pcm_hw_params *p, int which, unsigned value)
{
    struct snd_interval *interval = &p->intervals[which - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL];

    memset(interval, 0, sizeof *interval);
    interval->min = interval->max = value;
    interval->integer = 1;
}

static void one_of(struct snd_pcm_hw_params *p, int which, unsigned value)
{
    struct snd_mask *mask = &p->masks[which - SNDRV_PCM_HW_PARAM_FIRST_MASK];

    memset(mask, 0, sizeof *mask);
    mask->bits[value / 32] = 1u << value % 32;
}

static bool configure(int fd)
{
    struct snd_pcm_hw_params p;

    memset(&p, 0, sizeof p);
    memset(p.masks, 0xff, sizeof p.masks);
    for (unsigned i = 0; i < sizeof p.intervals / sizeof *p.intervals; i++)
        p.intervals[i].max = ~0u;
    p.rmask = ~0u;
    p.info = ~0u;
    one_of(&p, SNDRV_PCM_HW_PARAM_ACCESS, SNDRV_PCM_ACCESS_RW_INTERLEAVED);
    one_of(&p, SNDRV_PCM_HW_PARAM_FORMAT, SNDRV_PCM_FORMAT_S16_LE);
    only(&p, SNDRV_PCM_HW_PARAM_CHANNELS, CHANNELS);
    only(&p, SNDRV_PCM_HW_PARAM_RATE, RATE);
    only(&p, SNDRV_PCM_HW_PARAM_PERIOD_SIZE, PERIOD);
    only(&p, SNDRV_PCM_HW_PARAM_PERIODS, PERIODS);
    return ioctl(fd, SNDRV_PCM_IOCTL_HW_PARAMS, &p) == 0 && ioctl(fd, SNDRV_PCM_IOCTL_PREPARE) == 0;
}

/* Fills the buffer, which starts the card. */
static bool start(int fd)
{
    struct snd_xferi samples = {.buf = (void *)silence, .frames = PERIODS * PERIOD};

    return ioctl(fd, SNDRV_PCM_IOCTL_WRITEI_FRAMES, &samples) == 0;
}

/* Is there room in the buffer, or was all of it played because the guest stood still? The kernel learns of either
 * by an interrupt only. */
static bool period_ends(const struct device *d, int fd)
{
    struct pollfd room = {.fd = fd, .events = POLLOUT};

    while (ran_us() < d->deadline_us)
        if (poll(&room, 1, LOOK_AGAIN_US / 1000) > 0)
            return true;
    return false;
}

static void play(const struct device *d, int fd, char *reason)
{
    if (!configure(fd) || !start(fd))
        snprintf(reason, REASON, "it does not play: %s", strerror(errno));
    else if (!period_ends(d, fd))
        snprintf(reason, REASON, "no interrupt at the end of a period");
    ioctl(fd, SNDRV_PCM_IOCTL_DROP);
}

/* The codec appears some time after the driver of the controller. */
static bool find_sound(const struct device *d, char *path, size_t size)
{
    char name[64];

    while (!sysfs_find_by_driver("/sys/class/sound", "pcmC", d->selector, name, sizeof name)) {
        if (ran_us() + LOOK_AGAIN_US >= d->deadline_us)
            return false;
        sleep_until_us(now_us() + LOOK_AGAIN_US);
    }
    name[strlen(name) - 1] = 'p'; /* for playback; it may have found the one for capture */
    snprintf(path, size, "/dev/snd/%s", name);
    return true;
}

void check_sound(struct device *d, char *reason)
{
    char path[80];
    int fd;

    if (!find_sound(d, path, sizeof path)) {
        snprintf(reason, REASON, "no sound card is driven by %s", d->selector);
        return;
    }
    fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        snprintf(reason, REASON, "open %s: %s", path, strerror(errno));
        return;
    }
    play(d, fd, reason);
    close(fd);
}
