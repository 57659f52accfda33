/* SPDX-License-Identifier: Apache-2.0
 * Requests about files and directories of the emulated host. */
#include "host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_READ (MAX_PAYLOAD - 64)
#define MOST_OPEN 16
#define BLOCK 4096

static void close_keeping_errno(int fd)
{
    int error = errno;

    close(fd);
    errno = error;
}

static bool make_file(const char *path, uint64_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    bool done;

    if (fd < 0)
        return errno == EEXIST;
    done = ftruncate(fd, (off_t)size) == 0;
    close_keeping_errno(fd);
    return done;
}

static bool write_file(const char *path, uint64_t offset, struct bytes content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (offset ? 0 : O_TRUNC), 0644);
    bool done = fd >= 0;

    for (size_t at = 0; done && at < content.len;) {
        ssize_t n = pwrite(fd, content.data + at, content.len - at, (off_t)(offset + at));

        done = n > 0;
        at += done ? (size_t)n : 0;
    }
    if (fd >= 0)
        close_keeping_errno(fd);
    return done;
}

static bool read_file(const char *path, uint64_t offset, uint32_t most, struct reply *r)
{
    static unsigned char content[MOST_READ];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t len = 0;
    ssize_t n = 0;

    if (fd < 0)
        return false;
    if (most > sizeof content)
        most = sizeof content;
    while (len < most && (n = pread(fd, content + len, most - len, (off_t)(offset + len))) > 0)
        len += (size_t)n;
    close_keeping_errno(fd);
    put_bytes(r, content, len);
    return n >= 0;
}

static bool read_link(const char *path, struct reply *r)
{
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof target);

    if (n >= 0)
        put_bytes(r, target, (size_t)n);
    return n >= 0;
}

static bool make_link(const char *path, struct fields *f)
{
    char *target = take_string(f);
    bool done = symlink(target, path) == 0;
    int error = errno;

    free(target);
    errno = error;
    return done;
}

static bool status(const char *path, struct reply *r)
{
    struct stat s;

    if (stat(path, &s) != 0)
        return false;
    put_u64(r, s.st_dev);
    put_u64(r, s.st_ino);
    put_u32(r, s.st_mode);
    put_u64(r, (uint64_t)s.st_size);
    return true;
}

static bool count(const char *path, struct reply *r)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    uint32_t n = 0;

    if (!directory)
        return false;
    while ((entry = readdir(directory)))
        n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    closedir(directory);
    put_u32(r, n);
    return true;
}

static bool remove_one(const char *path)
{
    return unlink(path) == 0 || errno == ENOENT;
}

static int remove_entry(const char *path, const struct stat *s, int kind, struct FTW *ftw)
{
    (void)s, (void)kind, (void)ftw;
    return remove(path);
}

static bool remove_tree(const char *path)
{
    return nftw(path, remove_entry, MOST_OPEN, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0 || errno == ENOENT;
}

static off_t kept;

static int cut_out_middle(const char *path, const struct stat *s, int kind, struct FTW *ftw)
{
    off_t length = (s->st_size - 2 * kept) / BLOCK * BLOCK;
    int fd;

    (void)kind, (void)ftw;
    if (!S_ISREG(s->st_mode) || length <= 0)
        return 0;
    fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0) {
        fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, kept, length);
        close(fd);
    }
    return 0;
}

static bool cut_out(const char *path, uint64_t most)
{
    kept = (off_t)most;
    return nftw(path, cut_out_middle, MOST_OPEN, FTW_PHYS | FTW_MOUNT) == 0;
}

static bool serve(unsigned type, const char *path, struct fields *f, struct reply *r)
{
    uint64_t number;

    switch (type) {
    case MAKE_FILE:
        return make_file(path, take_u64(f));
    case WRITE_FILE:
        number = take_u64(f);
        return write_file(path, number, take_bytes(f));
    case READ_FILE:
        number = take_u64(f);
        return read_file(path, number, take_u32(f), r);
    case REMOVE:
        return remove_one(path);
    case REMOVE_TREE:
        return remove_tree(path);
    case CUT_OUT:
        return cut_out(path, take_u64(f));
    case MAKE_LINK:
        return make_link(path, f);
    case MAKE_DIRECTORY:
        return mkdir(path, 0700) == 0 || errno == EEXIST;
    case READ_LINK:
        return read_link(path, r);
    case STATUS:
        return status(path, r);
    default:
        return count(path, r);
    }
}

void file_request(unsigned type, uint32_t id, struct fields f)
{
    char *path = take_string(&f);
    struct reply *r = answer_start();

    errno = 0;
    if (serve(type, path, &f, r))
        answer(id, r);
    else
        answer_error(id, errno ? errno : EIO, "%s: %s", path, strerror(errno ? errno : EIO));
    free(path);
}
