/* SPDX-License-Identifier: Apache-2.0
 *
 * The guest agent: PID 1 of the guest and its only program. This header declares all of its modules.
 *
 * The agent must be able to report a dead vCPU or device. Hence three rules:
 *  - all threads are created at start-up: a later pthread_create() or munmap() can block on a dead vCPU;
 *  - beats and commands run on one vCPU (cfg.beat_cpu) and work when all other vCPUs are dead;
 *  - code that serves a command never waits without a deadline.
 *
 * Names: a function is named after its module. `*_inject_*` functions inject a fault on purpose, so that
 * the suite can prove that its checks fail. Times are in microseconds of CLOCK_MONOTONIC (`*_us`).
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
/* A "page" in the agent is 4 KiB on both architectures: QEMU migrates RAM in units of 4 KiB, whatever the
 * page size of the guest kernel (64 KiB on ppc64le). */
#define UNIT 4096u
#define UNITS_PER_MIB 256u

struct config {
    char console[32], port[32];
    bool busy;
    char devices[1024]; /* names of the devices to check, separated by commas */
    unsigned beat_ms, beat_cpu, cpus, page;
    unsigned stretch; /* percent by which bounds are longer, because the host is slow: 100 to 10000 */
    char arch[32], release[80];
};
extern struct config cfg;
uint64_t stretched_us(uint64_t us); /* a bound of so long on a fast host */

