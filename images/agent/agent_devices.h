/* SPDX-License-Identifier: Apache-2.0
 *
 * The modules that drive devices of the guest, and check them.
 */
#ifndef AGENT_DEVICES_H
#define AGENT_DEVICES_H

#include "agent.h"

/* A device that the guest drives: its name, its check, and the state that the check keeps between runs. */
#define REASON 160
struct device;
typedef void device_check(struct device *d, char *reason); /* leaves `reason` empty on success */
struct device {
    char name[32];     /* the host's name for it */
    char selector[64]; /* how the check finds it, for example by the name of its kernel driver */
    device_check *check;
    bool in_churn;
    uint64_t deadline_us; /* of the check that is running, on the clock of ran_us() */
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
bool sysfs_find_port(const char *port, char *device, size_t size);
/* simple_checks.c, disk.c, network.c, screen.c, usb.c, input_devices.c: the checks */
device_check check_rng, check_bound, check_port, check_disk, check_net, check_screen, check_usb, check_input;
void screen_paint(uint32_t colour); /* 0x00RRGGBB, not 0 */
void input_report(struct text *out); /* events of keyboards and pointers */
/* device_checks.c: runs each check on its own thread, so that a lost request cannot block a command */
struct device *checks_add(const char *name, const char *selector, device_check *check, bool in_churn);
bool checks_exist(void);
void checks_start(void);
void checks_run_all(struct text *out);
bool checks_set_churn(bool on, uint64_t period_ms);
void checks_churn_report(struct text *out);
/* network.c: has the virtio network card also receive a multicast address, which is in its filter then */
void network_join_multicast(struct text *out);
/* network_echo.c: gives the card of this driver an address, and sends datagrams back that come to it */
void network_echo_start(void); /* before any command: creates the thread */
void network_echo(struct text *out, const char *driver);
void network_report(struct text *out, const char *driver);
/* plugged.c: what is plugged into the running guest */
void plugged_start(void); /* before any command: creates the thread */
void plugged_list(struct text *out, const char *bus);
void plugged_use(struct text *out, const char *kind, const char *driver, bool anew);
void plugged_vcpus(struct text *out); /* those that are online */
void plugged_vcpu(struct text *out, unsigned number);
/* drivers.c: reads the device files that the image builder wrote, and loads their modules */
void drivers_load(void);
bool drivers_load_module(const char *file, const char *options); /* one that is not of a device */
/* uefi.c: what UEFI firmware keeps; `mark` is written into a variable first, or NULL */
void uefi_command(struct text *out, const char *mark);
/* port_echo.c: answers on the virtio port with this name */
void port_echo_start(const char *port);

#endif
