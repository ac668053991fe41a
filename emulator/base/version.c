/* SPDX-License-Identifier: MIT */
#include "base/version.h"

#ifndef WANLAB_VERSION
#define WANLAB_VERSION "unknown"
#endif

const char wanlab_version[] = WANLAB_VERSION;
