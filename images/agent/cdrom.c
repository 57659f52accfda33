/* SPDX-License-Identifier: Apache-2.0
 * Reads the medium of the CD-ROM drive, and keeps the drive open as a mounted file system does, so that the kernel
 * locks the tray. Counts the requests of the host to open the tray, and opens it.
 *
 * A thread of its own talks to the drive, so that one that does not answer cannot block a command of the host. */
#include "agent_devices.h"
#include "blocks.h"
#include "cdrom.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/cdrom.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define DRIVE "/dev/sr0"
#define POLLED "/sys/block/sr0/events_poll_msecs"
#define POLL_MS "100" /* how often the kernel asks the drive for events; it does not by itself */
#define READ_BLOCKS 16u
#define APPEARS_US 10000000u
#define LOOK_AGAIN_US 50000u
#define JOB_US 15000000u

enum job { READ, EJECT, LOOK };
static struct {
    char medium[DISK_NAME_SIZE + 1];
    unsigned blocks;
} task;
static int in_use = -1; /* the open drive */
static int events = -1; /* what the kernel announces of devices */
static uint64_t n_requests;
static _Atomic uint64_t n_read;
static struct {
    uint64_t bad, first;
    const char *why;
} found;
static const char *status;
static char failure[REASON];
static unsigned char chunk[READ_BLOCKS * BLOCK] __attribute__((aligned(BLOCK)));

static void fails(const char *what)
{
    snprintf(failure, sizeof failure, "%s: %s", what, strerror(errno));
}

static void listen_for_events(void)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};

    if (events >= 0)
        return;
    events = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (events >= 0)
        bind(events, (struct sockaddr *)&address, sizeof address);
    write_text_file(POLLED, POLL_MS);
}

/* The drive appears some time after its driver was loaded. */
static int opened_before(uint64_t deadline)
{
    int drive;

    while ((drive = open(DRIVE, O_RDONLY | O_DIRECT | O_CLOEXEC)) < 0 && now_us() < deadline)
        sleep_until_us(now_us() + LOOK_AGAIN_US);
    return drive;
}

/* To whoever opens it first with a new medium, an ATAPI drive reports that the medium is absent, and then that it has
 * changed. The kernel refuses all reads from then on until the drive is opened again. */
static bool use_drive(void)
{
    uint64_t deadline = now_us() + stretched_us(APPEARS_US);

    if (in_use >= 0)
        return true;
    close(opened_before(deadline));
    listen_for_events();
    in_use = opened_before(deadline);
    return in_use >= 0;
}

static void note_fault(uint64_t number, const char *why)
{
    if (!found.bad++) {
        found.first = number;
        found.why = why;
    }
}

static void read_medium(void)
{
    if (!use_drive()) {
        fails("open");
        return;
    }
    for (uint64_t at = 0; at < task.blocks; at += READ_BLOCKS) {
        bool read = pread(in_use, chunk, sizeof chunk, (off_t)(at * BLOCK)) == (ssize_t)sizeof chunk;

        for (uint64_t i = 0; i < READ_BLOCKS; i++) {
            uint64_t lap;
            const char *why = read ? block_fault(chunk + i * BLOCK, task.medium, at + i, 0, 0, &lap) : "unread";

            if (why)
                note_fault(at + i, why);
            atomic_fetch_add(&n_read, 1);
        }
    }
}

/* The drive, open in any state of its tray. */
static int open_drive(void)
{
    return in_use >= 0 ? in_use : open(DRIVE, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

/* As eject(1): for CDROMEJECT itself the kernel does not unlock the tray. It returns the status of a drive that
 * refuses. */
static void eject(void)
{
    int drive, answer;

    if (in_use >= 0)
        close(in_use);
    in_use = -1;
    drive = open_drive();
    answer = ioctl(drive, CDROM_LOCKDOOR, 0ul);
    if (!answer)
        answer = ioctl(drive, CDROMEJECT);
    if (answer > 0)
        snprintf(failure, sizeof failure, "eject: the drive answers with the SCSI status %d", answer);
    else if (answer)
        fails("eject");
    close(drive);
}

static void look(void)
{
    int drive = open_drive(), said = ioctl(drive, CDROM_DRIVE_STATUS, CDSL_CURRENT);

    status = said == CDS_DISC_OK ? "disc" : said == CDS_TRAY_OPEN ? "open" : said == CDS_NO_DISC ? "empty" : "unready";
    if (said < 0)
        fails("status");
    if (drive != in_use)
        close(drive);
}

static void run(unsigned job)
{
    if (job == READ)
        read_medium();
    else if (job == EJECT)
        eject();
    else
        look();
}

static struct jobs jobs = {.run = run};

static bool has_done(struct text *out, enum job job)
{
    if (!jobs_at_rest(&jobs)) {
        text_fail(out, "the drive has not answered yet");
        return false;
    }
    memset(&found, 0, sizeof found);
    found.why = status = "none";
    *failure = '\0';
    atomic_store(&n_read, 0);
    jobs_post(&jobs, job);
    if (!jobs_finished(&jobs, JOB_US, &n_read)) {
        text_fail(out, "the drive does not answer");
        return false;
    }
    return true;
}

static void say_failure(struct text *out)
{
    text_add(out, " failure=");
    text_quote(out, *failure ? failure : "none");
}

void cdrom_read(struct text *out, const char *medium, uint64_t blocks)
{
    if (strlen(medium) >= DISK_NAME_SIZE || blocks % READ_BLOCKS) {
        text_fail(out, "no medium is like that");
        return;
    }
    if (jobs_at_rest(&jobs)) {
        snprintf(task.medium, sizeof task.medium, "%s", medium);
        task.blocks = (unsigned)blocks;
    }
    if (!has_done(out, READ))
        return;
    text_add(out, " blocks=%llu bad=%llu first_bad=%llu why=%s", (unsigned long long)atomic_load(&n_read),
             (unsigned long long)found.bad, (unsigned long long)found.first, found.why);
    say_failure(out);
}

void cdrom_requests(struct text *out)
{
    static const char request[] = "DISK_EJECT_REQUEST=1";
    char event[4096];
    ssize_t n;

    while (events >= 0 && (n = recv(events, event, sizeof event, 0)) > 0)
        n_requests += memmem(event, (size_t)n, request, sizeof request - 1) != NULL;
    text_add(out, " requests=%llu", (unsigned long long)n_requests);
}

void cdrom_eject(struct text *out)
{
    if (has_done(out, EJECT))
        say_failure(out);
}

void cdrom_state(struct text *out)
{
    if (!has_done(out, LOOK))
        return;
    text_add(out, " status=%s", status);
    say_failure(out);
}

/* No thread without a drive: a vCPU of an idle guest that does not beat is to run one thread only. */
void cdrom_start(void)
{
    if (access("/sys/bus/scsi/drivers/sr", F_OK) == 0)
        jobs_start(&jobs);
}
