/* The elementwise losses: a formula each.
 *
 * A formula is a function of a prediction x, a target y and a third number z (which only some have) that gives the loss
 * and its first and second derivative by x. It knows nothing of weights, reductions, threads, or which of the three are
 * wanted: what is not, the compiler leaves out. The loop that all of them share is in loop.h.
 *
 * To add one, write its formula here and its line in the list at the end.
 */
#ifndef FASTLOSS_LOSSES_H
#define FASTLOSS_LOSSES_H

#include "core/specialmath.h"

typedef struct {
    double value;    /* the loss in double; or */
    real real_value; /* in the build's own type, */
    real addend;     /* and what is added to it in double */
    real grad, hess;
} element;

typedef struct {
    double number[2]; /* the loss's own options */
} element_options;

/* -1, 0, 1; NaN where x is */
FL_INLINE real sign_of(real x)
{
    real sign = x > R(0.0) ? R(1.0) : x;
    return x < R(0.0) ? R(-1.0) : sign;
}

/* ---- regression: d is the difference of prediction and target ---- */

/* |d| */
FL_INLINE element l1(real x, real y, real z, const element_options o)
{
    real d = x - y;
    return (element){.real_value = r_abs(d), .grad = sign_of(d)};
}

/* d^2 */
FL_INLINE element mse(real x, real y, real z, const element_options o)
{
    real d = x - y;
    return (element){.value = (double)d * (double)d, .grad = d + d, .hess = d == d ? R(2.0) : d};
}

/* (unit d)^2 and unit d, of which fastloss/_elementwise.py makes the root of the mean and its gradient. `unit` keeps
 * the squares of very large and of very small differences in range. */
FL_INLINE element rmse(real x, real y, real z, const element_options o)
{
    double scaled = o.number[0] * ((double)x - (double)y);
    return (element){.value = scaled * scaled, .grad = (real)scaled};
}

/* d^2 / 2 up to delta, delta (|d| - delta / 2) beyond; Huber 1964 */
FL_INLINE element huber(real x, real y, real z, const element_options o)
{
    real d = x - y, a = r_abs(d), delta = (real)o.number[0];
    real inner = R(0.5) * a * a, outer = delta * (a - R(0.5) * delta), flat = d == d ? R(1.0) : d;
    return (element){
        .real_value = a > delta ? outer : inner,
        .grad = r_atmost(r_atleast(d, -delta), delta),
        .hess = a > delta ? R(0.0) : flat,
    };
}

/* d^2 / (2 beta) below beta, |d| - beta / 2 from there on */
FL_INLINE element smooth_l1(real x, real y, real z, const element_options o)
{
    real d = x - y, a = r_abs(d), beta = (real)o.number[0];
    real slope = d / beta, inner = R(0.5) * a * r_abs(slope), outer = a - R(0.5) * beta;
    real sign = sign_of(d), flat = d == d ? R(0.0) : d;
    return (element){
        .real_value = a < beta ? inner : outer,
        .grad = a < beta ? slope : sign,
        .hess = a < beta ? R(1.0) / beta : flat,
    };
}

/* log cosh d: by its own polynomial near 0, as |d| - log 2 + log(1 + exp(-2 |d|)) from 1 on */
FL_INLINE element log_cosh(real x, real y, real z, const element_options o)
{
    real d = x - y, a = r_abs(d), e = r_exp_tail(-a), square = e * e;
    real near = r_log_cosh_unit(r_atmost(a, R(1.0))), far = (a - R(0.6931471805599453094)) + r_log1p_unit(square);
    real inverse = R(1.0) / (R(1.0) + square), m = -r_expm1_tail(-a), sech = R(2.0) * e * inverse;
    real grad = r_against(m * (m - R(2.0)) * inverse, d);
    return (element){.real_value = a < R(1.0) ? near : far, .grad = grad, .hess = sech * sech};
}

/* above (y - x) where the target is above, below (x - y) where it is below; Koenker & Bassett 1978 */
FL_INLINE element pinball(real x, real y, real above, real below)
{
    real d = y - x;
    real grad = d > R(0.0) ? -above : d;
    real slope = d < R(0.0) ? below : above;
    return (element){
        .real_value = r_weighted(r_abs(d), slope),
        .grad = d < R(0.0) ? below : grad,
    };
}

