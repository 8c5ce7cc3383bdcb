/* The loop that the elementwise losses share, made once for each of them and for each set of results that is wanted. */
#ifndef FASTLOSS_LOOP_H
#define FASTLOSS_LOOP_H

#include "core/domain.h"
#include "core/exact_sum.h"
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
    real scale;   /* of the derivatives */
    double *bias; /* sum_on_the_way()'s: 0 before a chunk's first block */
};

typedef element (*element_formula)(real x, real y, real z, const element_options options);

/* Where the parts of each loss go, those that are not NULL. */
typedef struct {
    real *value, *addend;
    double *in_double;
} loss_parts;

/* The formula, `want` and which parts are stored are constants of the call, so that each call becomes a loop of its
 * own. */
FL_INLINE void element_loop(element_formula formula, const element_block b, const int want, const loss_parts to)
{
#pragma omp simd
    for (ptrdiff_t i = 0; i < b.n; i++) {
        element e = formula(b.x[i], b.y[i], b.z[i], b.options);
        if (to.value) to.value[i] = e.real_value;
        if (to.addend) to.addend[i] = e.addend;
        if (to.in_double) to.in_double[i] = e.value;
        if (want & WANT_GRAD) b.grad[i] = b.scale * e.grad;
        if (want & WANT_HESS) b.hess[i] = b.scale * e.hess;
    }
}

/* The sum of value + addend; or each of them, in double, and then the sum is left to the caller. */
FL_NOINLINE exact_sum sum_elements(const real *value, const real *addend, double *each, ptrdiff_t n)
{
    if (!each) return addend ? sum_of_two_parts(value, addend, n) : sum_of_numbers(value, n);
    if (addend) {
#pragma omp simd
        for (ptrdiff_t i = 0; i < n; i++) each[i] = (double)value[i] + (double)addend[i];
    } else {
#pragma omp simd
        for (ptrdiff_t i = 0; i < n; i++) each[i] = (double)value[i];
    }
    return NO_SUM;
}

/* Losses in the build's own type go through a buffer: gcc would carry the conversion to double into every select. */
FL_INLINE exact_sum sum_in_real(element_formula formula, const element_block b, const int want, const int has_addend)
{
    real value[ELEMENT_BLOCK], addend[ELEMENT_BLOCK];
    element_loop(formula, b, want, (loss_parts){.value = value, .addend = has_addend ? addend : NULL});
    return sum_elements(value, has_addend ? addend : NULL, b.each, b.n);
}

/* Losses in double go through one too: with the sums of all lanes, a formula would not find registers enough. */
FL_INLINE exact_sum sum_in_double(element_formula formula, const element_block b, const int want)
{
    double value[ELEMENT_BLOCK];
    element_loop(formula, b, want, (loss_parts){.in_double = b.each ? b.each : value});
    return b.each ? NO_SUM : sum_of_doubles(value, b.n);
}

/* The power of 2 above a number. */
FL_INLINE double power_above(double x)
{
    int exponent;
    frexp(x, &exponent);
    return ldexp(1.0, exponent);
}

/* The sum of a block by loops of its own; and a bias for the next ones: above the sum of this block, and so above what a
 * lane adds up of a block that is like this one. A smaller block is the last one. */
FL_INLINE exact_sum sum_and_set_bias(element_formula formula, const element_block b, const int want,
                                     const int in_double)
{
    exact_sum sum = in_double ? sum_in_double(formula, b, want) : sum_in_real(formula, b, want, 0);
    int is_in_range = sum.high > 0x1p-900 && sum.high < 0x1p900;
    *b.bias = b.n == ELEMENT_BLOCK && is_in_range ? power_above(sum.high) : 0;
    return sum;
}

FL_INLINE void lanes_add_to_larger(const double *FL_RESTRICT x, double *FL_RESTRICT high, double *FL_RESTRICT low)
{
#pragma omp simd
    for (int i = 0; i < FL_EXACT_LANES; i++) {
        double sum = high[i] + x[i];
        low[i] += x[i] - (sum - high[i]);
        high[i] = sum;
    }
}

