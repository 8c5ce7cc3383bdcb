/* Losses of single elements: the formula of each, and the loop that all of them share.
 *
 * A formula is one function of a prediction x, a target y and a third number z (which only some have) that gives the
 * loss, its first and its second derivative by x. It knows nothing of weights, reductions, threads, or which of the
 * three are wanted: what is not, the compiler leaves out. Losses are summed in double; some are formed in double too.
 *
 * To add one, write NAME_point here and its line in each of the two lists at the end.
 */
#ifndef FASTLOSS_POINTS_H
#define FASTLOSS_POINTS_H

#include "core/lanes.h"
#include "core/specialmath.h"

#define FL_POINT_BLOCK 256

typedef struct {
    double value;    /* the loss in double; or */
    real real_value; /* in the build's own type, */
    real rest;       /* and what is added to it in double */
    real grad, hess;
} point;

FL_NOINLINE double sum_points(const real *value, const real *rest, double *each, ptrdiff_t n)
{
    double lane[FL_LANES] = {0};
    ptrdiff_t whole = n - n % FL_LANES;
    if (each) {
        if (rest) {
#pragma omp simd
            for (ptrdiff_t i = 0; i < n; i++) each[i] = (double)value[i] + (double)rest[i];
        } else {
#pragma omp simd
            for (ptrdiff_t i = 0; i < n; i++) each[i] = (double)value[i];
        }
        return 0;
    }
    for (ptrdiff_t j = 0; j < whole; j += FL_LANES) {
        lanes_add_widened(value + j, lane);
        if (rest) lanes_add_widened(rest + j, lane);
    }
    for (ptrdiff_t i = whole; i < n; i++) lane[i - whole] += (double)value[i] + (rest ? (double)rest[i] : 0);
    return lanes_total_double(lane);
}

typedef struct {
    double number[2]; /* the loss's own options */
    real scale;       /* of the derivatives: what the reduction divides by */
} point_options;

/* -1, 0, 1; NaN where x is */
FL_INLINE real sign_of(real x)
{
    real sign = x > R(0.0) ? R(1.0) : x;
    return x < R(0.0) ? R(-1.0) : sign;
}

/* ---- regression: d is the difference of prediction and target ---- */

/* |d| */
FL_INLINE point l1_point(real x, real y, real z, const point_options o)
{
    real d = x - y;
    return (point){.real_value = r_abs(d), .grad = sign_of(d)};
}

/* d^2 */
FL_INLINE point mse_point(real x, real y, real z, const point_options o)
{
    real d = x - y;
    return (point){.value = (double)d * (double)d, .grad = d + d, .hess = d == d ? R(2.0) : d};
}

/* (unit d)^2 and unit d, of which fastloss/regression.py makes the root of the mean and its gradient. `unit` keeps the
 * squares of very large and of very small differences in range. */
FL_INLINE point rmse_point(real x, real y, real z, const point_options o)
{
    double scaled = o.number[0] * ((double)x - (double)y);
    return (point){.value = scaled * scaled, .grad = (real)scaled};
}

/* d^2 / 2 up to delta, delta (|d| - delta / 2) beyond; Huber 1964 */
FL_INLINE point huber_point(real x, real y, real z, const point_options o)
{
    real d = x - y, a = r_abs(d), delta = (real)o.number[0];
    real inner = R(0.5) * a * a, outer = delta * (a - R(0.5) * delta), flat = d == d ? R(1.0) : d;
    return (point){
        .real_value = a > delta ? outer : inner,
        .grad = r_atmost(r_atleast(d, -delta), delta),
        .hess = a > delta ? R(0.0) : flat,
    };
}

/* d^2 / (2 beta) below beta, |d| - beta / 2 from there on */
FL_INLINE point smooth_l1_point(real x, real y, real z, const point_options o)
{
    real d = x - y, a = r_abs(d), beta = (real)o.number[0];
    real slope = d / beta, inner = R(0.5) * a * r_abs(slope), outer = a - R(0.5) * beta;
    real sign = sign_of(d), flat = d == d ? R(0.0) : d;
    return (point){
        .real_value = a < beta ? inner : outer,
        .grad = a < beta ? slope : sign,
        .hess = a < beta ? R(1.0) / beta : flat,
    };
}

