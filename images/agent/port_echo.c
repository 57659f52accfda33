/* SPDX-License-Identifier: Apache-2.0
 * Answers on virtio ports: on hotpatch.echo each line comes back. On that of QEMU's guest agent it answers
 * `guest-sync`, `guest-sync-delimited` and `guest-ping`, as the real agent does. Any other port it opens and
 * reads, as SPICE's agent does with its port, and says nothing. */
#include "agent_devices.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ECHO_PORT "hotpatch.echo"
#define AGENT_PORT "org.qemu.guest_agent.0"
#define LINE 4096u
#define NO_HOST_US 50000u
#define SILENT_US 1000000u /* nobody waits for an answer there */
#define LOOK_AGAIN_US 100000u

/* The kernel learns the port's name some time after the driver has found the port. */
static int open_port(const char *port)
{
    char device[48];
    int fd = -1;

    while (!sysfs_find_port(port, device, sizeof device) || (fd = open(device, O_RDWR | O_CLOEXEC)) < 0)
        sleep_until_us(now_us() + LOOK_AGAIN_US);
    return fd;
}

/* The answer of QEMU's guest agent to a request. It knows no other commands. */
static void answer_as_agent(int fd, const char *request)
{
    const char *id = strstr(request, "\"id\"");
    bool sync = strstr(request, "guest-sync"), delimited = strstr(request, "guest-sync-delimited");
    char answer[96];

    id = id ? strchr(id, ':') : NULL;
    if (sync && id)
        snprintf(answer, sizeof answer, "%s{\"return\": %llu}\n", delimited ? "\xff" : "",
                 strtoull(id + 1, NULL, 10));
    else if (strstr(request, "guest-ping"))
        snprintf(answer, sizeof answer, "{\"return\": {}}\n");
    else
        snprintf(answer, sizeof answer, "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"?\"}}\n");
    write_all(fd, answer, strlen(answer));
}

/* Answers each complete line with one write. Returns the length of the incomplete line that is left. */
static size_t answer_lines(int fd, bool as_agent, char *line, size_t len)
{
    char *end;

    while ((end = memchr(line, '\n', len))) {
        size_t n = (size_t)(end - line) + 1;

        *end = '\0';
        if (as_agent) {
            answer_as_agent(fd, line);
        } else {
            *end = '\n';
            write_all(fd, line, n);
        }
        len -= n;
        memmove(line, line + n, len);
    }
    return len;
}

/* Reads what the host sends and forgets it, so that the port's queue never fills up. */
static void hold_open(int fd)
{
    char unread[256];

    for (;;)
        if (read(fd, unread, sizeof unread) <= 0)
            sleep_until_us(now_us() + SILENT_US);
}

static void *port_main(void *port)
{
    bool as_agent = !strcmp(port, AGENT_PORT);
    char line[LINE];
    size_t len = 0;
    int fd = open_port(port);

    if (!as_agent && strcmp(port, ECHO_PORT))
        hold_open(fd);
    for (;;) {
        ssize_t n = read(fd, line + len, sizeof line - len);

        if (n <= 0) { /* not open on the host; it may be opened again, for example by the new QEMU */
            sleep_until_us(now_us() + NO_HOST_US);
            continue;
        }
        len = answer_lines(fd, as_agent, line, len + (size_t)n);
        if (len == sizeof line)
            len = 0; /* too long for a line: discard */
    }
    return NULL;
}

void port_echo_start(const char *port)
{
    start_thread(port_main, (void *)port, (int)cfg.beat_cpu, 0);
}
