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

/* A class's part of D(p || q), with p from the scores x and q from the scores y, and q - p, its derivative by y.
 *
 * With l = log p - log q the parts p (l - 1 + exp(-l)) add up to the divergence, since p and q add up to 1, and none is
 * negative; near l = 0 they are p l^2 times a polynomial. l = (x - y) - apart is formed with what the subtraction
 * rounds away, so it is exact to rounding; an error in `apart` cancels in the sum but for its square.
 */
FL_INLINE real divergence_part(real x, real x_peak, real x_inverse, real y, real y_peak, real y_inverse, real apart,
                               real *slope)
{
    real p = r_exp(x - x_peak) * x_inverse, q = r_exp(y - y_peak) * y_inverse;
    real d = x - y, back = d + y; /* Knuth's two-sum */
    real lost = (x - back) - (y - (back - d));
    real l = (d - apart) + (lost == lost ? lost : R(0.0));
    real r = -l, bend = r * r * exp_beyond_linear(r);
    int is_near = r_abs(l) < FL_NEAR;
    real cost = r_atleast(p, FL_SMALLEST) * l; /* inf where q is 0 and p is not, however small */
    cost = x == -R(INFINITY) ? R(0.0) : cost;
    real near = p * bend, far = (cost - p) + q, steep = q - p;
    *slope = is_near ? p * (r + bend) : steep;
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

typedef struct {
    real x_peak, x_inverse, y_peak, y_inverse, apart;
} row_pair;

FL_INLINE void lanes_divergence(real_cp x, const real *y, real *slope, real_p lane, const row_pair *row, real scale,
                                const int keep)
{
    const row_pair r = *row;
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real steep;
        lane[i] += divergence_part(x[i], r.x_peak, r.x_inverse, y[i], r.y_peak, r.y_inverse, r.apart, &steep);
        if (keep) slope[i] = scale * steep;
    }
}

/* target = source / divisor */
FL_INLINE void divide(const real *source, real *target, ptrdiff_t n, real divisor)
{
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++) target[i] = source[i] / divisor;
}

#endif
