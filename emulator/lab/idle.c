/* SPDX-License-Identifier: MIT */
#include "lab/idle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

#define DEVICE "/dev/cpu_dma_latency"
#define DRIVER "/sys/devices/system/cpu/cpuidle/current_driver"

/* Without a driver for it the kernel has one way to idle, and asks nobody how. */
static bool has_driver(void)
{
    _cleanup_(freep) char *name = NULL;
    return file_read(DRIVER, 256, &name, NULL, NULL) == 0 && strncmp(name, "none", 4) != 0;
}

static int hold(int *ret_fd, struct error *err)
{
    static const int32_t latency_us = 0;
    if (!has_driver())
        return error_machine(err, ENODEV, "this kernel has no cpuidle driver (" DRIVER ")");
    _cleanup_(fd_closep) int fd = open(DEVICE, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, &latency_us, sizeof(latency_us)) != sizeof(latency_us))
        return error_machine(err, errno, "cannot write to " DEVICE ": %s (run as root)",
                             strerror(errno));
    *ret_fd = take_fd(&fd);
    return 0;
}

int idle_choose(enum idle_choice choice, bool attached, int *ret_fd, char *why, size_t size,
                struct error *err)
{
    struct error reason = {0};
    *ret_fd = -1;
    if (choice == IDLE_HALT)
        snprintf(why, size, "as the file asks");
    else if (choice == IDLE_AUTO && !attached)
        snprintf(why, size, "a lab that stays lets processors sleep, unless it has `idle: poll`");
    else if (hold(ret_fd, &reason) == 0)
        snprintf(why, size, "nothing waits for a processor to wake");
    else if (choice == IDLE_AUTO)
        snprintf(why, size, "%s", reason.text);
    else
        return error_machine(err, reason.code, "`idle: poll` cannot be had: %s", reason.text);
    return 0;
}

const char *idle_name(bool polls)
{
    return polls ? "poll" : "halt";
}
