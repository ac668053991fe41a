/* SPDX-License-Identifier: MIT */
#include "statement.h"

#include <mysqld_error.h>

#include "base/mem.h"

char *statement_text(const struct request *r)
{
    switch (r->op) {
    case OP_READ:
        return xasprintf("SELECT v FROM registers WHERE k = '%s'", r->key);
    case OP_WRITE:
        return xasprintf(
            "INSERT INTO registers VALUES ('%s', '%s') ON DUPLICATE KEY UPDATE v = '%s'", r->key,
            r->value, r->value);
    case OP_CAS:
        if (!*r->old)
            return xasprintf("INSERT INTO registers VALUES ('%s', '%s')", r->key, r->value);
        return xasprintf("UPDATE registers SET v = '%s' WHERE k = '%s' AND v = '%s'", r->value,
                         r->key, r->old);
    case OP_ADD:
        return xasprintf("INSERT INTO elements VALUES ('%s')", r->value);
    default:
        return xstrdup("SELECT v FROM elements");
    }
}

const char *statement_session(bool weak, bool dirty)
{
    static const char causal[] = "SET SESSION wsrep_sync_wait = 1, wsrep_dirty_reads = OFF";
    static const char local[] = "SET SESSION wsrep_sync_wait = 0, wsrep_dirty_reads = OFF";
    static const char anything[] = "SET SESSION wsrep_sync_wait = 0, wsrep_dirty_reads = ON";
    return !weak ? causal : dirty ? anything : local;
}

/* A deadlock is what Galera calls a transaction that was not certified, or was aborted by one that
 * was. A transaction of which a server cannot say what becomes of it, since it has lost the others,
 * ends with other errors. */
bool statement_had_no_effect(unsigned code)
{
    return code == ER_LOCK_DEADLOCK || code == ER_LOCK_WAIT_TIMEOUT || code == ER_DUP_ENTRY ||
           code == ER_UNKNOWN_COM_ERROR; /* the server is not, or no longer, one of the cluster */
}
