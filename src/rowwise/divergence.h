/* One class of a row's entropy and divergence from logits, in forms that keep their digits near certainty and where
 * two distributions are nearly the same. A row's softmax is exp(x - peak) * inverse. */
#ifndef FASTLOSS_DIVERGENCE_H
#define FASTLOSS_DIVERGENCE_H

#include "core/lanes.h"
#include "rowwise/row_loss.h"

/* Below this |r|, exp(-r) - 1 and its remainder come from the polynomial of exp, not from differences, which would
 * cancel. The polynomial holds up to ln(2)/2. */
#define FL_NEAR R(0.34)

/* Up to this |r|, exp(r) is a number of the type, and so are its products with all that count of exponentials that are
 * at most 1. */
#define FL_CLOSE R(40.0)

/* A class's term e of the sum of exp(x - peak), which is 0 at the peak itself: that is counted in `top`; and its part
 * of the cost, the sum of e (peak - x). `term` is that exponential. */
FL_INLINE void entropy_parts(real x, real peak, real term, real *e, real *top, real *cost)
{
    real is_top = x == peak ? R(1.0) : R(0.0);
    *cost = term * r_atmost(peak - x, R(FL_LARGEST)); /* 0 where x is -inf */
    *top = is_top;
    *e = term * (R(1.0) - is_top);
}
FL_INLINE void entropy_sums(real x, real peak, real *e, real *top, real *cost)
{
    entropy_parts(x, peak, r_exp(x - peak), e, top, cost);
}

/* d entropy / dx = p ((peak - x) - mean), where `mean` is the cost over the sum. */
FL_INLINE real slope_of_entropy(real p, real x, real peak, real mean)
{
    return p * (r_atmost(peak - x, R(FL_LARGEST)) - mean);
}
FL_INLINE real entropy_slope(real x, real peak, real inverse, real mean)
{
    return slope_of_entropy(r_exp(x - peak) * inverse, x, peak, mean);
}

/* Two rows of scores: y of the true distribution p, x of the predicted one q. */
typedef struct {
    real tau;                     /* one over the temperature */
    real y_peak, x_peak;
    real apart, apart_low;        /* y_peak - x_peak, and what the subtraction rounds away */
    real y_inverse, x_inverse;    /* one over the sums of the exponentials */
    real log_ratio;               /* the logarithm of q's sum over p's */
    real centre, is_centred;      /* see set_centre() */
} row_pair;

FL_INLINE void set_peaks(row_pair *r, real y_peak, real x_peak)
{
    real apart = y_peak - x_peak, back = apart + x_peak; /* Knuth's two-sum */
    r->y_peak = y_peak;
    r->x_peak = x_peak;
    r->apart = apart;
    r->apart_low = (y_peak - back) - (x_peak - (back - apart));
}

/* How much less y lies below its peak than x below its own: the logarithm of the ratio of their exponentials, exact to
 * rounding since every subtraction's loss is made up for; 0 where both are 0. `tempered` is a constant: whether there is
 * a temperature, or numbers near the limits of the type. */
FL_INLINE real pair_gap(real y, real x, const row_pair r, real e_y, real e_x, const int tempered)
{
    real d = y - x, back = d + x;
    real lost = (y - back) - (x - (back - d));
    real difference = (d - r.apart) + ((lost == lost ? lost : R(0.0)) - r.apart_low);
    if (tempered) {
        real plain = (y - r.y_peak) - (x - r.x_peak); /* where the distance of the peaks is beyond the type */
        difference = r.tau * (difference == difference ? difference : plain);
    }
    return difference == difference ? difference : e_y * e_x; /* -inf less -inf, and both are 0; or a score is NaN */
}
/* A class's exponentials, and that. */
FL_INLINE void pair_terms(real y, real x, const row_pair r, real *e_y, real *e_x, real *gap, const int tempered)
{
    real below_y = y - r.y_peak, below_x = x - r.x_peak;
    *e_y = r_exp(tempered ? r.tau * below_y : below_y);
    *e_x = r_exp(tempered ? r.tau * below_x : below_x);
    *gap = pair_gap(y, x, r, *e_y, *e_x, tempered);
}

/* e_x - e_y: a small number with all its digits where the two are close. Summed up it gives the ratio of the sums. */
FL_INLINE real excess_of(real e_y, real e_x, real gap)
{
    real near = e_y * r_fma(gap * gap, exp_beyond_linear(-gap), -gap), far = e_x - e_y;
    return r_abs(gap) < FL_NEAR ? near : far;
}

