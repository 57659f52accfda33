/* SPDX-License-Identifier: Apache-2.0
 * The watchdog: armed and fed by a thread until a command lets it go hungry. It is never disarmed. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FEED_US 250000u
#define PRIORITY 30

static _Atomic uint32_t feeding;
static int watchdog = -1;

static void *feed(void *unused)
{
    (void)unused;
    for (;;) {
        if (!atomic_load(&feeding))
            futex_wait_us(&feeding, 0, UINT64_MAX);
        else if (ioctl(watchdog, WDIOC_KEEPALIVE, 0) == 0)
            sleep_until_us(now_us() + FEED_US);
        else
            atomic_store(&feeding, 0);
    }
    return NULL;
}

/* In every guest, because threads are created at start-up only. */
void watchdog_start(void)
{
    start_thread(feed, NULL, (int)cfg.beat_cpu, PRIORITY);
}

void watchdog_arm(struct text *out, uint64_t seconds)
{
    int timeout = (int)seconds;

    if (watchdog < 0)
        watchdog = open("/dev/watchdog", O_WRONLY | O_CLOEXEC);
    if (watchdog < 0 || ioctl(watchdog, WDIOC_SETTIMEOUT, &timeout) != 0) {
        text_fail(out, "/dev/watchdog: %s", strerror(errno));
        return;
    }
    atomic_store(&feeding, 1);
    futex_wake(&feeding);
}

void watchdog_starve(struct text *out)
{
    if (!atomic_exchange(&feeding, 0))
        text_fail(out, "the watchdog is not fed");
}
