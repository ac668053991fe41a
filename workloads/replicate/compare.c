/* SPDX-License-Identifier: MIT */
#include "compare.h"

#include <string.h>

enum { SPELT_MAX = 8 };

static void spell(struct ranges *r)
{
    if (!r->numbers || r->spelt++ > SPELT_MAX)
        return;
    const char *separator = r->text.len ? ", " : "";
    if (r->spelt > SPELT_MAX)
        text_add(&r->text, "%s…", separator);
    else if (r->first == r->last)
        text_add(&r->text, "%s%llu", separator, (unsigned long long)r->first);
    else
        text_add(&r->text, "%s%llu to %llu", separator, (unsigned long long)r->first,
                 (unsigned long long)r->last);
}

void ranges_add(struct ranges *r, uint64_t first, uint64_t last)
{
    if (!r->numbers || first != r->last + 1) {
        spell(r);
        r->first = first;
    }
    r->last = last;
    r->numbers += last - first + 1;
}

const char *ranges_text(struct ranges *r)
{
    spell(r);
    return r->text.data ? r->text.data : "";
}

void comparison_init(struct comparison *c, uint64_t key, uint64_t inserts, unsigned tuple_len)
{
    *c = (struct comparison){.key = key, .inserts = inserts, .tuple_len = tuple_len, .next = 1};
}

void comparison_done(struct comparison *c)
{
    text_done(&c->missing.text);
    text_done(&c->different.text);
    text_done(&c->twice.text);
    text_done(&c->surplus.text);
}

void comparison_add(struct comparison *c, uint64_t seq, unsigned number, const char *text)
{
    if (seq < c->next && seq > 0) {
        ranges_add(&c->twice, seq, seq);
        return;
    }
    if (seq == 0 || seq > c->inserts) {
        ranges_add(&c->surplus, seq, seq);
        return;
    }
    if (seq > c->next)
        ranges_add(&c->missing, c->next, seq - 1);
    c->next = seq + 1;
    tuple_draw(c->key, seq, c->tuple_len, &c->expected);
    if (number != c->expected.number || strcmp(text, c->expected.text) != 0)
        ranges_add(&c->different, seq, seq);
}

void comparison_end(struct comparison *c)
{
    if (c->next <= c->inserts)
        ranges_add(&c->missing, c->next, c->inserts);
}
