/* SPDX-License-Identifier: MIT
 *
 * Whether this machine's KVM really runs guests. A device that opens proves nothing: in some
 * sandboxes and nested machines a guest then hangs, or is interpreted instruction by instruction.
 * So a guest is booted, with a deadline, once for each boot of this machine.
 */
#ifndef WANLAB_NODE_KVM_H
#define WANLAB_NODE_KVM_H

#include <stdbool.h>
#include <stddef.h>

/* Boots `kernel` with the initramfs behind the descriptor. If it does not work `why` says why not,
 * in a few words. May take some seconds the first time; what came out is kept in the cache. */
bool kvm_works(const char *kernel, int initramfs, char *why, size_t why_size);

#endif
