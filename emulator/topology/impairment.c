/* SPDX-License-Identifier: MIT */
#include "topology/impairment.h"

#include "base/clock.h"

enum { FRAME_HEADER = 14, STANDING_MIN = 100, UNLIMITED_MIN = 1000 };

#define STANDING_NS    (100 * NS_PER_MS)
#define UNLIMITED_RATE 40000000000ULL /* more than a wire without a rate reaches here */

/* Frames that a rate sends in a time, rounded up; 128 bits since 1 Tbit/s for 1,000 h is 2^91. */
static uint64_t frames_in(uint64_t rate_bps, uint64_t time_ns, uint64_t frame_bits)
{
    const unsigned __int128 unit = (unsigned __int128)frame_bits * NS_PER_SEC;
    return (uint64_t)(((unsigned __int128)rate_bps * time_ns + unit - 1) / unit);
}

uint64_t impairment_default_queue(const struct impairment *i, uint32_t mtu)
{
    const uint64_t frame_bits = ((uint64_t)mtu + FRAME_HEADER) * 8;
    if (i->rate_bps == 0) {
        uint64_t flying = frames_in(UNLIMITED_RATE, i->delay_ns, frame_bits);
        return flying > UNLIMITED_MIN ? flying : UNLIMITED_MIN;
    }
    uint64_t standing = frames_in(i->rate_bps, STANDING_NS, frame_bits);
    if (standing < STANDING_MIN)
        standing = STANDING_MIN;
    return frames_in(i->rate_bps, i->delay_ns, frame_bits) + standing;
}
