/* SPDX-License-Identifier: Apache-2.0
 * What a program sees: the root of its build, read-only, with its own /proc, /dev and /tmp. The process is in
 * mount, PID and IPC namespaces of its own when this runs. */
#include "host.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

const char *newroot = "/newroot";

static const struct {
    const char *name;
    unsigned minor;
} memory_devices[] = {{"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};
#define MEMORY_DEVICES_MAJOR 1

static const char *below(const char *path)
{
    static char joined[PATH_MAX];

    snprintf(joined, sizeof joined, "%s%s", newroot, path);
    return joined;
}

static bool mount_one(const char *type, const char *at, unsigned long flags, const char *options)
{
    return mount(type, below(at), type, flags | MS_NOSUID, options) == 0;
}

static bool bind(const char *source, const char *target, bool writable)
{
    if (mount(source, target, NULL, MS_BIND, NULL) != 0)
        return false;
    return writable || mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, NULL) == 0;
}

static bool make_directories(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            return false;
        *slash = '/';
    }
    return mkdir(path, 0755) == 0 || errno == EEXIST;
}

static bool make_device(const char *path, dev_t number)
{
    return mknod(below(path), S_IFCHR | 0666, number) == 0 && chmod(below(path), 0666) == 0;
}

static bool make_dev(const struct program *p)
{
    char path[NAME_MAX];

    if (!mount_one("tmpfs", "/dev", MS_NOEXEC, "size=64m,mode=755"))
        return false;
    for (size_t i = 0; i < sizeof memory_devices / sizeof *memory_devices; i++) {
        snprintf(path, sizeof path, "/dev/%s", memory_devices[i].name);
        if (!make_device(path, makedev(MEMORY_DEVICES_MAJOR, memory_devices[i].minor)))
            return false;
    }
    for (size_t i = 0; i < p->n_devices; i++) {
        struct stat s;

        /* Like bubblewrap's --dev-bind-try: a program that misses it says so itself. */
        if (stat(p->devices[i], &s) == 0 && !make_device(p->devices[i], s.st_rdev))
            return false;
    }
    if (mkdir(below("/dev/shm"), 01777) != 0 || mkdir(below("/dev/pts"), 0755) != 0)
        return false;
    return mount_one("devpts", "/dev/pts", MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620") &&
           symlink("pts/ptmx", below("/dev/ptmx")) == 0 && symlink("/proc/self/fd", below("/dev/fd")) == 0;
}

static bool sees_below_run(const struct program *p)
{
    for (size_t i = 0; i < p->n_binds; i++)
        if (!strncmp(p->binds[i].target, "/run/", strlen("/run/")))
            return true;
    return false;
}

static bool make_binds(const struct program *p)
{
    if (!mount_one("tmpfs", "/tmp", MS_NODEV, "size=64m,mode=1777"))
        return false;
    if (sees_below_run(p) && !mount_one("tmpfs", "/run", MS_NODEV, "size=64m,mode=755"))
        return false;
    for (size_t i = 0; i < p->n_binds; i++) {
        char target[PATH_MAX];

        snprintf(target, sizeof target, "%s", below(p->binds[i].target));
        if (!make_directories(target) || !bind(p->binds[i].source, target, p->binds[i].writable))
            return false;
    }
    return true;
}

static bool make_sys(void)
{
    return mount_one("sysfs", "/sys", MS_RDONLY | MS_NODEV | MS_NOEXEC, NULL) || errno == ENOENT;
}

static bool become_root(void)
{
    return chdir(newroot) == 0 && mount(".", "/", NULL, MS_MOVE, NULL) == 0 && chroot(".") == 0 && chdir("/") == 0;
}

const char *view_enter(const struct program *p)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return "cannot make mounts private";
    if (!bind(p->root, newroot, false))
        return "cannot mount its root";
    if (!mount_one("proc", "/proc", MS_RDONLY | MS_NODEV | MS_NOEXEC, NULL))
        return "cannot mount /proc";
    if (!make_sys())
        return "cannot mount /sys";
    if (!make_dev(p))
        return "cannot make /dev";
    if (!make_binds(p))
        return "cannot make its directories";
    return become_root() ? NULL : "cannot enter its root";
}
