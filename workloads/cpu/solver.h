/* SPDX-License-Identifier: MIT
 *
 * Linpack: a dense system of equations is solved by LU factorization with partial pivoting. The
 * routines are those of a library that is loaded by its path, so that which one computes does not
 * depend on the machine's alternatives.
 */
#ifndef CPU_SOLVER_H
#define CPU_SOLVER_H

#include <stdbool.h>

#include "base/error.h"

struct solver {
    const char *metric;
    bool single;      /* precision */
    int order;        /* of the matrix, and the number of equations */
    const char *blas; /* loaded first; NULL: `library` has all */
    const char *library, *package;
    const char *factor, *solve; /* LAPACK's routines */
};

struct solver_state; /* one system */

/* A system with random coefficients whose solution is all ones. Errors: STATUS_MACHINE with the
 * package, if there is no such library. */
int solver_open(const struct solver *what, struct solver_state **ret, struct error *err);
void solver_free(struct solver_state *s);

/* Puts the coefficients in place and solves. */
void solver_run(struct solver_state *s);

/* Floating-point operations of solver_run(): Linpack's count, 2/3 n^3 + 2 n^2. */
double solver_operations(const struct solver_state *s);

/* Whether the last solution is one: the residual as HPL scales it has to be below 16. */
int solver_check(const struct solver_state *s, struct error *err);

#endif
