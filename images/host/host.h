/* SPDX-License-Identifier: Apache-2.0
 *
 * The init of an emulated host: PID 1 of the inner Linux. It starts programs of builds and carries their bytes
 * to the suite. This header declares all of its modules; protocol.h says what goes over the port.
 *
 * One thread and one poll(2): nothing here may wait for a program, so that none can hold up the others.
 * What may take long (mounts, exec) is done by the process that becomes the program's reaper.
 */
#ifndef HOST_H
#define HOST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

/* log.c: the kernel's log is the only place where a human finds what went wrong inside */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* boot.c: what only PID 1 does */
int boot(void);                    /* returns the port */
void boot_describe(bool as_init); /* sends HELLO */

/* fields.c: the fields of a received payload, and of one to send */
struct fields {
    const unsigned char *at, *end;
};
struct bytes {
    const char *data;
    size_t len;
};
uint32_t take_u32(struct fields *f);
uint64_t take_u64(struct fields *f);
struct bytes take_bytes(struct fields *f);
char *take_string(struct fields *f); /* allocated */
void take_end(const struct fields *f);

struct reply {
    unsigned char data[MAX_PAYLOAD];
    size_t len;
};
void put_u32(struct reply *r, uint32_t value);
void put_u64(struct reply *r, uint64_t value);
void put_bytes(struct reply *r, const void *data, size_t len);

/* port.c: frames in and out */
void port_open(int fd);
int port_fd(void);
bool port_wants_to_write(void);
bool port_is_congested(void); /* take nothing more from channels for now */
void port_read(void (*handle)(unsigned type, uint32_t id, struct fields f));
void port_write(void);
void port_send(unsigned type, uint32_t id, const void *payload, size_t len);

/* requests.c */
void request_handle(unsigned type, uint32_t id, struct fields f);
void answer_ok(uint32_t request);
void answer(uint32_t request, struct reply *r); /* made by answer_start() */
struct reply *answer_start(void);
void answer_error(uint32_t request, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
void answer_errno(uint32_t request, const char *what); /* "what: words of errno", or success if 0 */

/* channels.c */
bool channel_open_pair(uint32_t id);         /* false with errno */
bool channel_add(uint32_t id, int fd, bool from_program_only);
bool channel_listen(uint32_t id, int fd);
int channel_program_end(uint32_t id);        /* -1 if there is none */
bool channel_release(uint32_t id);
void channel_data(uint32_t id, const void *data, size_t len);
void channel_credit(uint32_t id, uint32_t bytes);
void channel_close(uint32_t id, bool over);
size_t channels_poll(struct pollfd *into, size_t room);
void channels_serve(const struct pollfd *polled, size_t n);

/* memory.c: memory without a name */
bool memory_add(uint32_t id, uint64_t kib);
int memory_fd(uint32_t id);
bool memory_release(uint32_t id);

/* programs.c */
void program_start(uint32_t request, struct fields f);
void program_kill(uint32_t request, uint32_t process);
size_t programs_poll(struct pollfd *into, size_t room);
void programs_serve(const struct pollfd *polled, size_t n);
void programs_reap(void);

/* program.c: one program to start; view.c: what it sees */
struct bind {
    char *source, *target;
    bool writable;
};
struct inherited {
    uint32_t number, handle;
    int fd;
};
#define MOST_ENTRIES 512u
struct program {
    char *root, *directory;
    char **argv, **environment, **devices;
    uint32_t output;
    struct inherited *inherited;
    struct bind *binds;
    size_t n_inherited, n_binds, n_devices;
    uint64_t capabilities;
};
void program_take(struct program *p, struct fields *f);
void program_free(struct program *p);
bool program_find_descriptors(struct program *p);
void program_run(const struct program *p, int output, int report) __attribute__((noreturn)); /* reaper */
const char *view_enter(const struct program *p); /* NULL, or what failed, with errno */

/* files.c, sockets.c: requests that do one thing */
void file_request(unsigned type, uint32_t id, struct fields f);
void socket_request(unsigned type, uint32_t id, struct fields f);

/* work.c: the same work inside and on the suite's own machine, to compare their speed */
uint64_t now_ns(void);
uint64_t wall_ns(void);
uint64_t work_ns(uint32_t rounds);

extern const char *newroot; /* an empty directory on which the root of a program is mounted */

#endif
