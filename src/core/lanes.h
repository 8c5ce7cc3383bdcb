/* Steps over FL_LANES numbers at once, for reductions. Sums and maxima of floats do not vectorise by themselves, as
 * that changes the order of operations; -ffast-math would allow any order. Here a lane is an accumulator of its own, so
 * the order is fixed and the same with every compiler and instruction set. The pragma keeps GCC from unrolling
 * these short loops into scalar code before it looks for vectors.
 */
#ifndef FASTLOSS_LANES_H
#define FASTLOSS_LANES_H

#include "core/exp_lanes.h"

/* Largest of each lane; NaN is passed over. */
FL_INLINE void lanes_max(real_cp x, real_p lane)
{
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) lane[i] = x[i] > lane[i] ? x[i] : lane[i];
}

FL_INLINE void lanes_min(real_cp x, real_p lane)
{
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) lane[i] = x[i] < lane[i] ? x[i] : lane[i];
}

/* A NaN, once there was one. */
FL_INLINE void lanes_nan(real_cp x, real_p nan)
{
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) nan[i] = x[i] == x[i] ? nan[i] : x[i];
}

FL_INLINE void lanes_add(real_cp x, real_p lane)
{
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) lane[i] += x[i];
}

/* In these, e may be x itself: every score is read before its e is written. So x and e are not `restrict`, which would
 * promise the compiler that they do not overlap; the pragma says what is true, that no element depends on another.
 *
 * e = exp(x - reference), stored where it is kept, and added to the lanes. `keep` is a constant of the call. */
FL_INLINE void lanes_exp(const real *x, real *e, real_p lane, real reference, const int keep)
{
    real term[FL_LANES];
    exp_vectors(x, reference, term, e, keep);
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real some = exp_of_lane(x[i], reference, term[i]);
        if (keep && !FL_HAS_WIDE) e[i] = some;
        lane[i] += some;
    }
}

/* The same; lanes before `first` and the lane `excluded` (none if negative) are not added. */
FL_INLINE void lanes_exp_excluding(const real *x, real *e, real_p lane, real reference, xint excluded, xint first,
                                   const int keep)
{
    real term[FL_LANES];
    exp_vectors(x, reference, term, e, keep);
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real some = exp_of_lane(x[i], reference, term[i]);
        if (keep && !FL_HAS_WIDE) e[i] = some;
        lane[i] += ((i == excluded) | (i < first)) ? R(0.0) : some;
    }
}

/* The same; what is 1, as at scores equal to the reference, is counted, not added. */
FL_INLINE void lanes_exp_below(const real *x, real *e, real_p lane, real_p count, real reference, xint first,
                               const int keep)
{
    real term[FL_LANES];
    exp_vectors(x, reference, term, e, keep);
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real some = exp_of_lane(x[i], reference, term[i]);
        if (keep && !FL_HAS_WIDE) e[i] = some;
        /* Factors, since two selects by one condition would become a branch. */
        real new = i < first ? R(0.0) : R(1.0), is_one = some == R(1.0) ? R(1.0) : R(0.0);
        real top = new * is_one;
        lane[i] += some * (new - top);
        count[i] += top;
    }
}

/* Prefetches the numbers of a later step. The loops above compute for long enough per cache line that it arrives
 * meanwhile; the search for a maximum, which reads a row or block first, would wait for it. */
FL_INLINE void prefetch_lanes(const real *x)
{
    for (int i = 0; i < FL_LANES; i += FL_LINE / (int)sizeof(real)) prefetch(x + i);
}

/* The weights' sum, and the sum of weight * (peak - x). */
FL_INLINE void lanes_cost(real_cp weight, real_cp x, real_p mass, real_p cost, real peak)
{
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        cost[i] += r_term(weight[i], peak - x[i]);
        mass[i] += weight[i];
    }
}

/* out = (x - peak) - log_sum */
FL_INLINE void subtract_twice(const real *x, real *out, ptrdiff_t n, real peak, real log_sum)
{
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++) out[i] = (x[i] - peak) - log_sum;
}