FL_INLINE void set_sums(row_pair *r, real y_sum, real x_sum, real excess)
{
    real near = r_log1p(excess / y_sum), far = r_log(x_sum / y_sum);
    r->log_ratio = r_abs(excess) < R(0.5) * y_sum ? near : far;
    r->y_inverse = R(1.0) / y_sum;
    r->x_inverse = R(1.0) / x_sum;
    r->centre = r->is_centred = R(0.0);
}

/* A class's part of D(p || q), and q - p, which is its derivative by x but for tau.
 *
 * With l = log p - log q the parts p (l - 1 + exp(-l)) add up to the divergence, since p and q add up to 1, and none
 * is negative. An error of log_ratio cancels in the sum but for its square. Near l = 0, with h = -l / 2 and
 * E = exp(h) - 1 = h + t, exp(-l) - 1 is E (E + 2) and the part E^2 + 2 t: nothing cancels.
 */
FL_INLINE real divergence_part(real e_y, real e_x, real gap, const row_pair r, real *slope)
{
    real p = e_y * r.y_inverse, q = e_x * r.x_inverse, l = gap + r.log_ratio;
    real h = R(-0.5) * l, t = h * h * exp_beyond_linear(h), E = h + t;
    real cost = (p + (l > R(FL_LARGEST) ? FL_SMALLEST : R(0.0))) * l; /* inf where q is 0 and p not, however small */
    cost = l < -R(FL_LARGEST) ? R(0.0) : cost; /* p is 0 */
    real near = p * r_fma(E, E, t + t), far = (cost - p) + q;
    real near_slope = p * r_fma(E, E, E + E), far_slope = q - p;
    int is_near = r_abs(h) < FL_NEAR;
    *slope = is_near ? near_slope : far_slope;
    return is_near ? near : far;
}

/* How much p and q count in their mixture and in the Jensen-Shannon divergence: both above 0, their sum is 1. The
 * derivative of D(q || p) counts q alone. */
typedef struct {
    real of_p, of_q;
} mixture;

/* a (u - 1 - log u), never negative, and log u: u is m / a for a mixture m of `own` a and `other` b, apart is b - a.
 *
 * From the parts of u = 2^k (1 + f). Near 1, where k is 0, f is u - 1 as it follows from `apart`, without a difference
 * of numbers that are nearly the same, and what is left is log(1 + f) beyond f. Further away u - 1 - f is added, and
 * where u is large it is a difference of products with a, which may be 0: then u is infinite or NaN, and its logarithm
 * any finite number.
 */
FL_INLINE real part_of_mixture(real a, real b, real apart, real own, real other, real *log_u)
{
    real inverse = R(1.0) / a, linear = other * apart, u = r_fma(other, b * inverse, own);
    xuint power_bits;
    real k = exponent_of((xuint)bits_of(u) - (xuint)FL_SQRT_HALF_BITS, &power_bits);
    real scaled = from_bits((xint)((xuint)bits_of(u) - power_bits));
    real f = k == R(0.0) ? linear * inverse : scaled - R(1.0), beyond = log_beyond_linear(f, k);
    *log_u = r_fma(k, R(FL_LN2_HIGH), f + beyond);
    real near = a * (r_fma(k, -R(FL_LN2_HIGH), u - scaled) - beyond), far = linear - a * *log_u;
    return u < R(16.0) ? near : far;
}

/* A class's part of the Jensen-Shannon divergence, of D(q || m), and log(q / m). p log(p / m) is its part beyond linear
 * and p - m, q log(q / m) likewise, and the linear ones cancel in the sum. */
FL_INLINE real mixture_part(real e_y, real e_x, real gap, const row_pair r, const mixture mix, real *log_ratio,
                            real *of_q)
{
    real p = e_y * r.y_inverse, q = e_x * r.x_inverse, apart, log_p, log_q;
    divergence_part(e_y, e_x, gap, r, &apart);
    real of_p = part_of_mixture(p, q, apart, mix.of_p, mix.of_q, &log_p);
    *of_q = part_of_mixture(q, p, -apart, mix.of_q, mix.of_p, &log_q);
    *log_ratio = -log_q;
    return r_fma(mix.of_p, of_p, mix.of_q * *of_q);
}

/* A class's part of D(q || p), and log(q / p). */
FL_INLINE real reverse_part(real e_y, real e_x, real gap, const row_pair r, real *log_ratio)
{
    const row_pair swapped = {.y_inverse = r.x_inverse, .x_inverse = r.y_inverse, .log_ratio = -r.log_ratio};
    real slope;
    *log_ratio = -(gap + r.log_ratio);
    return divergence_part(e_x, e_y, -gap, swapped, &slope);
}