/* log cosh d: by its own polynomial near 0, as |d| - log 2 + log(1 + exp(-2 |d|)) from 1 on */
FL_INLINE point log_cosh_point(real x, real y, real z, const point_options o)
{
    real d = x - y, a = r_abs(d), e = r_exp_tail(-a), square = e * e;
    real near = r_log_cosh_unit(r_atmost(a, R(1.0))), far = (a - R(0.6931471805599453094)) + r_log1p_unit(square);
    real inverse = R(1.0) / (R(1.0) + square), m = -r_expm1_tail(-a), sech = R(2.0) * e * inverse;
    real grad = r_against(m * (m - R(2.0)) * inverse, d);
    return (point){.real_value = a < R(1.0) ? near : far, .grad = grad, .hess = sech * sech};
}

/* quantile (y - x) where the target is above, (1 - quantile) (x - y) where it is below; Koenker & Bassett 1978 */
FL_INLINE point quantile_point(real x, real y, real z, const point_options o)
{
    real d = y - x, above = (real)o.number[0], below = (real)(1.0 - o.number[0]);
    real grad = d > R(0.0) ? -above : d;
    real slope = d < R(0.0) ? below : above, away = r_abs(d), finite = r_atmost(away, R(FL_LARGEST));
    return (point){
        .real_value = slope * (slope == R(0.0) ? finite : away), /* 0 times infinity is 0 */
        .grad = d < R(0.0) ? below : grad,
    };
}

/* exp(x) - x y, x the logarithm of the rate */
FL_INLINE point poisson_nll_point(real x, real y, real z, const point_options o)
{
    real rate = r_exp_wide(x), log_term = x * y;
    log_term = y == R(0.0) ? R(0.0) : log_term;
    log_term = rate > R(FL_LARGEST) ? R(0.0) : log_term; /* an infinite rate outweighs any count */
    return (point){.real_value = rate, .rest = -log_term, .grad = rate - y, .hess = rate};
}

/* The same and log y!, which makes it the whole negative log-likelihood. */
FL_INLINE point poisson_nll_full_point(real x, real y, real z, const point_options o)
{
    point p = poisson_nll_point(x, y, z, o);
    p.rest += r_log_factorial(y);
    return p;
}

/* ---- probabilities x of yes, targets y within [0, 1] ---- */

/* -y log x - (1 - y) log(1 - x). One of the logarithms is of w, up to 1/2, and costs its share u of the target; the
 * other is of 1 - w. The derivatives are a difference of inputs over a product: exact where x is near y. */
FL_INLINE point binary_cross_entropy_point(real x, real y, real z, const point_options o)
{
    real away = R(1.0) - y, not_x = R(1.0) - x;
    real w = x > R(0.5) ? not_x : x, u = x > R(0.5) ? away : y, v = x > R(0.5) ? y : away;
    real far = -u * r_log_unit(w);
    far = w == R(0.0) ? R(INFINITY) : far;
    far = u == R(0.0) ? R(0.0) : far;
    real product = x * not_x;
    real grad = (x - y) / product;
    real sure = not_x - x; /* x is 0 or 1, and right: 1 - 2x is the limit */
    grad = ((product == R(0.0)) & (x == y)) ? sure : grad;
    real yes = y / x / x, no = away / not_x / not_x;
    yes = y == R(0.0) ? y * x : yes;
    no = away == R(0.0) ? away * x : no;
    return (point){.real_value = r_fma(v, r_log1m_half(w), far), .grad = grad, .hess = yes + no};
}

/* The same from logits. With e = exp(-|x|) every term is a product or a sum of positive numbers: log(1 + e) for either
 * side, and |x| more for the share of the side that x is not on. */
FL_INLINE point logit_point(real x, real positive, real negative, real weight)
{
    real away = r_abs(x), e = r_exp_tail(-away);
    real big = R(1.0) / (R(1.0) + e), small = e * big;
    real p = x < R(0.0) ? small : big, not_p = x < R(0.0) ? big : small;
    real share = x < R(0.0) ? positive : negative, far = share * away;
    far = share == R(0.0) ? R(0.0) : far;
    return (point){
        .real_value = r_fma(weight, r_log1p_unit(e), far),
        .grad = r_fma(negative, p, -(positive * not_p)),
        .hess = weight * (big * small),
    };
}

