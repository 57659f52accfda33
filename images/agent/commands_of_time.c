/* SPDX-License-Identifier: Apache-2.0
 * What the commands do that are about clocks, beats and timers. */
#include "commands.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static void do_clocks(const struct request *r, struct text *out)
{
    (void)r;
    clocks_report(out);
}

static void do_arm(const struct request *r, struct text *out)
{
    uint64_t longer = 1;

    if (!request_arg(r, "longer") || request_need(r, out, "longer", &longer))
        timers_arm(out, longer);
}

static void do_timers(const struct request *r, struct text *out)
{
    (void)r;
    timers_report(out);
}

static void do_alarm(const struct request *r, struct text *out)
{
    uint64_t seconds;

    if (request_need(r, out, "seconds", &seconds))
        rtc_arm(out, seconds);
}

static void do_lose_timer(const struct request *r, struct text *out)
{
    request_inject_on_vcpu(r, out, timers_inject_loss);
}

static void do_skip_beat(const struct request *r, struct text *out)
{
    (void)r;
    (void)out;
    beat_inject_gap();
}

static void do_clock_back(const struct request *r, struct text *out)
{
    uint64_t us;

    if (request_need(r, out, "us", &us))
        beat_inject_clock_back(us);
}

static void do_wall_clock_ahead(const struct request *r, struct text *out)
{
    struct timespec t;
    uint64_t us;

    if (!request_need(r, out, "us", &us))
        return;
    us += clock_us(CLOCK_REALTIME);
    t.tv_sec = (time_t)(us / 1000000);
    t.tv_nsec = (long)(us % 1000000 * 1000);
    if (clock_settime(CLOCK_REALTIME, &t))
        text_fail(out, "cannot set the wall clock: %s", strerror(errno));
}

/* As if Linux's watchdog had found that its clock is wrong. */
static void do_clock_source(const struct request *r, struct text *out)
{
    const char *name = request_arg(r, "name");

    if (!name || !write_text_file(CLOCK_SOURCE, name))
        text_fail(out, "Linux cannot take the clock source %s", name ? name : "without a name");
}

const struct command commands_of_time[] = {
    {"clocks", do_clocks},
    {"arm", do_arm},
    {"timers", do_timers},
    {"alarm", do_alarm},
    {"lose-timer", do_lose_timer},
    {"skip-beat", do_skip_beat},
    {"clock-back", do_clock_back},
    {"wall-clock-ahead", do_wall_clock_ahead},
    {"clock-source", do_clock_source},
    {0},
};
