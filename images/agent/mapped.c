/* SPDX-License-Identifier: Apache-2.0
 * Maps memory of devices. The kernel command line needs iomem=relaxed, because drivers have claimed it. */
#include "readback.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_MAPPINGS 96
#define MOST_BYTES (256 << 10)

/* A file of a device that was unplugged must not be touched through its mapping (SIGBUS); a device that is
 * plugged in again has another inode. */
static struct mapping {
    char path[64];
    uint64_t page, inode;
    unsigned char *at; /* MAP_FAILED: cannot be mapped */
} mappings[MAX_MAPPINGS];
static unsigned n_mappings;

static unsigned char *map_file(const char *path, uint64_t page, size_t length)
{
    int fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
    unsigned char *at;

    if (fd < 0)
        return MAP_FAILED;
    at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)page);
    close(fd);
    return at;
}

static unsigned char *mapped(const char *path, uint64_t inode, uint64_t page, size_t length)
{
    struct mapping *m = &mappings[n_mappings];

    for (unsigned i = 0; i < n_mappings; i++)
        if (!strcmp(mappings[i].path, path) && mappings[i].page == page && mappings[i].inode == inode)
            return mappings[i].at;
    if (n_mappings == MAX_MAPPINGS)
        return MAP_FAILED;
    n_mappings++;
    snprintf(m->path, sizeof m->path, "%s", path);
    m->page = page;
    m->inode = inode;
    m->at = map_file(path, page, length);
    return m->at;
}

volatile void *mapped_memory(uint64_t page)
{
    unsigned char *at = mapped("/dev/mem", 0, page, cfg.page);

    return at == MAP_FAILED ? NULL : at;
}

/* The address of a BAR: a page of the kernel may be larger than a BAR, which then begins within its mapping. */
static bool bar_address(const char *pci_device, unsigned bar, uint64_t *address)
{
    char path[64], text[512], *line = text;

    snprintf(path, sizeof path, "/sys/bus/pci/devices/%.15s/resource", pci_device);
    if (!read_text_file(path, text, sizeof text))
        return false;
    for (unsigned i = 0; i < bar && line; i++)
        line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
    *address = line ? strtoull(line, NULL, 16) : 0;
    return *address != 0;
}

volatile void *mapped_bar(const char *pci_device, unsigned bar, uint64_t offset, size_t length)
{
    unsigned char *at;
    uint64_t address;
    struct stat file;
    char path[64];

    snprintf(path, sizeof path, "/sys/bus/pci/devices/%.15s/resource%u", pci_device, bar);
    if (!bar_address(pci_device, bar, &address))
        return NULL;
    if (stat(path, &file) != 0 || file.st_size > MOST_BYTES || offset + length > (uint64_t)file.st_size)
        return NULL;
    at = mapped(path, file.st_ino, 0, (size_t)file.st_size);
    return at == MAP_FAILED ? NULL : at + address % cfg.page + offset;
}