FL_INLINE point binary_cross_entropy_with_logits_point(real x, real y, real z, const point_options o)
{
    return logit_point(x, y, R(1.0) - y, R(1.0) + (y - y)); /* NaN stays NaN */
}

/* z weighs the positive side. */
FL_INLINE point binary_cross_entropy_with_pos_weight_point(real x, real y, real z, const point_options o)
{
    return logit_point(x, z * y, R(1.0) - y, z * y + (R(1.0) - y));
}

/* ---- distributions: an element's part of a row's loss ---- */

/* -y log x; 0 log 0 = 0 */
FL_INLINE point categorical_cross_entropy_point(real x, real y, real z, const point_options o)
{
    real cost = -y * r_log_unit(x);
    cost = ((x == R(0.0)) & (y > R(0.0))) ? R(INFINITY) : cost;
    real slope = y / x;
    slope = y == R(0.0) ? y * x : slope;
    real bend = slope / x;
    return (point){.real_value = cost, .grad = -slope, .hess = y == R(0.0) ? y * x : bend};
}

/* -x log x */
FL_INLINE point entropy_point(real x, real y, real z, const point_options o)
{
    real log_x = r_log_unit(x), slope = R(-1.0) - log_x;
    return (point){.real_value = -x * log_x, .grad = x == R(0.0) ? R(INFINITY) : slope, .hess = R(-1.0) / x};
}

/* y log(y / x): Kullback & Leibler 1951, x the prediction */
FL_INLINE point kl_divergence_point(real x, real y, real z, const point_options o)
{
    real difference, near = r_relative_entropy(y, x, &difference), slope = y / x;
    slope = y == R(0.0) ? y * x : slope;
    real bend = slope / x;
    return (point){.real_value = near, .rest = difference, .grad = -slope, .hess = y == R(0.0) ? y * x : bend};
}

/* ---- the loop ---- */

enum { FL_WANT_VALUE = 1, FL_WANT_GRAD = 2, FL_WANT_HESS = 4 };

/* n elements, at most FL_POINT_BLOCK; returns the sum of their losses, or gives each of them where `each` is not NULL
 * and leaves the sum to the caller. `want` is a constant of each loop. A derivative may be written over x itself: every
 * element is read before it is written, and no element depends on another. */
#define FL_POINT_ARGUMENTS                                                                               \
    const real *x, const real *y, const real *z, const point_options *options, double *each, real *grad, \
        real *hess, ptrdiff_t n
typedef double (*point_block)(FL_POINT_ARGUMENTS, int want);

#define FL_POINT_LOOP(NAME, first, last, want, take)              \
    _Pragma("omp simd") for (ptrdiff_t i = first; i < last; i++)  \
    {                                                             \
        point p = NAME##_point(x[i], y[i], z[i], o);              \
        take;                                                     \
        if ((want) & FL_WANT_GRAD) grad[i] = o.scale * p.grad;    \
        if ((want) & FL_WANT_HESS) hess[i] = o.scale * p.hess;    \
    }

#define FL_POINT_DERIVATIVES(NAME)                                                                  \
    if (!(want & FL_WANT_VALUE)) {                                                                  \
        if (want & FL_WANT_HESS) {                                                                  \
            FL_POINT_LOOP(NAME, 0, n, FL_WANT_GRAD | FL_WANT_HESS, (void)0)                         \
        } else {                                                                                    \
            FL_POINT_LOOP(NAME, 0, n, FL_WANT_GRAD, (void)0)                                        \
        }                                                                                           \
        return 0;                                                                                   \
    }

/* Losses in double, added up on the way. */
#define FL_POINT_SUM(NAME, want)                                                                         \
    do {                                                                                                 \
        double lane[FL_LANES] = {0};                                                                     \
        ptrdiff_t whole = n - n % FL_LANES;                                                              \
        for (ptrdiff_t j = 0; j < whole; j += FL_LANES) {                                                \
            FL_POINT_LOOP(NAME, j, j + FL_LANES, want, lane[i - j] += p.value)                           \
        }                                                                                                \
        FL_POINT_LOOP(NAME, whole, n, want, lane[i - whole] += p.value)                                  \
        return lanes_total_double(lane);                                                                 \
    } while (0)