/* Whether some number of a block seems to lie outside [low, high]: by the signs of the differences, which takes fewer
 * operations than comparisons and no 64-bit ones. It finds every number outside; it may take -0 or NaN for
 * one. */
FL_NOINLINE int seems_outside(const real *x, ptrdiff_t n, real low, real high)
{
    xint signs = 0;
#pragma omp simd reduction(| : signs)
    for (ptrdiff_t i = 0; i < n; i++) signs |= bits_of(x[i] - low) | bits_of(high - x[i]);
    return signs < 0;
}

#define FL_RUN (4 * FL_LANES) /* numbers that are searched at once */

/* Whether any number of a run equals the value. */
FL_INLINE int lanes_find(real_cp x, real value)
{
    xint found = 0;
#pragma omp simd reduction(| : found)
    for (int i = 0; i < FL_RUN; i++) found |= -(xint)(x[i] == value);
    return found != 0;
}

/* The first that does, without a branch; FL_RUN if there is none. */
FL_INLINE int place_in_run(real_cp x, real value)
{
    xint place = FL_RUN;
#pragma omp simd reduction(min : place)
    for (int i = 0; i < FL_RUN; i++) {
        const xint found = x[i] == value ? i : FL_RUN;
        place = found < place ? found : place;
    }
    return (int)place;
}

/* The sum of lanes that hold small whole numbers, which every order of addition leaves exact, or NaN. */
FL_INLINE real lanes_count(real_cp lane)
{
    real eight[8], four[4];
#pragma omp simd
    for (int i = 0; i < 8; i++) eight[i] = lane[i] + lane[i + 8];
#pragma omp simd
    for (int i = 0; i < 4; i++) four[i] = eight[i] + eight[i + 4];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

/* The lanes' own maximum and sum, as trees. */
FL_INLINE real lanes_top(real_cp lane)
{
    real eight[8], four[4];
#pragma omp simd
    for (int i = 0; i < 8; i++) eight[i] = lane[i] > lane[i + 8] ? lane[i] : lane[i + 8];
#pragma omp simd
    for (int i = 0; i < 4; i++) four[i] = eight[i] > eight[i + 4] ? eight[i] : eight[i + 4];
    real a = four[0] > four[2] ? four[0] : four[2], b = four[1] > four[3] ? four[1] : four[3];
    return a > b ? a : b;
}

FL_INLINE double lanes_total(real_cp lane)
{
    double eight[8], four[4];
#pragma omp simd
    for (int i = 0; i < 8; i++) eight[i] = (double)lane[i] + (double)lane[i + 8];
#pragma omp simd
    for (int i = 0; i < 4; i++) four[i] = eight[i] + eight[i + 4];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

/* The largest of n numbers, NaN passed over; -inf where there is none. */
FL_NOINLINE real largest_of(const real *FL_RESTRICT x, ptrdiff_t n)
{
    real lane[FL_LANES];
    const ptrdiff_t whole = n - n % FL_LANES;
    for (int i = 0; i < FL_LANES; i++) lane[i] = -R(INFINITY);
    for (ptrdiff_t j = 0; j < whole; j += FL_LANES) lanes_max(x + j, lane);
    for (ptrdiff_t j = whole; j < n; j++) lane[j - whole] = x[j] > lane[j - whole] ? x[j] : lane[j - whole];
    return lanes_top(lane);
}

/* The first place of a value; -1 if it is nowhere. */
FL_NOINLINE ptrdiff_t first_place_of(const real *FL_RESTRICT x, ptrdiff_t n, real value)
{
    const ptrdiff_t whole = n - n % FL_RUN;
    for (ptrdiff_t j = 0; j < whole; j += FL_RUN)
        if (lanes_find(x + j, value)) return j + place_in_run(x + j, value);
    for (ptrdiff_t j = whole; j < n; j++)
        if (x[j] == value) return j;
    return -1;
}

#endif
