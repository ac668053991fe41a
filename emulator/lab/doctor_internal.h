/* SPDX-License-Identifier: MIT
 *
 * Shared by the doctor's parts: doctor.c looks (programs, limits, clock), doctor_kernel.c tries.
 */
#ifndef WANLAB_LAB_DOCTOR_INTERNAL_H
#define WANLAB_LAB_DOCTOR_INTERNAL_H

#include "base/error.h"
#include "lab/doctor.h"

/* Adds a check; valid until the next one. `cure` is kept only if the state is not DOCTOR_OK. */
struct doctor_check *doctor_add(struct doctor *d, const char *group, const char *name,
                                enum doctor_state state, const char *cure, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

void doctor_examine_kernel(struct doctor *d);

#endif
