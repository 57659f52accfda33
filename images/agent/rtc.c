/* SPDX-License-Identifier: Apache-2.0
 * The machine's real-time clock, and an alarm of it. */
#include "agent.h"

#include <fcntl.h>
#include <linux/rtc.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static int rtc_fd = -1;
static _Atomic uint64_t alarm_due_s, alarm_rang_us;

/* Each read() returns when the alarm rings. */
static void *alarm_main(void *unused)
{
    unsigned long data;

    (void)unused;
    while (read(rtc_fd, &data, sizeof data) == (ssize_t)sizeof data)
        if (data & RTC_AF)
            atomic_store(&alarm_rang_us, now_us());
    return NULL;
}

void rtc_start(void)
{
    rtc_fd = open("/dev/rtc0", O_RDONLY | O_CLOEXEC);
    if (rtc_fd >= 0)
        start_thread(alarm_main, NULL, (int)cfg.beat_cpu, 10);
}

/* rtc_time has the fields of the start of struct tm, in the same order. */
static struct tm as_tm(const struct rtc_time *t)
{
    return (struct tm){.tm_sec = t->tm_sec, .tm_min = t->tm_min, .tm_hour = t->tm_hour,
                       .tm_mday = t->tm_mday, .tm_mon = t->tm_mon, .tm_year = t->tm_year};
}

static bool read_seconds(uint64_t *seconds)
{
    struct rtc_time now;
    struct tm t;

    if (rtc_fd < 0 || ioctl(rtc_fd, RTC_RD_TIME, &now))
        return false;
    t = as_tm(&now);
    *seconds = (uint64_t)timegm(&t);
    return true;
}

/* Some clocks have no alarm, as on pseries: then none is due. */
void rtc_arm(struct text *out, uint64_t seconds)
{
    struct rtc_wkalrm alarm = {.enabled = 1};
    uint64_t due;
    struct tm t;

    atomic_store(&alarm_rang_us, 0);
    if (!read_seconds(&due))
        due = 0;
    due += due ? seconds : 0;
    gmtime_r(&(time_t){(time_t)due}, &t);
    alarm.time = (struct rtc_time){.tm_sec = t.tm_sec, .tm_min = t.tm_min, .tm_hour = t.tm_hour,
                                   .tm_mday = t.tm_mday, .tm_mon = t.tm_mon, .tm_year = t.tm_year};
    if (!due || ioctl(rtc_fd, RTC_WKALM_SET, &alarm))
        due = 0;
    atomic_store(&alarm_due_s, due);
    text_add(out, " alarm_due_s=%llu", (unsigned long long)due);
}

void rtc_report(struct text *out)
{
    uint64_t seconds;

    if (read_seconds(&seconds))
        text_add(out, " rtc_s=%llu", (unsigned long long)seconds);
    if (atomic_load(&alarm_due_s))
        text_add(out, " alarm_due_s=%llu alarm_rang_us=%llu", (unsigned long long)atomic_load(&alarm_due_s),
                 (unsigned long long)atomic_load(&alarm_rang_us));
}
