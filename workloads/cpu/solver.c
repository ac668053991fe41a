/* SPDX-License-Identifier: MIT */
#include "solver.h"

#include <dlfcn.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* LAPACK's, in single and double precision, with Fortran's hidden length of `trans`. */
typedef void factor_fn(const int *m, const int *n, void *a, const int *lda, int *pivots, int *info);
typedef void solve_fn(const char *trans, const int *n, const int *nrhs, const void *a,
                      const int *lda, const int *pivots, void *b, const int *ldb, int *info,
                      size_t trans_len);

struct solver_state {
    const struct solver *what;
    factor_fn *factor;
    solve_fn *solve;
    size_t number;        /* its size in bytes */
    void *matrix, *right; /* the system, by columns */
    void *work, *x;       /* what it becomes */
    int *pivots, info;
};

static void *load(const struct solver *what, const char *path, struct error *err)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (!library)
        error_machine(err, ENOENT, "'%s' cannot be loaded (Debian package: %s): %s", path,
                      what->package, dlerror());
    return library;
}

static void set(const struct solver_state *s, void *array, size_t i, double value)
{
    if (s->what->single)
        ((float *)array)[i] = (float)value;
    else
        ((double *)array)[i] = value;
}

static double get(const struct solver_state *s, const void *array, size_t i)
{
    return s->what->single ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

/* Coefficients from -0.5 to 0.5, by the generator that HPL has. */
static void make_system(struct solver_state *s)
{
    const size_t n = (size_t)s->what->order;
    double *sums = xcalloc(n, sizeof(double));
    uint64_t state = 100;
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) {
            state = state * 6364136223846793005 + 1;
            set(s, s->matrix, j * n + i, (double)(state >> 11) * 0x1p-53 - 0.5);
            sums[i] += get(s, s->matrix, j * n + i);
        }
    }
    for (size_t i = 0; i < n; i++)
        set(s, s->right, i, sums[i]);
    free(sums);
}

static int load_routines(struct solver_state *s, struct error *err)
{
    const struct solver *what = s->what;
    if (what->blas && !load(what, what->blas, err))
        return -err->code;
    void *library = load(what, what->library, err);
    if (!library)
        return -err->code;
    *(void **)&s->factor = dlsym(library, what->factor);
    *(void **)&s->solve = dlsym(library, what->solve);
    if (!s->factor || !s->solve)
        return error_machine(err, ENOENT, "'%s' (Debian package: %s) has no %s or no %s",
                             what->library, what->package, what->factor, what->solve);
    return 0;
}

int solver_open(const struct solver *what, struct solver_state **ret, struct error *err)
{
    struct solver_state *s = xcalloc(1, sizeof(*s));
    s->what = what;
    int r = load_routines(s, err);
    if (r < 0) {
        solver_free(s);
        return r;
    }
    const size_t n = (size_t)what->order;
    s->number = what->single ? sizeof(float) : sizeof(double);
    s->matrix = xmalloc(n * n * s->number);
    s->work = xmalloc(n * n * s->number);
    s->right = xmalloc(n * s->number);
    s->x = xmalloc(n * s->number);
    s->pivots = xcalloc(n, sizeof(int));
    make_system(s);
    *ret = s;
    return 0;
}

void solver_free(struct solver_state *s)
{
    if (!s)
        return;
    free(s->matrix);
    free(s->work);
    free(s->right);
    free(s->x);
    free(s->pivots);
    free(s);
}

void solver_run(struct solver_state *s)
{
    const int n = s->what->order, one = 1;
    memcpy(s->work, s->matrix, (size_t)n * (size_t)n * s->number);
    memcpy(s->x, s->right, (size_t)n * s->number);
    s->factor(&n, &n, s->work, &n, s->pivots, &s->info);
    if (s->info == 0)
        s->solve("N", &n, &one, s->work, &n, s->pivots, s->x, &n, &s->info, 1);
}

double solver_operations(const struct solver_state *s)
{
    const double n = s->what->order;
    return 2 * n * n * n / 3 + 2 * n * n;
}

/* ||Ax - b|| / (eps (||A|| ||x|| + ||b||) n), by the maximum norms. */
static double residual(const struct solver_state *s)
{
    const size_t n = (size_t)s->what->order;
    double worst = 0, a_norm = 0, x_norm = 0, b_norm = 0;
    for (size_t i = 0; i < n; i++) {
        const double b = get(s, s->right, i);
        double sum = -b, a_sum = 0;
        for (size_t j = 0; j < n; j++) {
            const double a = get(s, s->matrix, j * n + i);
            sum += a * get(s, s->x, j);
            a_sum += fabs(a);
        }
        worst = fmax(worst, isnan(sum) ? INFINITY : fabs(sum));
        a_norm = fmax(a_norm, a_sum);
        x_norm = fmax(x_norm, fabs(get(s, s->x, i)));
        b_norm = fmax(b_norm, fabs(b));
    }
    const double epsilon = (s->what->single ? (double)FLT_EPSILON : DBL_EPSILON) / 2;
    return worst / (epsilon * (a_norm * x_norm + b_norm) * (double)n);
}

int solver_check(const struct solver_state *s, struct error *err)
{
    if (s->info)
        return error_set(err, EBADMSG, "%s: %s or %s failed with %d", s->what->metric,
                         s->what->factor, s->what->solve, s->info);
    const double r = residual(s);
    return r < 16 ? 0
                  : error_set(err, EBADMSG,
                              "%s: the scaled residual of the solution is %g, and must be below "
                              "16: this node's processor or '%s' computes wrongly",
                              s->what->metric, r, s->what->library);
}