/* Losses that are never negative, of formulas so short that adding up takes longer: in the formula's own loop, with four
 * operations for each in the place of seven. A lane begins at a bias, so that it is larger than what is added to it, and
 * then Dekker's FastTwoSum finds what is rounded away. Whether it was larger can be seen at the end: no lane has doubled.
 * If one has, or is NaN, the block is computed again. */
FL_INLINE exact_sum sum_on_the_way(element_formula formula, const element_block b, const int want, const int in_double)
{
    const double bias = *b.bias;
    const ptrdiff_t whole = b.n - b.n % FL_EXACT_LANES;
    exact_lanes lanes;
    int is_exact = bias > 0;
    if (b.each || !is_exact || !whole) return sum_and_set_bias(formula, b, want, in_double);
#pragma omp simd
    for (int i = 0; i < FL_EXACT_LANES; i++) {
        lanes.high[i] = bias;
        lanes.low[i] = 0;
    }
    for (ptrdiff_t j = 0; j < whole; j += FL_EXACT_LANES) {
        double value[FL_EXACT_LANES];
#pragma omp simd
        for (ptrdiff_t i = 0; i < FL_EXACT_LANES; i++) {
            element e = formula(b.x[j + i], b.y[j + i], b.z[j + i], b.options);
            value[i] = in_double ? e.value : (double)e.real_value;
            if (want & WANT_GRAD) b.grad[j + i] = b.scale * e.grad;
        }
        lanes_add_to_larger(value, lanes.high, lanes.low);
    }
    for (int i = 0; i < FL_EXACT_LANES; i++) {
        is_exact &= lanes.high[i] < 2 * bias;
        lanes.high[i] -= bias;
    }
    if (!is_exact) return sum_and_set_bias(formula, b, want, in_double);
    exact_sum sum = lanes_joined(&lanes);
    for (ptrdiff_t i = whole; i < b.n; i++) {
        element e = formula(b.x[i], b.y[i], b.z[i], b.options);
        sum = exact_plus(sum, in_double ? e.value : (double)e.real_value);
        if (want & WANT_GRAD) b.grad[i] = b.scale * e.grad;
    }
    return sum;
}

/* Where a formula puts the loss: in real_value, there and in addend, or in value. SHORT_: see sum_on_the_way(). */
typedef enum { IN_REAL, SHORT_IN_REAL, IN_TWO_PARTS, IN_DOUBLE, SHORT_IN_DOUBLE } loss_form;

/* The sum of the losses; each of them where `each` is not NULL, and then the sum is left to the caller. */
FL_INLINE exact_sum compute_block(element_formula formula, const element_block *block, const loss_form form)
{
    const element_block b = *block; /* a copy: no store of a result can change it */
    if (!(b.want & WANT_VALUE)) {
        if (b.want & WANT_HESS)
            element_loop(formula, b, WANT_GRAD | WANT_HESS, (loss_parts){0});
        else
            element_loop(formula, b, WANT_GRAD, (loss_parts){0});
        return NO_SUM;
    }
    if (form == SHORT_IN_DOUBLE || (form == SHORT_IN_REAL && !FL_SUMS_CLOSE_NUMBERS)) {
        const int in_double = form == SHORT_IN_DOUBLE;
        return b.want & WANT_GRAD ? sum_on_the_way(formula, b, WANT_GRAD, in_double)
                                  : sum_on_the_way(formula, b, 0, in_double);
    }
    if (form == IN_DOUBLE)
        return b.want & WANT_GRAD ? sum_in_double(formula, b, WANT_GRAD) : sum_in_double(formula, b, 0);
    return b.want & WANT_GRAD ? sum_in_real(formula, b, WANT_GRAD, form == IN_TWO_PARTS)
                               : sum_in_real(formula, b, 0, form == IN_TWO_PARTS);
}

#define BLOCK_OF(NAME, FORM, SHAPE, X, Y) \
    FL_NOINLINE exact_sum NAME##_block(const element_block *b) { return compute_block(NAME, b, FORM); }
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