FL_INLINE element quantile(real x, real y, real z, const element_options o)
{
    return pinball(x, y, (real)o.number[0], (real)(1.0 - o.number[0]));
}

/* z is the quantile up to 1/2 and minus the rest to 1 above it, -0 at 1: so both have all their digits. */
FL_INLINE element quantile_of_each(real x, real y, real z, const element_options o)
{
    real small = r_abs(z), large = R(1.0) - small, sign = r_sign(z);
    return pinball(x, y, sign < R(0.0) ? large : small, sign < R(0.0) ? small : large);
}

/* exp(x) - x y, x the logarithm of the rate */
FL_INLINE element poisson_nll(real x, real y, real z, const element_options o)
{
    real rate = r_exp_wide(x), log_term = r_term(y, x);
    log_term = rate > R(FL_LARGEST) ? R(0.0) : log_term; /* an infinite rate outweighs any count */
    return (element){.real_value = rate, .addend = -log_term, .grad = rate - y, .hess = rate};
}

/* The same and log y!, which makes it the whole negative log-likelihood. */
FL_INLINE element poisson_nll_full(real x, real y, real z, const element_options o)
{
    element e = poisson_nll(x, y, z, o);
    e.addend += r_log_factorial(y);
    return e;
}

/* y log(y / x) - y + x, half the deviance of a count y from the rate x of a Poisson distribution. Where the two are
 * close, the difference is exact, and cancels. */
FL_INLINE element poisson_deviance(real x, real y, real z, const element_options o)
{
    real difference, near = r_relative_entropy(y, x, &difference), ratio = y / x;
    ratio = y == R(0.0) ? y * x : ratio;
    real second = ratio / x;
    return (element){
        .real_value = near,
        .addend = difference - (y - x),
        .grad = R(1.0) - ratio,
        .hess = y == R(0.0) ? y * x : second,
    };
}

/* y / x - log(y / x) - 1, half the deviance of a gamma distribution of mean x: the same with the two exchanged, over
 * x. */
FL_INLINE element gamma_deviance(real x, real y, real z, const element_options o)
{
    real difference, near = r_relative_entropy(x, y, &difference), inverse = R(1.0) / x;
    real slope = (x - y) * inverse * inverse;
    return (element){
        .real_value = near * inverse,
        .addend = (difference - (x - y)) * inverse,
        .grad = slope,
        .hess = (y * inverse * inverse - slope) * inverse,
    };
}

/* The square of log((1 + x) / (1 + y)), from the larger to the smaller: so the quotient keeps its digits. */
FL_INLINE element squared_log(real x, real y, real z, const element_options o)
{
    real d = x - y, low = R(1.0) + (d < R(0.0) ? x : y);
    real distance = r_log1p(r_abs(d) / low), slope = r_against(-distance, d) / (R(1.0) + x);
    return (element){.value = (double)distance * (double)distance, .grad = slope + slope};
}

/* x - y log(x + epsilon), x the rate itself */
FL_INLINE element poisson_nll_of_rate(real x, real y, real z, const element_options o)
{
    real rate = x + (real)o.number[0], flat = x == x ? R(1.0) : x;
    return (element){.real_value = x, .addend = -r_term(y, r_log(rate)), .grad = flat - r_term(y, R(1.0) / rate)};
}

FL_INLINE element poisson_nll_of_rate_full(real x, real y, real z, const element_options o)
{
    element e = poisson_nll_of_rate(x, y, z, o);
    e.addend += r_log_factorial(y);
    return e;
}

/* ---- binary labels: probabilities x of the positive class, targets y within [0, 1] ---- */

/* -y log x - (1 - y) log(1 - x). One of the logarithms is of w, up to 1/2, with its share u of the target; the other
 * is of 1 - w, with v. The derivatives are a difference of inputs over a product: exact where x is near y. */
