/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/stats.h"
#include "experiment/account.h"
#include "topology/delay_law.h"
#include "topology/loss_law.h"
#include "topology/trace.h"

enum { CHANCES = 4 };

/* One share of a wire: `hits` of `packets`, which are worth `trials` independent ones. */
struct share {
    const char *what, *verb;
    double asked, hits, packets, trials;
};

static double count_of(json_t *wire, const char *key)
{
    return (double)json_integer_value(json_object_get(wire, key));
}

static void add_share(struct share *shares, size_t *count, struct share share)
{
    if (share.packets > 0 && share.asked < 1)
        shares[(*count)++] = share;
}

static void add_loss(struct share *shares, size_t *count, const struct impairment *i, double sent,
                     json_t *wire)
{
    const struct loss_law law = loss_law_of(&(struct path){.wires = &i, .wire_count = 1});
    const double binomial = law.share * (1 - law.share);
    if ((i->trace && i->trace->has_loss) || !isfinite(law.share_variance))
        return;
    double worth = law.share_variance > 0 ? binomial / law.share_variance : 1;
    add_share(
        shares, count,
        (struct share){"loss", "lost", law.share, count_of(wire, "lost"), sent, sent * worth});
}

/* Counters that the engine does not have are not judged. */
static void add_chance(struct share *shares, size_t *count, const char *verb,
                       const struct chance *asked, double packets, json_t *wire)
{
    const double c = asked->correlation;
    if (json_object_get(wire, verb) && c < 1)
        add_share(shares, count,
                  (struct share){verb, verb, asked->probability, count_of(wire, verb), packets,
                                 packets * (1 - c) / (1 + c)});
}

/* Copies are packets, too, but nothing is drawn for them; which of what a queue turned away were
 * copies is not known. */
static size_t shares_of(json_t *wire, const struct impairment *i, struct share ret[CHANCES])
{
    const double queue_drops = count_of(wire, "queue_drops"), lost = count_of(wire, "lost");
    const double passed = count_of(wire, "packets") - count_of(wire, "duplicated");
    struct delay_law law;
    size_t n = 0;
    if (json_object_get(wire, "changed"))
        return 0;
    delay_law_init(&law, &(struct path){.wires = &i, .wire_count = 1});
    const struct chance early = {law.early, law.early_correlation};
    delay_law_done(&law);
    add_loss(ret, &n, i, fmax(passed + lost + queue_drops, 0), wire);
    if (queue_drops == 0)
        add_chance(ret, &n, "duplicated", &i->duplicate, passed, wire);
    add_chance(ret, &n, "corrupted", &i->corrupt, passed + queue_drops, wire);
    add_chance(ret, &n, "reordered", &early, passed + queue_drops, wire);
    return n;
}

/* A packet or so is on the way when the count begins or ends: it belongs to either. */
static bool is_by_chance(const struct share *s, const struct interval *w)
{
    double slack = 1 / s->packets;
    return s->asked >= w->low - slack && s->asked <= w->high + slack;
}

static void judge_share(struct account *a, json_t *wire, const struct share *s, double z)
{
    const double achieved = fmin(s->hits / s->packets, 1);
    const struct interval w = stats_wilson_share(achieved, s->trials, z);
    const bool fine = s->asked > 0 ? is_by_chance(s, &w) : s->hits == 0;
    json_t *chances = json_object_get(wire, "chances");
    if (s->asked > 0 || s->hits > 0)
        json_array_append_new(chances,
                              json_pack("{s:s s:f s:f s:[f,f] s:f s:b}", "what", s->what, "asked",
                                        s->asked, "achieved", achieved, "interval", w.low, w.high,
                                        "packets", s->packets, "within", (int)fine));
    a->improbable += !fine;
    if (!fine && !a->worst)
        a->worst =
            xasprintf("%s %s %.3g %% of %.0f packets where %.3g %% is asked (%.3g to %.3g %%)",
                      json_string_value(json_object_get(wire, "name")), s->verb, achieved * 100,
                      s->packets, s->asked * 100, w.low * 100, w.high * 100);
}

void account_judge(struct account *a, const struct plan *plan, double confidence)
{
    struct share shares[CHANCES];
    json_t *wire;
    size_t i, chances = 0;
    a->judged = a->improbable = 0;
    json_array_foreach(a->wires, i, wire)
    {
        size_t n = i < plan->wire_count ? shares_of(wire, &plan->wires[i].impairment, shares) : 0;
        a->judged += n;
        for (size_t k = 0; k < n; k++)
            chances += shares[k].asked > 0;
    }
    const double each = pow(confidence, 1.0 / (double)(chances ? chances : 1));
    const double z = stats_normal_quantile((1 + each) / 2);
    json_array_foreach(a->wires, i, wire)
    {
        size_t n = i < plan->wire_count ? shares_of(wire, &plan->wires[i].impairment, shares) : 0;
        json_object_set_new(wire, "chances", json_array());
        for (size_t k = 0; k < n; k++)
            judge_share(a, wire, &shares[k], z);
        if (json_array_size(json_object_get(wire, "chances")) == 0)
            json_object_del(wire, "chances");
    }
}
