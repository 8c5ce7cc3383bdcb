/* One class of a row's entropy and divergence from logits, in forms that keep their digits near certainty and where
 * two distributions are nearly the same. A row's softmax is exp(x - peak) * inverse. */
#ifndef FASTLOSS_DIVERGENCE_H
#define FASTLOSS_DIVERGENCE_H

#include "lanes.h"

/* Where exp(-r) - 1 and what is left of it are taken from the polynomial of exp rather than from differences. */
#define FL_NEAR R(0.34)

/* A class's part e of the sum of exp(x - peak), all but those of the peak itself, which are counted in `top`; and of
 * the cost, the sum of e (peak - x). */
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

/* Two rows of scores, x of the distribution p and y of q: p = exp((x - x_peak) tau) x_inverse, and
 * log p - log q = ((x - y) - apart - apart_low) tau, where tau is one over the temperature.
 */
typedef struct {
    real tau, x_peak, y_peak, x_inverse, y_inverse, apart, apart_low;
} row_pair;

/* (x - y) - apart, with what the subtractions round away: exact to rounding where x - y is near `apart`. */
FL_INLINE real beyond(real x, real y, real apart, real apart_low)
{
    real d = x - y, back = d + y; /* Knuth's two-sum */
    real lost = (x - back) - (y - (back - d));
    return (d - apart) + ((lost == lost ? lost : R(0.0)) - apart_low);
}

/* Adds a class's parts to the sums of p's and of q's exponentials, and to the excess of the second sum. Where both scores are as far below
 * their peaks, that is a small number with all its digits, from which the sums' own distance gets them. */
FL_INLINE void pair_sums(real x, real y, const row_pair r, real *x_sum, real *y_sum, real *excess)
{
    real e_x = r_exp((x - r.x_peak) * r.tau), e_y = r_exp((y - r.y_peak) * r.tau);
    real l = -r.tau * beyond(x, y, r.apart, r.apart_low);
    real near = e_x * r_fma(l * l, exp_beyond_linear(l), l), far = e_y - e_x;
    *x_sum += e_x;
    *y_sum += e_y;
    *excess += r_abs(l) < FL_NEAR ? near : far;
}

/* A class's part of D(p || q), and q - p, which is its derivative by y but for tau.
 *
 * With l = log p - log q the parts p (l - 1 + exp(-l)) add up to the divergence, since p and q add up to 1, and none
 * is negative; near l = 0 they are p l^2 times a polynomial. An error in `apart` cancels in the sum but for its square.
 */
FL_INLINE real divergence_part(real x, real y, const row_pair r, real *slope)
{
    real p = r_exp((x - r.x_peak) * r.tau) * r.x_inverse, q = r_exp((y - r.y_peak) * r.tau) * r.y_inverse;
    real l = r.tau * beyond(x, y, r.apart, r.apart_low), bend = l * l * exp_beyond_linear(-l);
    real cost = r_atleast(p, FL_SMALLEST) * l; /* inf where q is 0 and p is not, however small */
    cost = x == -R(INFINITY) ? R(0.0) : cost;
    real near = p * bend, far = (cost - p) + q, steep = q - p;
    int is_near = r_abs(l) < FL_NEAR;
    *slope = is_near ? p * (bend - l) : steep;
    return is_near ? near : far;
}

/* FL_LANES classes of a row at once. */
FL_INLINE void lanes_entropy(real_cp x, real_p rest, real_p count, real_p cost, real peak)
{
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real e, top, gap;
        entropy_sums(x[i], peak, &e, &top, &gap);
        rest[i] += e;
        count[i] += top;
        cost[i] += gap;
    }
}

FL_INLINE void entropy_slopes(const real *x, real *slope, ptrdiff_t n, real peak, real inverse, real mean, real scale)
{
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++) slope[i] = scale * entropy_slope(x[i], peak, inverse, mean);
}

FL_INLINE void lanes_pair(real_cp x, real_cp y, real_p x_sum, real_p y_sum, real_p excess, const row_pair *row)
{
    const row_pair r = *row;
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) pair_sums(x[i], y[i], r, &x_sum[i], &y_sum[i], &excess[i]);
}

FL_INLINE void lanes_divergence(real_cp x, const real *y, real *slope, real_p lane, const row_pair *row, real scale,
                                const int keep)
{
    const row_pair r = *row;
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real steep;
        lane[i] += divergence_part(x[i], y[i], r, &steep);
        if (keep) slope[i] = scale * steep;
    }
}

/* The distance of two peaks and, in `low`, what the subtraction rounds away: both together are exact. */
FL_INLINE real peaks_apart(real x_peak, real y_peak, real *low)
{
    real high = x_peak - y_peak, back = high + y_peak;
    *low = (x_peak - back) - (y_peak - (back - high));
    return high;
}

/* The distance of the logarithms of p and q: that of the peaks, high + low, less what their sums differ by. */
FL_INLINE void set_apart(row_pair *r, real high, real low, real x_sum, real y_sum, real excess)
{
    real near = r_log1p(excess / x_sum), far = r_log(y_sum / x_sum);
    real log_ratio = (r_abs(excess) < R(0.5) * x_sum ? near : far) / r->tau;
    real apart = high - log_ratio, back = apart + log_ratio;
    real lost = (high - back) - (log_ratio - (back - apart));
    r->apart = apart;
    r->apart_low = lost + low;
    r->x_inverse = R(1.0) / x_sum;
    r->y_inverse = R(1.0) / y_sum;
}

#endif