FL_INLINE element binary_cross_entropy(real x, real y, real z, const element_options o)
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
    real positive = y / x / x, negative = away / not_x / not_x;
    positive = y == R(0.0) ? y * x : positive;
    negative = away == R(0.0) ? away * x : negative;
    return (element){.real_value = r_fma(v, r_log1m_half(w), far), .grad = grad, .hess = positive + negative};
}

/* The same from logits. With e = exp(-|x|) every term is a product or a sum of positive numbers: log(1 + e) for either
 * side, and |x| more for the share of the side that x is not on. */
FL_INLINE element logit(real x, real positive, real negative, real weight)
{
    real away = r_abs(x), e = r_exp_tail(-away);
    real big = R(1.0) / (R(1.0) + e), small = e * big;
    real p = x < R(0.0) ? small : big, not_p = x < R(0.0) ? big : small;
    real share = x < R(0.0) ? positive : negative;
    return (element){
        .real_value = r_fma(weight, r_log1p_unit(e), r_term(share, away)),
        .grad = r_fma(negative, p, -(positive * not_p)),
        .hess = weight * (big * small),
    };
}

FL_INLINE element binary_cross_entropy_with_logits(real x, real y, real z, const element_options o)
{
    return logit(x, y, R(1.0) - y, R(1.0) + (y - y)); /* NaN stays NaN */
}

/* z weighs the positive side. */
FL_INLINE element binary_cross_entropy_with_pos_weight(real x, real y, real z, const element_options o)
{
    return logit(x, z * y, R(1.0) - y, z * y + (R(1.0) - y));
}

/* max(0, 1 - s x), s = 1 for a target above 0, else -1; no slope at the corner */
FL_INLINE element hinge(real x, real y, real z, const element_options o)
{
    real negative = y == y ? R(-1.0) : y, sign = y > R(0.0) ? R(1.0) : negative, margin = R(1.0) - sign * x;
    real flat = margin == margin ? R(0.0) : margin;
    return (element){.real_value = r_atleast(margin, R(0.0)), .grad = margin > R(0.0) ? -sign : flat};
}

/* Its square. */
FL_INLINE element squared_hinge(real x, real y, real z, const element_options o)
{
    element e = hinge(x, y, z, o);
    real flat = e.grad == e.grad ? R(0.0) : e.grad;
    return (element){
        .value = (double)e.real_value * (double)e.real_value,
        .grad = R(2.0) * r_term(e.grad, e.real_value),
        .hess = e.real_value > R(0.0) ? R(2.0) : flat,
    };
}

/* ---- distributions: an element's part of a row's loss ---- */

/* -y log x; 0 log 0 = 0 */
FL_INLINE element categorical_cross_entropy(real x, real y, real z, const element_options o)
{
    real cost = -y * r_log_unit(x);
    cost = ((x == R(0.0)) & (y > R(0.0))) ? R(INFINITY) : cost;
    real ratio = y / x;
    ratio = y == R(0.0) ? y * x : ratio;
    real second = ratio / x;
    return (element){.real_value = cost, .grad = -ratio, .hess = y == R(0.0) ? y * x : second};
}

/* -x log x */
FL_INLINE element entropy(real x, real y, real z, const element_options o)
{
    real log_x = r_log_unit(x), first = R(-1.0) - log_x;
    return (element){.real_value = -x * log_x, .grad = x == R(0.0) ? R(INFINITY) : first, .hess = R(-1.0) / x};
}

/* y log(y / x): Kullback & Leibler 1951, x the prediction */
FL_INLINE element kl_divergence(real x, real y, real z, const element_options o)
{
    real difference, near = r_relative_entropy(y, x, &difference), ratio = y / x;
    ratio = y == R(0.0) ? y * x : ratio;
    real second = ratio / x;
    return (element){.real_value = near, .addend = difference, .grad = -ratio, .hess = y == R(0.0) ? y * x : second};
}

/* The same from the logarithm x of the prediction, with the target as it is and as its logarithm; linear in x, whether
 * or not either is normalised. What has no target has no loss, a prediction of 0 included. */
FL_INLINE element kl_div_from_logs(real x, real log_y, real y)
{
    real difference = (y == R(0.0) ? R(0.0) : log_y) - x;
    return (element){.real_value = r_weighted(difference, y), .grad = -y};
}

