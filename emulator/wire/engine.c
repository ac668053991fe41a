/* SPDX-License-Identifier: MIT */
#include "wire/engine.h"

#include <errno.h>
#include <stdio.h>

#include "wire/delayline/delayline.h"
#include "wire/netem.h"

const struct wire_engine *wire_engine(enum engine_choice engine)
{
    static const struct wire_engine *const engines[] = {
        [ENGINE_NETEM] = &netem_engine,
        [ENGINE_DELAYLINE] = &delayline_engine,
    };
    return engines[engine];
}

int wire_engine_choose(const struct scenario *s, enum engine_choice *ret, char *why, size_t size,
                       struct error *err)
{
    struct error reason;
    if (s->engine != ENGINE_AUTO) {
        snprintf(why, size, "the file asks for it");
        *ret = s->engine;
        return wire_engine(s->engine)->probe(err);
    }
    if (s->needs_delayline) {
        snprintf(why, size, "%s", s->needs_delayline);
    } else if (wire_engine(ENGINE_NETEM)->probe(&reason) == 0) {
        snprintf(why, size, "this kernel has netem");
        *ret = ENGINE_NETEM;
        return 0;
    } else {
        snprintf(why, size, "%s", reason.code == ENOENT ? "this kernel has no netem" : reason.text);
    }
    *ret = ENGINE_DELAYLINE;
    return wire_engine(ENGINE_DELAYLINE)->probe(err);
}
