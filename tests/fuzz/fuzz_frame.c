/* SPDX-License-Identifier: MIT
 *
 * What a guest's agent says: frames in pieces of any size. The first byte is the size of the
 * pieces.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/frame.h"
#include "base/mem.h"
#include "fuzz.h"

/* Each frame ends with a NUL that is not the line's. */
static int take_frames(struct frame_reader *reader, struct frame_writer *copy)
{
    struct frame f;
    int r;
    while ((r = frame_next(reader, &f)) > 0) {
        if (f.data[f.head.size] != '\0')
            fuzz_fail("a frame without its NUL", "");
        frame_put(copy, f.head.channel, (enum frame_type)f.head.type, f.head.stream, f.data,
                  f.head.size);
    }
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame_reader reader = {0};
    struct frame_writer copy = {0};
    int line[2], r = 0;
    if (size < 2 || pipe2(line, O_CLOEXEC | O_NONBLOCK) < 0)
        return 0;
    const size_t piece = data[0] ? data[0] : 4096;
    for (size_t at = 1; at < size && r == 0; at += piece) {
        size_t len = at + piece < size ? piece : size - at;
        if (write(line[1], data + at, len) == (ssize_t)len && frame_read(&reader, line[0]) == 1)
            r = take_frames(&reader, &copy);
    }
    size_t len = copy.end - copy.begin; /* what is taken and put is what came */
    if (len > size - 1 || (len > 0 && memcmp(copy.data + copy.begin, data + 1, len) != 0))
        fuzz_fail("frames have changed on their way", "");
    frame_reader_done(&reader);
    frame_writer_done(&copy);
    close(line[0]);
    close(line[1]);
    return 0;
}
