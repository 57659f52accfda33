/* SPDX-License-Identifier: Apache-2.0
 * What only PID 1 does: mounts, modules, and finding the port. Problems that a program may never meet go to
 * the suite with HELLO; the others end the host. */
#include "host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define PORTS "/sys/class/virtio-ports"
#define PORT_TRIES 1000
#define TRY_AGAIN_NS 10000000

static char problems[4096];

static void problem(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void problem(const char *format, ...)
{
    size_t len = strlen(problems);
    va_list args;

    va_start(args, format);
    vsnprintf(problems + len, sizeof problems - len, format, args);
    va_end(args);
    log_line("%s", problems + len);
    if (strlen(problems) < sizeof problems - 1)
        strcat(problems, "\n");
}

static void mount_one(const char *type, const char *at, const char *options)
{
    mkdir(at, 0755);
    if (mount(type, at, type, 0, options) != 0 && errno != EBUSY)
        die("cannot mount %s on %s: %s", type, at, strerror(errno));
}

static void load_module(const char *name, const char *options)
{
    char path[128];
    int fd;

    snprintf(path, sizeof path, "/modules/%s.ko", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (syscall(SYS_finit_module, fd, options, 0) != 0 && errno != EEXIST))
        problem("module %s: %s", name, strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* Each line of the file has a module's name, and maybe options. */
static void load_modules(void)
{
    FILE *order = fopen("/modules/order", "re");
    char line[256];

    if (!order)
        die("the image has no list of modules");
    while (fgets(line, sizeof line, order)) {
        char *options = line;
        char *name = strsep(&options, " \n");

        if (*name)
            load_module(name, options ? options : "");
    }
    fclose(order);
}

static void set(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, value, strlen(value)) < 0)
        problem("%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

static bool is_our_port(const char *name)
{
    char path[300], found[sizeof PORT_NAME] = "";
    int fd;

    snprintf(path, sizeof path, PORTS "/%s/name", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (read(fd, found, sizeof found - 1) < 0)
        found[0] = '\0';
    close(fd);
    return !strcmp(found, PORT_NAME);
}

static int look_for_port(void)
{
    DIR *directory = opendir(PORTS);
    struct dirent *entry;
    char path[300];
    int fd = -1;

    while (directory && fd < 0 && (entry = readdir(directory)))
        if (is_our_port(entry->d_name)) {
            snprintf(path, sizeof path, "/dev/%s", entry->d_name);
            fd = open(path, O_RDWR | O_CLOEXEC);
        }
    if (directory)
        closedir(directory);
    return fd;
}

/* The device reports its ports some time after the driver is loaded. */
static int find_port(void)
{
    for (int i = 0; i < PORT_TRIES; i++) {
        const struct timespec pause = {.tv_nsec = TRY_AGAIN_NS};
        int fd = look_for_port();

        if (fd >= 0)
            return fd;
        nanosleep(&pause, NULL);
    }
    die("there is no virtio port " PORT_NAME);
}

int boot(void)
{
    mount_one("devtmpfs", "/dev", NULL);
    mount_one("proc", "/proc", NULL);
    mount_one("sysfs", "/sys", NULL);
    mount_one("tmpfs", "/tmp", "mode=1777,size=75%");
    mkdir("/roots", 0755);
    mkdir(newroot, 0755);
    load_modules();
    /* As root has it: the kernel's own page faults, too, can be served by a QEMU without privileges. */
    set("/proc/sys/vm/unprivileged_userfaultfd", "1");
    return find_port();
}

/* The version of KVM's interface if a machine can be made, else 0. */
static uint32_t kvm_version(void)
{
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC), version, machine;

    if (fd < 0) {
        problem("/dev/kvm: %s", strerror(errno));
        return 0;
    }
    version = ioctl(fd, KVM_GET_API_VERSION, 0);
    machine = ioctl(fd, KVM_CREATE_VM, 0);
    if (machine < 0)
        problem("/dev/kvm makes no machine: %s", strerror(errno));
    else
        close(machine);
    close(fd);
    return machine < 0 || version < 0 ? 0 : (uint32_t)version;
}

void boot_describe(bool as_init)
{
    static struct reply r;
    struct utsname name;
    struct sysinfo info;
    uint32_t kvm = as_init ? kvm_version() : 0;

    uname(&name);
    sysinfo(&info);
    put_u32(&r, PROTOCOL_VERSION);
    put_bytes(&r, name.machine, strlen(name.machine));
    put_bytes(&r, name.release, strlen(name.release));
    put_u64(&r, (uint64_t)info.totalram * info.mem_unit >> 10);
    put_u32(&r, kvm);
    put_bytes(&r, problems, strlen(problems));
    port_send(HELLO, 0, r.data, r.len);
}