/* text.c: lines of the two ports, their checksum and their parts */
struct text {
    char buf[8192];
    size_t len;
    bool failed; /* the line is an error message, not an answer */
};
void text_start(struct text *t);
void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_fail(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_quote(struct text *t, const char *raw); /* percent-encoded */
void text_seal(struct text *t);                   /* " *<crc>\n" */
uint16_t crc16(const char *data, size_t len);
bool text_to_number(const char *s, uint64_t *value); /* decimal digits only; `s` may be NULL */

/* registers_x86.c, registers_ppc.c: known values in the vCPU's registers, compared with what is found */
void registers_prepare(void);                          /* before any thread is started */
long registers_held_syscall(long nr, const long a[6]); /* every sleep; returns the result or -errno */
void registers_hold(void);                             /* until the next call; see the source */
void registers_release(void);
#ifdef __x86_64__ /* for a source file whose functions run between the two */
#define WITHOUT_HELD_REGISTERS _Pragma("GCC target(\"general-regs-only\")")
#else
#define WITHOUT_HELD_REGISTERS _Pragma("GCC target(\"no-vsx,no-altivec\")")
#endif
void registers_spin(uint64_t rounds);                  /* in user space, without a system call */
void registers_list_kinds(struct text *out);           /* which registers are held */
/* registers.c: what was found on each vCPU */
void registers_compared(void);
void registers_lost(const char *name, const void *expected, const void *found, size_t size);
void registers_report(struct text *out);
bool registers_inject_loss(unsigned cpu);
bool registers_take_injected_loss(void);

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

/* boot.c: mounts and the kernel command line */
void boot_mount(void);
void boot_ignore_power_off_requests(void);
void boot_configure(void);

/* identity.c: what Linux found when it booted */
void identity_report(struct text *out);

/* irq_affinity.c: interrupts and kernel threads move to the beat vCPU */
void irq_affinity_to_beat_vcpu(bool future_interrupts);

/* beat.c: the lines on the console that show that the guest runs */
void beat_start(int console);
uint64_t beat_seq(void);
void beat_report_pages(struct text *out);
uint64_t beat_mono_us(void); /* the monotonic clock as reported, including an injected step back */
void beat_inject_gap(void);
void beat_inject_clock_back(uint64_t us);

/* progress.c: what each vCPU has done, and whether its worker has stopped */
extern _Atomic uint64_t progress[MAX_CPUS];
bool progress_inject_stall(unsigned cpu);
bool progress_stall_requested(unsigned cpu);
void progress_set_worker_ended(unsigned cpu);
bool progress_worker_ended(unsigned cpu); /* the worker is not in the middle of a page either */

/* worker.c: one thread per vCPU, which increments its progress counter */
void worker_start(void);

/* page.c: the content of one page */
#define PAGE_MAGIC 0x6863746170746f68ull /* "hotpatch", the first word of each page with known content */
enum page_fault { PAGE_OK, PAGE_INDEX, PAGE_LAP, PAGE_CHECKSUM, PAGE_CONTENT };
bool page_set_noise(uint64_t every);
void page_write(void *page, uint64_t index, uint64_t lap);
enum page_fault page_check(const void *page, uint64_t index, uint64_t lap);
enum page_fault page_glance(const void *page, uint64_t index, uint64_t lap); /* cheap: a part of the page */
struct page_values {
    uint64_t expected, found;
};
/* What `fault` of this page is about: its index, its lap, its checksum, or its first wrong word. */
struct page_values page_values(const void *page, uint64_t index, uint64_t lap, enum page_fault fault);
uint64_t page_lap(const void *page);
void page_damage(void *page, enum page_fault how);
const char *page_fault_name(enum page_fault fault);

/* damage.c: how many pages are damaged, and the details of one of them */
struct damage {
    uint64_t bad, page, lap;
    enum page_fault why;
    struct page_values values;
};
void damage_add(struct damage *d, uint64_t page, uint64_t lap, enum page_fault why, struct page_values values);
void damage_merge(struct damage *into, const struct damage *other);
void damage_report(struct text *out, const char *prefix, const struct damage *d);

/* rewrite.c: checks a page before a writer overwrites it */
void rewrite_check(unsigned cpu, const void *page, uint64_t index, uint64_t lap, bool thorough);
void rewrite_forget(void); /* only while writers are held */
void rewrite_report(struct text *out);

/* write_order.c: in which order a lap writes the pages of a region */
void write_order_set_scattered(bool on); /* only while writers are held, before the area is written again */
uint64_t write_order_page(uint64_t first, uint64_t end, uint64_t n, uint64_t lap);

/* region.c: the memory area and the part of each vCPU; used by memory.c and verify.c */
struct region {
    uint64_t first, end; /* pages of this vCPU: from `first` up to but not including `end` */
    uint64_t pos, lap;   /* next page to write, counted in write order from `first`, and its lap */
    _Atomic bool writing;
};
extern struct region regions[MAX_CPUS];
extern unsigned char *area;
extern uint64_t area_pages;
bool region_hold(struct text *out); /* stop all writers at a page boundary */
void region_release(void);
bool region_park_if_held(unsigned cpu);
bool region_allocate(struct text *out, uint64_t mib);

/* memory.c: fills the area and runs the writers */
bool memory_writing(unsigned cpu);
void memory_write_slice(unsigned cpu);
uint64_t memory_laps(void);
struct load {
    uint64_t mib, rate; /* rate: MiB/s over all vCPUs, 0 for no limit */
    uint64_t noise;     /* one word in so many is noise */
    bool scattered;
};
void memory_write(struct text *out, const struct load *load);
void memory_fill(struct text *out, uint64_t mib);
void memory_rate(struct text *out, uint64_t rate);
void memory_write_cost(struct text *out); /* how long page writes took since the last call */

/* still.c: memory that is filled once and never written again */
void still_fill(struct text *out, uint64_t mib); /* at most `mib`; 0: all that is free */
bool still_exists(void);
void still_check_job(unsigned cpu, void *unused); /* to run on all vCPUs, before still_report() */
void still_report(struct text *out);

/* constant.c: code and read-only data of the kernel, files of the initramfs */
void constant_learn(struct text *out);
void constant_check(struct text *out);

/* frames.c: what the kernel uses the frame at this physical address for */
void frame_report(struct text *out, uint64_t address);

/* verify.c: checks every page of the area and of the still memory */
void memory_verify(struct text *out);
void memory_inject_damage(struct text *out, uint64_t page, const char *kind, bool writers_go_on);

/* helper.c: a pinned thread per vCPU that runs short jobs */
bool helper_post(unsigned cpu, void (*job)(unsigned cpu, void *arg), void *arg);
bool helper_done(unsigned cpu);
bool helper_wait(unsigned cpu, uint64_t deadline_us);
void helper_tick(unsigned cpu); /* a long job calls this to show that it makes progress */
bool helper_run_on_all(struct text *out, void (*job)(unsigned cpu, void *arg));
void helper_start(void);

/* holder.c: a thread per vCPU that spins with known values in its registers whenever it can */
void holder_start(void);
void holder_spin(unsigned cpu, bool on);

/* breakpoint.c: does the vCPU's hardware breakpoint count a write? Runs on that vCPU */
bool breakpoint_count_one_write(unsigned cpu, uint64_t *hits); /* false: it has none */

/* cpu_state.c: what the guest can read of each vCPU; cpu_state_x86.c, cpu_state_ppc.c: reading it */
enum cpu_value_kind { CPUID, MSR, SPECIAL, BREAKPOINT };
struct cpu_value {
    enum cpu_value_kind kind;
    uint32_t leaf, subleaf; /* or the number of the register */
    uint32_t words[4];
};
#define MAX_CPU_VALUES 640
unsigned cpu_state_read(unsigned cpu, struct cpu_value *values); /* runs on that vCPU */
void cpu_state_keep(struct text *out);
void cpu_state_compare(struct text *out);

/* wake.c: can each vCPU still be woken? */
void wake_start(void);
void wake_command(struct text *out);
bool wake_inject_no_answer(unsigned cpu);

/* counter.c: reads a counter together with the monotonic clock */
struct counter_reading {
    uint64_t ticks, mono_us;
};
struct counter_reading counter_read(uint64_t (*read)(void));
void counter_add(struct text *out, struct counter_reading r, uint64_t hz, unsigned bits);
/* counters_x86.c, counters_power.c */
uint64_t ticks_read(void); /* the vCPU's own counter: TSC or timebase */
void counters_report(struct text *out);
/* clocks.c: reads all clocks of the guest */
void clocks_start(void);
void clocks_report(struct text *out);

/* rtc.c: the real-time clock and its alarm */
void rtc_start(void);
void rtc_arm(struct text *out, uint64_t seconds); /* an alarm after so many seconds */
void rtc_report(struct text *out);

/* timers.c: timers on each vCPU, armed before a move */
void timers_start(void);
void timers_wait(unsigned cpu, uint64_t mono_us); /* notes meanwhile when one of this vCPU's expires */
void timers_arm(struct text *out, uint64_t longer);
void timers_report(struct text *out);
bool timers_inject_loss(unsigned cpu);

/* kmsg.c: errors in the kernel log */
void kmsg_start(void);
void kmsg_mark(void);
void kmsg_report(struct text *out);
bool kmsg_inject_trouble(void);

/* A device that the guest drives: its name, its check, and the state that the check keeps between runs. */
#define REASON 160
struct device;
typedef void device_check(struct device *d, char *reason); /* leaves `reason` empty on success */
struct device {
    char name[32];     /* the host's name for it */
    char selector[64]; /* how the check finds it, for example by the name of its kernel driver */
    device_check *check;
    bool in_churn;
    uint64_t deadline_us; /* of the check that is running */
    /* disk.c */
    unsigned char *written, *read;
    bool has_written;
    uint64_t round, at;
    /* network.c */
    int socket; /* 0: not open yet */
    char interface[64];
    /* screen.c */
    uint32_t painted;
    bool turned_on;
};
/* sysfs.c: finds the kernel's name of a device */
bool sysfs_find_by_driver(const char *directory, const char *start, const char *drivers, char *name,
                          size_t size);
bool sysfs_find_by_name(const char *directory, const char *start, const char *file, const char *text,
                        char *name, size_t size);
bool sysfs_find_echo_port(char *device, size_t size);
/* simple_checks.c, disk.c, network.c, screen.c, usb.c, input_devices.c: the checks */
device_check check_rng, check_bound, check_port, check_disk, check_net, check_screen, check_usb, check_input;
void screen_paint(uint32_t colour); /* 0x00RRGGBB, not 0 */
void input_report(struct text *out); /* events of keyboards and pointers */
/* device_checks.c: runs each check on its own thread, so that a lost request cannot block a command */
struct device *checks_add(const char *name, const char *selector, device_check *check, bool in_churn);
bool checks_exist(void);
void checks_start(void);
void checks_run_all(struct text *out);
void checks_set_churn(bool on);
void checks_churn_report(struct text *out);
/* network.c: has the virtio network card also receive a multicast address, which is in its filter then */
void network_join_multicast(struct text *out);
/* drivers.c: reads the device files that the image builder wrote, and loads their modules */
void drivers_load(void);
/* port_echo.c: writes lines of the virtio port hotpatch.echo back */
void port_echo_start(void);

/* firmware.c: ACPI tables, SMBIOS, device tree */
void firmware_report(struct text *out);
void firmware_part(struct text *out, const char *name, uint64_t at);

/* observe.c: what the guest sees of the things that a management layer changes */
void observe_report(struct text *out);
void observe_entries(struct text *out, const char *directory, const char *start);
/* watchdog.c: feeds the watchdog until the host asks it to stop */
void watchdog_start(void);
void watchdog_arm(struct text *out, uint64_t seconds);
void watchdog_starve(struct text *out);
/* nvram.c: size and checksum of the NVRAM; `mark` is written to its end, or NULL */
void nvram_command(struct text *out, const char *mark);
/* readback.c: registers of devices, kept before a move and compared after it */
void readback_keep(struct text *out);
void readback_compare(struct text *out);

/* command_port.c: reads requests and sends answers; commands.c: what each command does */
#define MAX_WORDS 8
struct request {
    uint64_t id;
    const char *command;
    char *args[MAX_WORDS];
    unsigned n_args;
};
void commands_run(const struct request *r, struct text *out);
void command_port_serve(int port) __attribute__((noreturn));

#endif
