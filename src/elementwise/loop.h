/* The loop that the elementwise losses share, made once for each of them and for each set of results that is wanted. */
#ifndef FASTLOSS_LOOP_H
#define FASTLOSS_LOOP_H

#include "core/domain.h"
#include "core/lanes.h"
#include "elementwise/element_loss.h"
#include "elementwise/losses.h"

enum { ELEMENT_BLOCK = 256 }; /* elements whose numbers, results included, stay in the first-level cache */
enum { WANT_VALUE = 1, WANT_GRAD = 2, WANT_HESS = 4 };

/* Up to ELEMENT_BLOCK elements. No result overlaps a number that is read. */
struct element_block {
    const real *x, *y, *z;
    double *each;      /* receives each loss; or NULL, and only their sum is wanted */
    real *grad, *hess; /* receive the derivatives that are wanted */
    ptrdiff_t n;
    int want;
    element_options options;
    real scale; /* of the derivatives */
};

typedef element (*element_formula)(real x, real y, real z, const element_options options);

/* Where the parts of a loss go, those that are not NULL: by element, or added to lanes. */
typedef struct {
    real *value, *addend;
    double *in_double, *lane;
} loss_parts;

/* Elements first .. last. The formula, `want` and which parts are stored are constants of the call, so that each call
 * becomes a loop of its own. */
FL_INLINE void element_loop(element_formula formula, const element_block b, ptrdiff_t first, ptrdiff_t last,
                            const int want, const loss_parts to)
{
#pragma omp simd
    for (ptrdiff_t i = first; i < last; i++) {
        element e = formula(b.x[i], b.y[i], b.z[i], b.options);
        if (to.value) to.value[i] = e.real_value;
        if (to.addend) to.addend[i] = e.addend;
        if (to.in_double) to.in_double[i] = e.value;
        if (to.lane) to.lane[i - first] += e.value;
        if (want & WANT_GRAD) b.grad[i] = b.scale * e.grad;
        if (want & WANT_HESS) b.hess[i] = b.scale * e.hess;
    }
}

/* The sum of value + addend, or each of them in double. */
FL_NOINLINE double sum_elements(const real *value, const real *addend, double *each, ptrdiff_t n)
{
    double lane[FL_LANES] = {0};
    ptrdiff_t whole = n - n % FL_LANES;
    if (each) {
        if (addend) {
#pragma omp simd
            for (ptrdiff_t i = 0; i < n; i++) each[i] = (double)value[i] + (double)addend[i];
        } else {
#pragma omp simd
            for (ptrdiff_t i = 0; i < n; i++) each[i] = (double)value[i];
        }
        return 0;
    }
    for (ptrdiff_t j = 0; j < whole; j += FL_LANES) {
        lanes_add_widened(value + j, lane);
        if (addend) lanes_add_widened(addend + j, lane);
    }
    for (ptrdiff_t i = whole; i < n; i++) lane[i - whole] += (double)value[i] + (addend ? (double)addend[i] : 0);
    return lanes_total_double(lane);
}

/* Losses in the build's own type go through a buffer: gcc would carry the conversion to double into every select. */
FL_INLINE double sum_in_real(element_formula formula, const element_block b, const int want, const int has_addend)
{
    real value[ELEMENT_BLOCK], addend[ELEMENT_BLOCK];
    element_loop(formula, b, 0, b.n, want, (loss_parts){.value = value, .addend = has_addend ? addend : NULL});
    return sum_elements(value, has_addend ? addend : NULL, b.each, b.n);
}

/* Losses in double are added up on the way, each 16th in a lane of its own. */
FL_INLINE double sum_in_double(element_formula formula, const element_block b, const int want)
{
    double lane[FL_LANES] = {0};
    ptrdiff_t whole = b.n - b.n % FL_LANES;
    if (b.each) {
        element_loop(formula, b, 0, b.n, want, (loss_parts){.in_double = b.each});
        return 0;
    }
    for (ptrdiff_t j = 0; j < whole; j += FL_LANES)
        element_loop(formula, b, j, j + FL_LANES, want, (loss_parts){.lane = lane});
    element_loop(formula, b, whole, b.n, want, (loss_parts){.lane = lane});
    return lanes_total_double(lane);
}

/* Where a formula puts the loss: in real_value, there and in addend, or in value. */
typedef enum { IN_REAL, IN_TWO_PARTS, IN_DOUBLE } loss_form;

/* The sum of the losses; each of them where `each` is not NULL, and then the sum is left to the caller. */
FL_INLINE double compute_block(element_formula formula, const element_block *block, const loss_form form)
{
    const element_block b = *block; /* a copy: no store of a result can change it */
    if (!(b.want & WANT_VALUE)) {
        if (b.want & WANT_HESS)
            element_loop(formula, b, 0, b.n, WANT_GRAD | WANT_HESS, (loss_parts){0});
        else
            element_loop(formula, b, 0, b.n, WANT_GRAD, (loss_parts){0});
        return 0;
    }
    if (form == IN_DOUBLE)
        return b.want & WANT_GRAD ? sum_in_double(formula, b, WANT_GRAD) : sum_in_double(formula, b, 0);
    return b.want & WANT_GRAD ? sum_in_real(formula, b, WANT_GRAD, form == IN_TWO_PARTS)
                               : sum_in_real(formula, b, 0, form == IN_TWO_PARTS);
}

#define BLOCK_OF(NAME, FORM, SHAPE, X, Y) \
    FL_NOINLINE double NAME##_block(const element_block *b) { return compute_block(NAME, b, FORM); }
#define ENTRY_OF(NAME, FORM, SHAPE, X, Y) {#NAME, NAME##_block, SHAPE, X, Y},

ELEMENTWISE_LOSSES(BLOCK_OF)

static const elementwise_loss elementwise_losses[] = {ELEMENTWISE_LOSSES(ENTRY_OF)};

/* A loss by its name; NULL where there is none. */
static const elementwise_loss *find_elementwise_loss(const char *name)
{
    for (size_t i = 0; i < sizeof elementwise_losses / sizeof *elementwise_losses; i++)
        if (!strcmp(name, elementwise_losses[i].name)) return &elementwise_losses[i];
    return NULL;
}

#endif