#define FL_POINT_LOSS(NAME)                                                                              \
    FL_NOINLINE double NAME##_block(FL_POINT_ARGUMENTS, int want)                                        \
    {                                                                                                    \
        const point_options o = *options;                                                                \
        FL_POINT_DERIVATIVES(NAME)                                                                       \
        if (each && want & FL_WANT_GRAD) {                                                               \
            FL_POINT_LOOP(NAME, 0, n, FL_WANT_GRAD, each[i] = p.value)                                   \
        } else if (each) {                                                                               \
            FL_POINT_LOOP(NAME, 0, n, 0, each[i] = p.value)                                              \
        } else if (want & FL_WANT_GRAD) {                                                                \
            FL_POINT_SUM(NAME, FL_WANT_GRAD);                                                            \
        } else {                                                                                         \
            FL_POINT_SUM(NAME, 0);                                                                       \
        }                                                                                                \
        return 0;                                                                                        \
    }

/* Losses in the build's own type, added up from a buffer: gcc would carry the conversion into every select before it.
 * `has_rest` is 1 where the formula gives a rest. */
#define FL_POINT_LOSS_REAL(NAME, has_rest)                                                               \
    FL_NOINLINE double NAME##_block(FL_POINT_ARGUMENTS, int want)                                        \
    {                                                                                                    \
        const point_options o = *options;                                                                \
        real value[FL_POINT_BLOCK], rest[FL_POINT_BLOCK];                                                \
        FL_POINT_DERIVATIVES(NAME)                                                                       \
        if (want & FL_WANT_GRAD) {                                                                       \
            FL_POINT_LOOP(NAME, 0, n, FL_WANT_GRAD, value[i] = p.real_value; if (has_rest) rest[i] = p.rest) \
        } else {                                                                                         \
            FL_POINT_LOOP(NAME, 0, n, 0, value[i] = p.real_value; if (has_rest) rest[i] = p.rest)        \
        }                                                                                                \
        return sum_points(value, has_rest ? rest : NULL, each, n);                                       \
    }

FL_POINT_LOSS_REAL(l1, 0)
FL_POINT_LOSS(mse)
FL_POINT_LOSS(rmse)
FL_POINT_LOSS_REAL(huber, 0)
FL_POINT_LOSS_REAL(smooth_l1, 0)
FL_POINT_LOSS_REAL(log_cosh, 0)
FL_POINT_LOSS_REAL(quantile, 0)
FL_POINT_LOSS_REAL(poisson_nll, 1)
FL_POINT_LOSS_REAL(poisson_nll_full, 1)
FL_POINT_LOSS_REAL(binary_cross_entropy, 0)
FL_POINT_LOSS_REAL(binary_cross_entropy_with_logits, 0)
FL_POINT_LOSS_REAL(binary_cross_entropy_with_pos_weight, 0)
FL_POINT_LOSS_REAL(categorical_cross_entropy, 0)
FL_POINT_LOSS_REAL(entropy, 0)
FL_POINT_LOSS_REAL(kl_divergence, 1)

#define FL_POINT_ENTRY(NAME) {#NAME, NAME##_block}
static const struct { const char *name; point_block block; } point_losses[] = {
    FL_POINT_ENTRY(l1),
    FL_POINT_ENTRY(mse),
    FL_POINT_ENTRY(rmse),
    FL_POINT_ENTRY(huber),
    FL_POINT_ENTRY(smooth_l1),
    FL_POINT_ENTRY(log_cosh),
    FL_POINT_ENTRY(quantile),
    FL_POINT_ENTRY(poisson_nll),
    FL_POINT_ENTRY(poisson_nll_full),
    FL_POINT_ENTRY(binary_cross_entropy),
    FL_POINT_ENTRY(binary_cross_entropy_with_logits),
    FL_POINT_ENTRY(binary_cross_entropy_with_pos_weight),
    FL_POINT_ENTRY(categorical_cross_entropy),
    FL_POINT_ENTRY(entropy),
    FL_POINT_ENTRY(kl_divergence),
};

/* The loop of a loss by its name; NULL where there is none. */
static point_block find_point_block(const char *name)
{
    for (size_t i = 0; i < sizeof point_losses / sizeof *point_losses; i++)
        if (!strcmp(name, point_losses[i].name)) return point_losses[i].block;
    return NULL;
}

#endif
