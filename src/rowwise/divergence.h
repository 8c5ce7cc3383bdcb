/* One class of a row's entropy and divergence from logits, in forms that keep their digits near certainty and where
 * two distributions are nearly the same. A row's softmax is exp(x - peak) * inverse. */
#ifndef FASTLOSS_DIVERGENCE_H
#define FASTLOSS_DIVERGENCE_H

#include "core/lanes.h"

/* Below this |r|, exp(-r) - 1 and its remainder come from the polynomial of exp, not from differences, which would
 * cancel. The polynomial holds up to ln(2)/2. */
#define FL_NEAR R(0.34)

/* A class's term e of the sum of exp(x - peak), which is 0 at the peak itself: that is counted in `top`; and its part
 * of the cost, the sum of e (peak - x). */
FL_INLINE void entropy_sums(real x, real peak, real *e, real *top, real *cost)
{
    real term = r_exp(x - peak), is_top = x == peak ? R(1.0) : R(0.0);
    *cost = term * r_atmost(peak - x, R(FL_LARGEST)); /* 0 where x is -inf */
    *top = is_top;
    *e = term * (R(1.0) - is_top);
}

/* d entropy / dx = p ((peak - x) - mean), where `mean` is the cost over the sum. */
FL_INLINE real entropy_slope(real x, real peak, real inverse, real mean)
{
    real p = r_exp(x - peak) * inverse;
    return p * (r_atmost(peak - x, R(FL_LARGEST)) - mean);
}

/* Two rows of scores: y of the true distribution p, x of the predicted one q. */
typedef struct {
    real tau;                     /* one over the temperature */
    real y_peak, x_peak;
    real apart, apart_low;        /* y_peak - x_peak, and what the subtraction rounds away */
    real y_inverse, x_inverse;    /* one over the sums of the exponentials */
    real log_ratio;               /* the logarithm of q's sum over p's */
} row_pair;

FL_INLINE void set_peaks(row_pair *r, real y_peak, real x_peak)
{
    real apart = y_peak - x_peak, back = apart + x_peak; /* Knuth's two-sum */
    r->y_peak = y_peak;
    r->x_peak = x_peak;
    r->apart = apart;
    r->apart_low = (y_peak - back) - (x_peak - (back - apart));
}

/* A class's exponentials, and how much less y lies below its peak than x below its own. `gap` is the logarithm of the
 * ratio of the two, exact to rounding since every subtraction's loss is made up for; 0 where both are 0. `tempered` is
 * a constant: whether there is a temperature, or numbers near the limits of the type. */
FL_INLINE void pair_terms(real y, real x, const row_pair r, real *e_y, real *e_x, real *gap, const int tempered)
{
    real d = y - x, back = d + x, below_y = y - r.y_peak, below_x = x - r.x_peak;
    real lost = (y - back) - (x - (back - d));
    real difference = (d - r.apart) + ((lost == lost ? lost : R(0.0)) - r.apart_low);
    *e_y = r_exp(tempered ? r.tau * below_y : below_y);
    *e_x = r_exp(tempered ? r.tau * below_x : below_x);
    if (tempered) {
        real plain = below_y - below_x; /* where the distance of the peaks is beyond the type */
        difference = r.tau * (difference == difference ? difference : plain);
    }
    *gap = difference == difference ? difference : *e_y * *e_x; /* -inf less -inf, and both are 0; or a score is NaN */
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

/* FL_LANES classes of a row at once. */
FL_INLINE void lanes_entropy(real_cp x, real_p rest, real_p count, real_p cost, real peak)
{
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real e, top, part;
        entropy_sums(x[i], peak, &e, &top, &part);
        rest[i] += e;
        count[i] += top;
        cost[i] += part;
    }
}

FL_INLINE void entropy_slopes(const real *x, real *slope, ptrdiff_t n, real peak, real inverse, real mean, real scale)
{
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++) slope[i] = scale * entropy_slope(x[i], peak, inverse, mean);
}

/* The terms are kept for FL_LANES classes at a time: their e_y, then their e_x, then their gaps. */
FL_INLINE void lanes_pair(real_cp y, real_cp x, real_p terms, real_p y_sum, real_p x_sum, real_p excess,
                          const row_pair *row, const int tempered)
{
    const row_pair r = *row;
    real *FL_RESTRICT e_y = terms, *FL_RESTRICT e_x = terms + FL_LANES, *FL_RESTRICT gap = terms + 2 * FL_LANES;
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real of_y, of_x, difference;
        pair_terms(y[i], x[i], r, &of_y, &of_x, &difference, tempered);
        e_y[i] = of_y;
        e_x[i] = of_x;
        gap[i] = difference;
        y_sum[i] += of_y;
        x_sum[i] += of_x;
        excess[i] += excess_of(of_y, of_x, difference);
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

#endif
