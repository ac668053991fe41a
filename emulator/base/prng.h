/* SPDX-License-Identifier: MIT
 *
 * Counter-based randomness: what is drawn depends only on (seed, stream name, number of the draw),
 * never on what else was drawn before. So packet n of a wire meets the same fate in every run with
 * the same seed, whatever other wires, nodes or events exist.
 *
 * The generator is Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As
 * Easy as 1, 2, 3", SC 2011; the tests hold it to that paper's published known answers.
 */
#ifndef WANLAB_BASE_PRNG_H
#define WANLAB_BASE_PRNG_H

#include <stdint.h>

struct prng_block {
    uint32_t word[4];
};

/* The raw function: 128 bits for (64-bit key, 128-bit counter). */
struct prng_block prng_philox(const uint32_t key[2], const uint32_t counter[4]);

/* The key of a named stream, e.g. "loss db1->db2", under the scenario's seed. */
uint64_t prng_key(uint64_t seed, const char *stream);

/* Draw number `n` of a stream: 64 uniform bits. */
uint64_t prng_u64(uint64_t key, uint64_t n);

/* The same as a number in [0, 1), 53 bits. */
double prng_unit(uint64_t key, uint64_t n);

#endif
