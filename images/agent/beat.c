/* SPDX-License-Identifier: Apache-2.0
 * The beats: one line every few ms on the console, by which the host sees whether the guest runs. */
#include "agent.h"

#include <string.h>
#include <sys/mman.h>

#define BEAT_AREA (4u << 20)
#define TOUCHED_PER_BEAT 64u

static int console_fd;
static unsigned char *beat_pages;
static _Atomic uint64_t seq, back_us;
static _Atomic bool skip;

uint64_t beat_seq(void)
{
    return atomic_load(&seq);
}

uint64_t beat_mono_us(void)
{
    return now_us() - atomic_load(&back_us);
}

void beat_skip_one(void)
{
    atomic_store(&skip, true);
}

void beat_clock_back(uint64_t us)
{
    atomic_fetch_add(&back_us, us);
}

/* Even an idle guest always has dirty pages: a deterministic start of postcopy needs them. */
static void dirty_pages(uint64_t beat)
{
    static unsigned next;

    for (unsigned i = 0; i < TOUCHED_PER_BEAT; i++) {
        memcpy(beat_pages + next, &beat, sizeof beat);
        next = (next + UNIT) % BEAT_AREA;
    }
}

static void send_line(struct text *line)
{
    text_seal(line);
    write_all(console_fd, line->buf, line->len); /* blocks rather than drop a beat */
}

static void send_beat(void)
{
    static struct text line; /* static: the one thread that beats */
    uint64_t n = atomic_load(&seq) + 1 + atomic_exchange(&skip, false);

    dirty_pages(n);
    text_start(&line);
    text_add(&line, "B %llu %llu ", (unsigned long long)n, (unsigned long long)beat_mono_us());
    for (unsigned i = 0; i < cfg.cpus; i++)
        text_add(&line, i ? ",%llu" : "%llu", (unsigned long long)atomic_load(&progress[i]));
    text_add(&line, " %llu", (unsigned long long)memory_laps());
    atomic_store(&seq, n);
    send_line(&line);
}

static void *beat_main(void *unused)
{
    uint64_t period = cfg.beat_ms * 1000u, next = now_us();
    struct text hello;

    (void)unused;
    write_all(console_fd, "\n", 1); /* the firmware and the kernel may have left a line unfinished */
    text_start(&hello);
    text_add(&hello, "H %d %s %u %u %s", PROTOCOL, cfg.arch, cfg.cpus, cfg.page, cfg.release);
    send_line(&hello);
    for (;;) {
        uint64_t now;

        send_beat();
        next += period;
        now = now_us();
        if (next <= now) /* late: no burst of missed beats, the gap is the measurement */
            next = now + period;
        sleep_until_us(next);
    }
    return NULL;
}

void beat_start(int console)
{
    console_fd = console;
    beat_pages = mmap(NULL, BEAT_AREA, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (beat_pages == MAP_FAILED)
        die("no memory for the beat pages");
    start_thread(beat_main, NULL, (int)cfg.beat_cpu, 50);
}
