/* Losses of single elements: the formula of each, and the loop that all of them share.
 *
 * A formula is one function of a prediction x, a target y and a third number z (which only some have) that gives the
 * loss, its first and its second derivative by x. It knows nothing of weights, reductions, threads, or which of the
 * three are wanted: what is not, the compiler leaves out. Losses are double in both builds: that is what they are
 * summed in, and a float32 difference or square loses nothing that way.
 *
 * To add one, write NAME_point here and its line in each of the two lists at the end.
 */
#ifndef FASTLOSS_POINTS_H
#define FASTLOSS_POINTS_H

#include "vecmath.h"

typedef struct {
    double value;
    real grad, hess;
} point;

typedef struct {
    double number[2]; /* the loss's own options */
    real scale;       /* of the derivatives: what the reduction divides by */
} point_options;

/* 0 times infinity is 0: a share of nothing of an infinite cost. NaN comes through. */
FL_INLINE real share_of(real share, real cost)
{
    real product = share * cost, nothing = cost == cost ? R(0.0) : cost;
    return share == R(0.0) ? nothing : product;
}

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
    double d = (double)x - (double)y;
    return (point){d < 0 ? -d : d, sign_of(x - y), R(0.0)};
}

/* d^2 */
FL_INLINE point mse_point(real x, real y, real z, const point_options o)
{
    double d = (double)x - (double)y;
    real e = x - y;
    return (point){d * d, e + e, e == e ? R(2.0) : e};
}

/* (unit d)^2 and d, of which fastloss/regression.py makes the root of the mean and its gradient. `unit` keeps the
 * squares of very large and of very small differences in range. */
FL_INLINE point rmse_point(real x, real y, real z, const point_options o)
{
    double d = o.number[0] * ((double)x - (double)y);
    return (point){d * d, x - y, R(0.0)};
}

/* d^2 / 2 up to delta, delta (|d| - delta / 2) beyond; Huber 1964 */
FL_INLINE point huber_point(real x, real y, real z, const point_options o)
{
    double delta = o.number[0], d = (double)x - (double)y, a = d < 0 ? -d : d;
    double inner = 0.5 * a * a, outer = delta * (a - 0.5 * delta);
    real e = x - y, knee = (real)delta;
    real grad = r_atmost(r_atleast(e, -knee), knee);
    return (point){a > delta ? outer : inner, grad, r_abs(e) > knee ? R(0.0) : (e == e ? R(1.0) : e)};
}

/* d^2 / (2 beta) below beta, |d| - beta / 2 from there on */
FL_INLINE point smooth_l1_point(real x, real y, real z, const point_options o)
{
    double beta = o.number[0], d = (double)x - (double)y, a = d < 0 ? -d : d;
    double inner = 0.5 * a * (a / beta), outer = a - 0.5 * beta;
    real e = x - y, knee = (real)beta;
    real slope = e / knee, sign = sign_of(e);
    real grad = r_abs(e) < knee ? slope : sign;
    return (point){a < beta ? inner : outer, grad, r_abs(e) < knee ? R(1.0) / knee : (e == e ? R(0.0) : e)};
}

/* log cosh d. With e = exp(-|d|) and m = 1 - e, cosh d - 1 = m^2 / (2 e), and for large |d| it is e^-|d| that is small
 * beside its inverse; the logarithm is of 1 + z with z between 0 and 1 either way. */
FL_INLINE point log_cosh_point(real x, real y, real z, const point_options o)
{
    real d = x - y, a = r_abs(d);
    real m = -r_expm1_tail(-a), e = R(1.0) - m, square = e * e;
    real small = R(0.5) * m * m / r_atleast(e, R(0.25));
    real cost = r_log1p_unit(a < R(1.0) ? small : square);
    real away = a - R(0.6931471805599453094);
    real inverse = R(1.0) / (R(1.0) + square);
    real tanh = m * (R(2.0) - m) * inverse, sech = R(2.0) * r_exp_tail(-a) * inverse;
    return (point){a < R(1.0) ? cost : cost + away, r_against(-tanh, d), sech * sech};
}

/* quantile (y - x) where the target is above, (1 - quantile) (x - y) where it is below; Koenker & Bassett 1978 */
FL_INLINE point quantile_point(real x, real y, real z, const point_options o)
{
    double d = (double)y - (double)x, above = o.number[0], below = above - 1;
    real e = y - x;
    real grad = e > R(0.0) ? -(real)above : e;
    return (point){d * (d < 0 ? below : above), e < R(0.0) ? -(real)below : grad, R(0.0)};
}

/* exp(x) - x y, x the logarithm of the rate */
FL_INLINE point poisson_nll_point(real x, real y, real z, const point_options o)
{
    real rate = r_exp_wide(x), log_term = share_of(y, x);
    /* An infinite rate outweighs any count. */
    return (point){rate > R(FL_LARGEST) ? rate : (double)rate - (double)log_term, rate - y, rate};
}

/* The same and log y!, which makes it the whole negative log-likelihood. */
FL_INLINE point poisson_nll_full_point(real x, real y, real z, const point_options o)
{
    point p = poisson_nll_point(x, y, z, o);
    p.value += r_log_factorial(y);
    return p;
}

/* ---- probabilities x of yes, targets y within [0, 1] ---- */

