/* SPDX-License-Identifier: Apache-2.0
 * Memory that never changes while a guest runs: code and read-only data of the kernel (/proc/kcore), and the
 * files of the initramfs (page cache). A sum of each page is learned before a move and compared after it.
 *
 * images/kernel_memory.py wrote the file LIST: which addresses do not change, and which words in them the
 * kernel patches all the same. */
#include "agent_memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST "/kernel-memory"
#define CHUNK (16u * UNIT)

struct look {
    bool learn;
    bool failed;
    uint64_t page, bad; /* `page` counts over all sources, always in the same order */
    char first[160];    /* where the first damaged page is */
    struct page_values values;
};
static uint64_t *sums, room, learned, kernel_pages;
static uint64_t chunk[CHUNK / sizeof(uint64_t)];

uint64_t constant_sum(const uint64_t *word, size_t words)
{
    uint64_t a = 0, b = 0;

    for (size_t i = 0; i < words; i++) {
        a += word[i];
        b += a;
    }
    return a ^ (b << 1 | b >> 63);
}

static bool learn_sum(uint64_t page, uint64_t sum)
{
    if (page == room) {
        uint64_t *more = realloc(sums, (room + 4096) * sizeof *sums);

        if (!more)
            return false;
        sums = more;
        room += 4096;
    }
    sums[page] = sum;
    return true;
}

static void look_at(struct look *l, const uint64_t *word, size_t words, const char *what, uint64_t at)
{
    uint64_t sum = constant_sum(word, words), page = l->page++;

    if (l->learn) {
        l->failed |= !learn_sum(page, sum);
    } else if (page >= learned || sums[page] != sum) {
        if (l->bad++)
            return;
        snprintf(l->first, sizeof l->first, "%.120s at %#llx", what, (unsigned long long)at);
        l->values = (struct page_values){page < learned ? sums[page] : 0, sum};
    }
}

static void look_at_chunk(struct look *l, size_t size, const char *what, uint64_t at)
{
    for (size_t done = 0; done < size; done += UNIT) {
        size_t left = size - done < UNIT ? size - done : UNIT;

        look_at(l, chunk + done / sizeof *chunk, left / sizeof *chunk, what, at + done);
    }
}

/* The numbers in LIST; NULL if it cannot be read. Read once, because the file is looked at as well. */
static const uint64_t *list_read(void)
{
    static uint64_t *list;
    struct stat about;
    int fd;

    if (list)
        return list;
    fd = open(LIST, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0 || !(list = malloc((size_t)about.st_size))
        || read(fd, list, (size_t)about.st_size) != about.st_size)
        list = NULL;
    if (fd >= 0)
        close(fd);
    return list;
}

bool constant_has(uint64_t address)
{
    const uint64_t *list = list_read();

    for (uint64_t range = 0; list && range < list[0]; range++)
        if (address >= list[1 + 2 * range] && address + UNIT <= list[2 + 2 * range])
            return true;
    return false;
}

/* Words that the kernel patches count as zero. */
static const uint64_t *clear_patched(const uint64_t *patched, const uint64_t *end, uint64_t at, size_t size)
{
    while (patched < end && *patched < at)
        patched++;
    for (; patched < end && *patched < at + size; patched++)
        chunk[(*patched - at) / sizeof *chunk] = 0;
    return patched;
}

static void look_at_kernel(struct look *l)
{
    const uint64_t *list = list_read(), *patched, *end;
    struct kcore k;
    int kcore = kcore_open(&k);

    l->failed |= !list || kcore < 0;
    for (uint64_t range = 0; !l->failed && range < list[0]; range++) {
        uint64_t at = list[1 + 2 * range], stop = list[2 + 2 * range];
        off_t offset = kcore_offset(&k, at);

        patched = list + 2 + 2 * list[0];
        end = patched + patched[-1];
        while (at < stop) {
            size_t size = stop - at < CHUNK ? stop - at : CHUNK;

            if (offset < 0 || pread(kcore, chunk, size, offset) != (ssize_t)size) {
                l->failed = true;
                break;
            }
            patched = clear_patched(patched, end, at, size);
            look_at_chunk(l, size, "the kernel", at);
            offset += (off_t)size;
            at += size;
        }
    }
    if (kcore >= 0)
        close(kcore);
}

static void look_at_file(struct look *l, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint64_t at = 0;
    ssize_t got;

    while (fd >= 0 && (got = read(fd, chunk, sizeof chunk)) > 0) {
        look_at_chunk(l, (size_t)got, path, at);
        at += (uint64_t)got;
    }
    if (fd >= 0)
        close(fd);
}

/* Regular files of one directory of the initramfs. */
static void look_at_directory(struct look *l, const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;

    while (directory && (entry = readdir(directory)))
        if (entry->d_type == DT_REG) {
            char file[300];

            snprintf(file, sizeof file, "%.30s%.255s", path, entry->d_name);
            look_at_file(l, file);
        }
    if (directory)
        closedir(directory);
}

static bool look_at_all(struct look *l, struct text *out)
{
    look_at_kernel(l);
    kernel_pages = l->page;
    look_at_directory(l, "/");
    look_at_directory(l, "/modules/");
    look_at_directory(l, "/devices/");
    if (l->failed)
        text_fail(out, "cannot read the kernel's memory by " LIST " and /proc/kcore");
    return !l->failed;
}

void constant_learn(struct text *out)
{
    struct look l = {.learn = true};

    learned = 0;
    if (!look_at_all(&l, out))
        return;
    learned = l.page;
    text_add(out, " kernel=%llu files=%llu", (unsigned long long)kernel_pages,
             (unsigned long long)(l.page - kernel_pages));
}

void constant_check(struct text *out)
{
    struct look l = {.learn = false};

    if (learned == 0) {
        text_fail(out, "nothing was learned before");
        return;
    }
    if (!look_at_all(&l, out))
        return;
    text_add(out, " pages=%llu bad=%llu first=", (unsigned long long)l.page, (unsigned long long)l.bad);
    text_quote(out, l.bad ? l.first : "none");
    text_add(out, " expected=%#llx found=%#llx", (unsigned long long)l.values.expected,
             (unsigned long long)l.values.found);
}