/* Either, and what the derivative by x is made of. With r = p, or r = m: log(q / r), and the class's part of its mean
 * over q, which is D(q || r). Both are less the row's centre. */
FL_INLINE real prediction_part(real e_y, real e_x, real gap, const row_pair r, const mixture mix, real *log_ratio,
                               real *mean, const int kind)
{
    real of_q, part;
    if (kind == FL_REVERSE)
        part = of_q = reverse_part(e_y, e_x, gap, r, log_ratio);
    else
        part = mixture_part(e_y, e_x, gap, r, mix, log_ratio, &of_q);
    *log_ratio -= r.centre;
    real q = e_x * r.x_inverse, central = kind == FL_REVERSE ? r_weighted(*log_ratio, q) : q * *log_ratio;
    *mean = r.is_centred > R(0.0) ? central : of_q;
    if (kind == FL_REVERSE) *mean = of_q <= R(FL_LARGEST) ? *mean : of_q; /* infinite, also where q underflows */
    return part;
}

/* The terms of the class with the largest q. Where that is more than 1/2, its log(q / r) is next to the mean and would
 * cancel: it is the centre that all are taken from, so that its own difference is a sum of small numbers. */
FL_INLINE void set_centre(row_pair *r, real e_y, real e_x, real gap, const mixture mix, const int kind)
{
    real log_ratio, mean, q = e_x * r->x_inverse;
    prediction_part(e_y, e_x, gap, *r, mix, &log_ratio, &mean, kind);
    real is_most = q > R(0.5) ? R(1.0) : R(0.0);
    r->is_centred = r_abs(mean) <= R(FL_LARGEST) ? is_most : R(0.0); /* neither infinite nor NaN */
    r->centre = r->is_centred > R(0.0) ? log_ratio : R(0.0);
}

/* A number of the class whose exponential e is the largest of its row, which is 1; another one for other classes. */
FL_INLINE real choose_top(real e, real number, real other) { return e == R(1.0) ? number : other; }

/* The derivative by x but for `mix.of_q` and tau, q (log(q / r) - D(q || r)). Where r is 0 and q is not, the divergence
 * is infinite and this is the limit: inf for that class, -inf for the others. */
FL_INLINE real prediction_slope(real q, real log_ratio, real mean)
{
    real difference = log_ratio > R(FL_LARGEST) ? log_ratio : log_ratio - mean;
    return r_weighted(difference, q);
}

/* FL_LANES classes of a row at once. */
FL_INLINE void lanes_entropy(real_cp x, real_p rest, real_p count, real_p cost, real peak)
{
    real term[FL_LANES];
    exp_vectors(x, peak, term, NULL, 0);
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real e, top, part;
        entropy_parts(x[i], peak, exp_of_lane(x[i], peak, term[i]), &e, &top, &part);
        rest[i] += e;
        count[i] += top;
        cost[i] += part;
    }
}

/* `slope` may be x itself. */
FL_INLINE void lanes_entropy_slope(const real *x, real *slope, real peak, real inverse, real mean, real scale)
{
    real term[FL_LANES];
    exp_vectors(x, peak, term, NULL, 0);
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real e = exp_of_lane(x[i], peak, term[i]);
        slope[i] = scale * slope_of_entropy(e * inverse, x[i], peak, mean);
    }
}

/* The terms are kept for FL_LANES classes at a time: their e_y, then their e_x, then their gaps. */
FL_INLINE void lanes_pair(real_cp y, real_cp x, real_p terms, real_p y_sum, real_p x_sum, real_p excess,
                          const row_pair *row, const int tempered)
{
    const row_pair r = *row;
    real of_y[FL_LANES], of_x[FL_LANES];
    real *FL_RESTRICT e_y = terms, *FL_RESTRICT e_x = terms + FL_LANES, *FL_RESTRICT gap = terms + 2 * FL_LANES;
    if (!tempered) {
        exp_lanes(y, r.y_peak, of_y, e_y, 1);
        exp_lanes(x, r.x_peak, of_x, e_x, 1);
    } else {
#pragma omp simd
        for (int i = 0; i < FL_LANES; i++) {
            real unused;
            pair_terms(y[i], x[i], r, &of_y[i], &of_x[i], &unused, tempered);
            e_y[i] = of_y[i];
            e_x[i] = of_x[i];
        }
    }
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real difference = pair_gap(y[i], x[i], r, of_y[i], of_x[i], tempered);
        gap[i] = difference;
        y_sum[i] += of_y[i];
        x_sum[i] += of_x[i];
        excess[i] += excess_of(of_y[i], of_x[i], difference);
    }
}