/* -y log x - (1 - y) log(1 - x). The derivatives are a difference of inputs over a product: exact where x is near y. */
FL_INLINE point binary_cross_entropy_point(real x, real y, real z, const point_options o)
{
    real away = R(1.0) - y, not_x = R(1.0) - x;
    real cost = share_of(y, R(0.0) - r_log(x)) + share_of(away, R(0.0) - r_log1p(-x));
    real product = x * not_x;
    real grad = (x - y) / product;
    real sure = not_x - x; /* x is 0 or 1, and right: 1 - 2x is the limit */
    grad = (product == R(0.0)) & (x == y) ? sure : grad;
    real yes = y / x / x, no = away / not_x / not_x;
    yes = y == R(0.0) ? y * x : yes;
    no = away == R(0.0) ? away * x : no;
    return (point){cost, grad, yes + no};
}

/* The same from logits, z the weight of the positive side. With e = exp(-|x|) every term is a product or a sum of
 * positive numbers: u is what falls on the side that x is not on, and costs |x| more than the other. */
FL_INLINE point binary_cross_entropy_with_logits_point(real x, real y, real z, const point_options o)
{
    real positive = z * y, negative = R(1.0) - y;
    real u = x < R(0.0) ? positive : negative, v = x < R(0.0) ? negative : positive;
    real e = r_exp_tail(-r_abs(x)), one = R(1.0) + e, two = R(2.0) + e;
    real inverse = R(1.0) / (one * two); /* one division for two: 1 / one, and atanh's e / two */
    real big = inverse * two, small = e * big;
    real cost = (u + v) * r_twice_atanh(e * (inverse * one)) + share_of(u, r_abs(x));
    return (point){cost, r_against(r_fma(small, v, -(big * u)), x), (u + v) * big * small};
}

/* ---- distributions: an element's part of a row's loss ---- */

/* -y log x; 0 log 0 = 0 */
FL_INLINE point categorical_cross_entropy_point(real x, real y, real z, const point_options o)
{
    real slope = y / x;
    slope = y == R(0.0) ? y * x : slope;
    real bend = slope / x;
    return (point){share_of(y, R(0.0) - r_log(x)), -slope, y == R(0.0) ? y * x : bend};
}

/* -x log x, by 1 / log(base) */
FL_INLINE point entropy_point(real x, real y, real z, const point_options o)
{
    real unit = (real)o.number[0], log_x = r_log(x);
    return (point){o.number[0] * share_of(x, R(0.0) - log_x), -unit * (log_x + R(1.0)), -unit / x};
}

/* y log(y / x): Kullback & Leibler 1951, x the prediction */
FL_INLINE point kl_divergence_point(real x, real y, real z, const point_options o)
{
    real difference, near = r_relative_entropy(y, x, &difference), slope = y / x;
    slope = y == R(0.0) ? y * x : slope;
    real bend = slope / x;
    return (point){(double)near + (double)difference, -slope, y == R(0.0) ? y * x : bend};
}

/* ---- the loop ---- */

enum { FL_WANT_VALUE = 1, FL_WANT_GRAD = 2, FL_WANT_HESS = 4 };

/* n elements; `want` is a constant of the loop. The result may be x itself: every element is read before it is
 * written, and no element depends on another. */
#define FL_POINT_ARGUMENTS                                                                                 \
    const real *x, const real *y, const real *z, const point_options *options, double *value, real *grad, \
        real *hess, ptrdiff_t n
typedef void (*point_block)(FL_POINT_ARGUMENTS, int want);

#define FL_POINT_LOOP(NAME, want)                                   \
    do {                                                            \
        _Pragma("omp simd") for (ptrdiff_t i = 0; i < n; i++)       \
        {                                                           \
            point p = NAME##_point(x[i], y[i], z[i], o);            \
            if ((want) & FL_WANT_VALUE) value[i] = p.value;         \
            if ((want) & FL_WANT_GRAD) grad[i] = o.scale * p.grad;  \
            if ((want) & FL_WANT_HESS) hess[i] = o.scale * p.hess;  \
        }                                                           \
    } while (0)

#define FL_POINT_LOSS(NAME)                                                             \
    FL_NOINLINE void NAME##_block(FL_POINT_ARGUMENTS, int want)                         \
    {                                                                                   \
        const point_options o = *options;                                               \
        switch (want) {                                                                 \
        case FL_WANT_VALUE: FL_POINT_LOOP(NAME, FL_WANT_VALUE); break;                  \
        case FL_WANT_GRAD: FL_POINT_LOOP(NAME, FL_WANT_GRAD); break;                    \
        case FL_WANT_VALUE | FL_WANT_GRAD: FL_POINT_LOOP(NAME, FL_WANT_VALUE | FL_WANT_GRAD); break; \
        default: FL_POINT_LOOP(NAME, FL_WANT_GRAD | FL_WANT_HESS); break;               \
        }                                                                               \
    }

FL_POINT_LOSS(l1)
FL_POINT_LOSS(mse)
FL_POINT_LOSS(rmse)
FL_POINT_LOSS(huber)
FL_POINT_LOSS(smooth_l1)
FL_POINT_LOSS(log_cosh)
FL_POINT_LOSS(quantile)
FL_POINT_LOSS(poisson_nll)
FL_POINT_LOSS(poisson_nll_full)
FL_POINT_LOSS(binary_cross_entropy)
FL_POINT_LOSS(binary_cross_entropy_with_logits)
FL_POINT_LOSS(categorical_cross_entropy)
FL_POINT_LOSS(entropy)
FL_POINT_LOSS(kl_divergence)

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
