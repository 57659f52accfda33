/* SPDX-License-Identifier: Apache-2.0
 *
 * The guest agent: PID 1 of the guest, and all that runs in it. One header for its few modules.
 *
 * Three rules hold everywhere, because a broken vCPU or device is what the agent is there to report:
 *  - every thread is made at start-up; a later pthread_create() or munmap() can wait for a dead vCPU;
 *  - the beats and the commands run on one vCPU (cfg.beat_cpu), so they need no other vCPU to live;
 *  - nothing that serves a command waits without a deadline.
 */
#ifndef AGENT_H
#define AGENT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTOCOL 1
#define MAX_CPUS 64
/* What the agent calls a page: QEMU migrates both architectures in units of 4 KiB, whatever the
 * guest kernel's page size (64 KiB on ppc64le), so this is the unit in which memory can be lost. */
#define UNIT 4096u
#define UNITS_PER_MIB 256u

struct config {
    char console[32], port[32];
    bool busy;
    char devices[1024]; /* the names of those that the guest is to drive, with commas between */
    unsigned beat_ms, beat_cpu, cpus, page;
    char arch[32], release[80];
};
extern struct config cfg;

/* text.c: lines, their checksum, their parts */
struct text {
    char buf[8192];
    size_t len;
    bool failed; /* the line is an error, not an answer */
};
void text_start(struct text *t);
void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_fail(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_quote(struct text *t, const char *raw); /* percent-encoded */
void text_seal(struct text *t);                   /* " *<crc>\n" */
uint16_t crc16(const char *data, size_t len);

/* sys.c: time, threads, futexes, small files */
uint64_t clock_us(int clock);
uint64_t now_us(void);
void sleep_until_us(uint64_t mono_us);
void futex_wait_us(_Atomic uint32_t *word, uint32_t while_is, uint64_t deadline_us);
void futex_wake(_Atomic uint32_t *word);
void start_thread(void *(*body)(void *), void *arg, int cpu, int fifo); /* cpu -1: any vCPU */
bool read_text_file(const char *path, char *out, size_t size);
bool write_text_file(const char *path, const char *text);
bool write_all(int fd, const char *data, size_t len);
int open_raw_tty(const char *name);
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void power_off(void) __attribute__((noreturn));

/* boot.c, house.c: from the kernel to a configured process */
void boot_mount(void);
void boot_configure(void);
void house_keep_vcpus_idle(bool all_interrupts);

/* beat.c */
void beat_start(int console);
uint64_t beat_seq(void);
uint64_t beat_mono_us(void); /* the clock as it is reported, with the injected fault */
void beat_skip_one(void);
void beat_clock_back(uint64_t us);

/* worker.c: one thread per vCPU that shows that this vCPU goes on */
extern _Atomic uint64_t progress[MAX_CPUS];
void worker_start(void);
bool worker_stall(unsigned cpu);
bool worker_stalled(unsigned cpu);
bool worker_stopped(unsigned cpu);

/* page.c: what one page holds */
enum page_fault { PAGE_OK, PAGE_INDEX, PAGE_LAP, PAGE_CHECKSUM, PAGE_CONTENT };
bool page_set_noise(uint64_t every);
void page_write(void *page, uint64_t index, uint64_t lap);
enum page_fault page_check(const void *page, uint64_t index, uint64_t lap);
uint64_t page_lap(const void *page);
void page_damage(void *page, enum page_fault how);
const char *page_fault_name(enum page_fault fault);

/* memory.c: the area, its writers, its verification */
bool memory_writing(unsigned cpu);
void memory_write_slice(unsigned cpu);
uint64_t memory_laps(void);
struct load {
    uint64_t mib, rate; /* rate: MiB/s over all vCPUs, 0 for no limit */
    uint64_t noise;     /* every so many words */
    bool scattered;
};
void memory_write(struct text *out, const struct load *load);
void memory_fill(struct text *out, uint64_t mib);
void memory_rate(struct text *out, uint64_t rate);
void memory_toll(struct text *out); /* what writing cost since the last time */
/* order.c */
void order_scatter(bool on); /* writers must be held, and their area is to be written anew */
uint64_t order_page(uint64_t first, uint64_t end, uint64_t n, uint64_t lap);
/* verify.c */
void memory_verify(struct text *out);
void memory_damage(struct text *out, uint64_t page, const char *kind);

/* region.c: what memory.c and verify.c share */
struct region {
    uint64_t first, end; /* pages of this vCPU */
    uint64_t pos, lap;   /* next page to write, in the order of order.c, and the lap it is written in */
    _Atomic bool writing;
};
extern struct region regions[MAX_CPUS];
extern unsigned char *area;
extern uint64_t area_pages;
bool region_hold(struct text *out); /* writers stop at a page boundary */
void region_release(void);
bool region_park_if_held(unsigned cpu);
bool region_allocate(struct text *out, uint64_t mib);

/* helper.c: a pinned thread per vCPU that runs short jobs */
bool helper_post(unsigned cpu, void (*job)(unsigned cpu, void *arg), void *arg);
bool helper_done(unsigned cpu);
bool helper_wait(unsigned cpu, uint64_t deadline_us);
void helper_tick(unsigned cpu); /* a long job says that it goes on */
bool helper_run_on_all(struct text *out, void (*job)(unsigned cpu, void *arg));
void helper_start(void);

/* wake.c */
void wake_start(void);
void wake_command(struct text *out);
bool wake_deafen(unsigned cpu);

/* kmsg.c */
void kmsg_start(void);
void kmsg_mark(void);
void kmsg_report(struct text *out);
bool kmsg_inject(void);

/* A device that the guest drives: what it is called, how it is checked, and what a check keeps. */
#define REASON 160
struct device;
typedef void device_check(struct device *d, char *reason); /* an empty reason is success */
struct device {
    char name[32];     /* as the host calls it */
    char selector[64]; /* what the check finds it by, such as its kernel driver */
    device_check *check;
    bool in_churn;
    uint64_t deadline_us; /* of the check that runs */
    /* disk.c */
    unsigned char *written, *read;
    bool has_written;
    uint64_t round, at;
    /* network.c */
    int socket; /* 0: none yet */
    char interface[64];
    /* screen.c */
    uint32_t painted;
    bool turned_on;
};
/* drivers.c: the table that the image builder wrote */
void drivers_load(void);
/* find.c: what the kernel calls a device */
bool find_driven(const char *directory, const char *start, const char *drivers, char *name, size_t size);
bool find_named(const char *directory, const char *start, const char *file, const char *text, char *name,
                size_t size);
bool find_echo_port(char *device, size_t size);
/* device.c, disk.c, network.c, screen.c, usb.c: the checks */
device_check device_rng, device_bound, device_port, device_disk, device_net, device_screen, device_usb,
    device_input;
void screen_paint(uint32_t colour); /* 0x00RRGGBB, not 0 */
/* input.c: what keyboards and pointers told */
void input_report(struct text *out);
/* runner.c: runs the checks on threads of their own, so that a lost request blocks no command */
struct device *runner_add(const char *name, const char *selector, device_check *check, bool in_churn);
bool runner_has_devices(void);
void runner_start(void);
void runner_devices(struct text *out);
void runner_churn(bool on);
void runner_churn_report(struct text *out);
void echo_start(void);

/* acpi.c */
void acpi_report(struct text *out);

/* command.c: the port; answer.c: what each command does */
#define MAX_WORDS 8
struct request {
    uint64_t id;
    const char *command;
    char *args[MAX_WORDS];
    unsigned n_args;
};
bool decimal(const char *s, uint64_t *value);
void command_answer(const struct request *r, struct text *out);
void command_serve(int port) __attribute__((noreturn));

#endif