/* FL_LANES classes' exponentials, and those of y times how much less y lies below its peak than x, added to lanes. */
FL_INLINE void lanes_far(const real *y, const real *x, real y_peak, real x_peak, real_p y_sum, real_p x_sum,
                         real_p mean)
{
    real e_y[FL_LANES], e_x[FL_LANES];
    exp_lanes(y, y_peak, e_y, NULL, 0);
    exp_lanes(x, x_peak, e_x, NULL, 0);
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        y_sum[i] += e_y[i];
        x_sum[i] += e_x[i];
        mean[i] = r_fma(e_y[i], (y[i] - y_peak) - (x[i] - x_peak), mean[i]);
    }
}

/* FL_LANES classes' exponentials of y; their products with the log-ratios gap = (y - x) - shift and with
 * exp(-gap) - 1 + gap, which is never negative and keeps its digits; and the largest |gap|, NaN passed over.
 *
 * `kind` is a constant of the call. FL_SMALL: all |gap| are below FL_NEAR, so that the reduction of -gap has nothing to
 * do. FL_CAREFUL: both scores may be -inf, which is no class, and what y - x rounds away is made up for, which counts
 * where `shift` is large. */
enum { FL_SMALL, FL_MIDDLE, FL_CAREFUL, FL_FAR, FL_EXACT }; /* the last two are other loops */
FL_INLINE void lanes_close(const real *y, const real *x, real y_peak, real shift, real_p y_sum, real_p first,
                           real_p beyond, real_p largest, const int kind)
{
    real e_y[FL_LANES];
    exp_lanes(y, y_peak, e_y, NULL, 0);
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real difference = y[i] - x[i], gap = difference - shift, part;
        if (kind == FL_CAREFUL) {
            real back = difference + x[i], lost = (y[i] - back) - (x[i] - (back - difference));
            real exact = gap + lost;
            gap = ((y[i] == x[i]) & (exact != exact)) ? R(0.0) : exact;
        }
        real size = r_abs(gap);
        if (kind == FL_SMALL) {
            part = gap * gap * exp_beyond_linear(-gap);
        } else {
            real shifted = r_fma(-gap, FL_LOG2E, R(FL_ROUNDER)), n = shifted - R(FL_ROUNDER);
            real r = r_fma(n, -FL_LN2, -gap), power = exp_power(shifted, 0); /* n is small: ln(2) in one part */
            real others = r_fma(power, r, gap) + (power - R(1.0));              /* 0 where n is 0 and r is -gap */
            part = r_fma(power, r * r * exp_beyond_linear(r), others);
        }
        y_sum[i] += e_y[i];
        first[i] = r_fma(e_y[i], gap, first[i]);
        beyond[i] = r_fma(e_y[i], part, beyond[i]);
        largest[i] = size > largest[i] ? size : largest[i];
    }
}

FL_INLINE void lanes_divergence(real_cp terms, real_p slope, real_p lane, const row_pair *row,
                                real scale, const int keep)
{
    const row_pair r = *row;
    const real *e_y = terms, *e_x = terms + FL_LANES, *gap = terms + 2 * FL_LANES;
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real derivative;
        lane[i] += divergence_part(e_y[i], e_x[i], gap[i], r, &derivative);
        if (keep) slope[i] = scale * derivative;
    }
}

/* The same of prediction_part(). Kept in the place of e_x and gap: q and log(q / r). */
FL_INLINE void lanes_prediction(real_p terms, real_p lane, real_p mean_lane, const row_pair *row, const mixture *shares,
                                const int kind, const int keep)
{
    const row_pair r = *row;
    const mixture mix = *shares;
    real *e_y = terms, *e_x = terms + FL_LANES, *gap = terms + 2 * FL_LANES;
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real log_ratio, mean, q = e_x[i] * r.x_inverse;
        lane[i] += prediction_part(e_y[i], e_x[i], gap[i], r, mix, &log_ratio, &mean, kind);
        if (keep) mean_lane[i] += mean;
        if (keep) e_x[i] = q;
        if (keep) gap[i] = log_ratio;
    }
}

FL_INLINE void lanes_prediction_slope(real_cp terms, real_p slope, real mean, real scale)
{
    const real *q = terms + FL_LANES, *log_ratio = terms + 2 * FL_LANES;
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) slope[i] = scale * prediction_slope(q[i], log_ratio[i], mean);
}

#endif