FL_INLINE element kl_div(real x, real y, real z, const element_options o)
{
    return kl_div_from_logs(x, r_log(y), y);
}

FL_INLINE element kl_div_log_target(real x, real y, real z, const element_options o)
{
    return kl_div_from_logs(x, y, r_exp_wide(y));
}

/* Name; where its formula puts the loss, and whether it has a second derivative (see loop.h); which predictions, and
 * which targets, are legal (core/domain.h). */
#define ELEMENTWISE_LOSSES(LOSS)                                                               \
    LOSS(l1, SHORT_IN_REAL, FLAT, ANY_NUMBER, ANY_NUMBER)                                      \
    LOSS(mse, SHORT_IN_DOUBLE, CURVED, ANY_NUMBER, ANY_NUMBER)                                 \
    LOSS(rmse, SHORT_IN_DOUBLE, FLAT, ANY_NUMBER, ANY_NUMBER)                                  \
    LOSS(huber, SHORT_IN_REAL, CURVED, ANY_NUMBER, ANY_NUMBER)                                 \
    LOSS(smooth_l1, SHORT_IN_REAL, CURVED, ANY_NUMBER, ANY_NUMBER)                             \
    LOSS(log_cosh, IN_REAL, CURVED, ANY_NUMBER, ANY_NUMBER)                                    \
    LOSS(quantile, SHORT_IN_REAL, FLAT, ANY_NUMBER, ANY_NUMBER)                                \
    LOSS(quantile_of_each, SHORT_IN_REAL, FLAT, ANY_NUMBER, ANY_NUMBER)                        \
    LOSS(poisson_nll, IN_TWO_PARTS, CURVED, ANY_NUMBER, NOT_NEGATIVE)                          \
    LOSS(poisson_nll_full, IN_TWO_PARTS, CURVED, ANY_NUMBER, NOT_NEGATIVE)                     \
    LOSS(poisson_deviance, IN_TWO_PARTS, CURVED, NOT_NEGATIVE, NOT_NEGATIVE)                   \
    LOSS(gamma_deviance, IN_TWO_PARTS, CURVED, NOT_NEGATIVE, NOT_NEGATIVE)                     \
    LOSS(squared_log, IN_DOUBLE, FLAT, ANY_NUMBER, ANY_NUMBER)                                 \
    LOSS(poisson_nll_of_rate, IN_TWO_PARTS, FLAT, NOT_NEGATIVE, NOT_NEGATIVE)                  \
    LOSS(poisson_nll_of_rate_full, IN_TWO_PARTS, FLAT, NOT_NEGATIVE, NOT_NEGATIVE)             \
    LOSS(binary_cross_entropy, IN_REAL, CURVED, UNIT_INTERVAL, UNIT_INTERVAL)                  \
    LOSS(binary_cross_entropy_with_logits, IN_REAL, CURVED, ANY_NUMBER, UNIT_INTERVAL)         \
    LOSS(binary_cross_entropy_with_pos_weight, IN_REAL, CURVED, ANY_NUMBER, UNIT_INTERVAL)     \
    LOSS(hinge, SHORT_IN_REAL, FLAT, ANY_NUMBER, SIGNS)                                        \
    LOSS(squared_hinge, SHORT_IN_DOUBLE, CURVED, ANY_NUMBER, SIGNS)                            \
    LOSS(categorical_cross_entropy, IN_REAL, CURVED | OF_TARGET, UNIT_INTERVAL, UNIT_INTERVAL) \
    LOSS(entropy, IN_REAL, CURVED, UNIT_INTERVAL, ANY_NUMBER)                                  \
    LOSS(kl_divergence, IN_TWO_PARTS, CURVED | OF_TARGET, UNIT_INTERVAL, UNIT_INTERVAL)        \
    LOSS(kl_div, IN_REAL, FLAT, ANY_NUMBER, NOT_NEGATIVE)                                      \
    LOSS(kl_div_log_target, IN_REAL, FLAT, ANY_NUMBER, ANY_NUMBER)

#endif
