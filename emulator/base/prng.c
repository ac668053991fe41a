/* SPDX-License-Identifier: MIT */
#include "base/prng.h"

enum { ROUNDS = 10 };

struct prng_block prng_philox(const uint32_t key[2], const uint32_t counter[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u; /* golden ratio */
        k1 += 0xBB67AE85u; /* sqrt(3) - 1 */
    }
    return (struct prng_block){{c0, c1, c2, c3}};
}

static struct prng_block block(uint64_t key, uint64_t n)
{
    const uint32_t k[2] = {(uint32_t)key, (uint32_t)(key >> 32)};
    const uint32_t c[4] = {(uint32_t)n, (uint32_t)(n >> 32), 0, 0};
    return prng_philox(k, c);
}

uint64_t prng_key(uint64_t seed, const char *stream)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a, 64 bits */
    for (const char *p = stream; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 0x100000001b3u;
    struct prng_block b = block(seed, hash);
    return (uint64_t)b.word[1] << 32 | b.word[0];
}

uint64_t prng_u64(uint64_t key, uint64_t n)
{
    struct prng_block b = block(key, n);
    return (uint64_t)b.word[1] << 32 | b.word[0];
}

double prng_unit(uint64_t key, uint64_t n)
{
    return (double)(prng_u64(key, n) >> 11) * 0x1p-53;
}
