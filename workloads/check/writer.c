/* SPDX-License-Identifier: MIT */
#include "writer.h"

#include <math.h>

void writer_write(FILE *out, const struct writer_operation *o)
{
    fprintf(out, "{\"process\":\"%s\",\"op\":\"%s\",\"key\":\"%s\"", o->process,
            history_op_name(o->op), o->key);
    if (o->op == OP_CAS)
        fprintf(out, ",\"old\":%s", o->old);
    fprintf(out, ",\"value\":%s,\"call\":%.6f", o->value ? o->value : "null", o->call);
    if (isfinite(o->ret))
        fprintf(out, ",\"return\":%.6f", o->ret);
    else
        fputs(",\"return\":null", out);
    if (o->version != HISTORY_VERSION_NONE)
        fprintf(out, ",\"version\":%lld", (long long)o->version);
    fprintf(out, ",\"result\":\"%s\"}\n", history_result_name(o->result));
}
