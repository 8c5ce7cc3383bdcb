/* The losses of rows with one label each: a formula each.
 *
 * Such a loss is a function of the label's probability p = softmax(x)_label alone, so that its derivatives by the
 * scores x follow from the first and second derivative by u = log p, two numbers a row:
 *
 *     dL/dx_c    = dL/du ([c = label] - p_c)
 *     d2L/dx_c^2 = -dL/du p_c (1 - p_c) + d2L/du2 ([c = label] - p_c)^2
 *
 * To add one, write its formula here and its line in the list at the end.
 */
#ifndef FASTLOSS_LABEL_LOSSES_H
#define FASTLOSS_LABEL_LOSSES_H

#include "core/specialmath.h"
#include "rowwise/tile.h"

/* p, 1 - p and -log p, each with all its digits. */
typedef struct {
    real p, one_minus_p, cost;
    real weight; /* all three results are multiples of it: a formula begins its products with it */
} label_point;

/* `own` is for a loss whose sum for c = label cancels, as it may where p is near 0: the second derivative by the
 * label's own score, over p (1 - p). Others leave it 0. */
typedef struct {
    real loss, first, second; /* the derivatives are by log p */
    real own;
} label_result;

/* -log p */
FL_INLINE label_result cross_entropy(label_point at, const label_options o)
{
    return (label_result){.loss = at.weight * at.cost, .first = -at.weight};
}

/* (1 - p)^gamma times -log p; Lin et al. 2017. `raised` is that power. Where 1 - p is 0, -log p / (1 - p) is 1. */
FL_INLINE label_result focal(label_point at, real gamma, real raised)
{
    real p = at.p, q = at.one_minus_p, p_cost = r_term(p, at.cost);
    real safe = r_atleast(q, FL_SMALLEST), ratio = q == R(0.0) ? R(1.0) : p_cost / safe;
    return (label_result){
        .loss = at.weight * raised * at.cost,
        .first = -(at.weight * raised * (R(1.0) + gamma * ratio)),
        .second = at.weight * gamma * (raised / safe) * (R(2.0) * p - p_cost + (gamma - R(1.0)) * p * ratio),
    };
}

FL_INLINE label_result softmax_focal(label_point at, const label_options o)
{
    real gamma = (real)o.number[0];
    return focal(at, gamma, r_exp(gamma * r_log(at.one_minus_p)));
}

/* Of the gammas whose powers are cheap; a difference keeps NaN. */
FL_INLINE label_result softmax_focal_0(label_point at, const label_options o)
{
    return focal(at, R(0.0), R(1.0) + (at.one_minus_p - at.one_minus_p));
}
FL_INLINE label_result softmax_focal_1(label_point at, const label_options o)
{
    return focal(at, R(1.0), at.one_minus_p);
}
FL_INLINE label_result softmax_focal_2(label_point at, const label_options o)
{
    return focal(at, R(2.0), at.one_minus_p * at.one_minus_p);
}

/* -log p + epsilon (1 - p); Leng et al. 2022. With q = 1 - p, and so that epsilon = -1 keeps its digits where p is
 * near 1, as (1 + epsilon) q + (-log(1 - q) - q), whose second part is of second order. */
FL_INLINE label_result poly1_cross_entropy(label_point at, const label_options o)
{
    real epsilon = (real)o.number[0], above = (real)(1.0 + o.number[0]), below = (real)(1.0 - o.number[0]);
    real p = at.p, q = at.one_minus_p;
    real near = log1m_tail(r_atmost(q, R(0.5))) * q * q, far = at.cost - q;
    real first_near = above - epsilon * q, first_far = R(1.0) + epsilon * p; /* equal: p + q = 1 */
    real own_near = above - R(2.0) * epsilon * q, own_far = below + R(2.0) * epsilon * p;
    return (label_result){
        .loss = at.weight * r_fma(above, q, q < R(0.5) ? near : far),
        .first = -(at.weight * (q < R(0.5) ? first_near : first_far)),
        .second = -(at.weight * epsilon * p),
        .own = at.weight * (q < R(0.5) ? own_near : own_far),
    };
}

/* (1 - p^q) / q; Zhang and Sabuncu 2018 */
FL_INLINE label_result generalized_cross_entropy(label_point at, const label_options o)
{
    real q = (real)o.number[0], exponent = -(q * at.cost), power = r_exp_tail(exponent);
    return (label_result){
        .loss = at.weight * (-r_expm1_tail(exponent) / q),
        .first = -(at.weight * power),
        .second = -(at.weight * (q * power)),
    };
}

/* Their names. */
#define LABEL_LOSSES(LOSS)    \
    LOSS(cross_entropy)       \
    LOSS(softmax_focal)       \
    LOSS(softmax_focal_0)     \
    LOSS(softmax_focal_1)     \
    LOSS(softmax_focal_2)     \
    LOSS(poly1_cross_entropy) \
    LOSS(generalized_cross_entropy)

/* ---- the loop that they share ---- */

typedef label_result (*label_formula)(label_point at, const label_options options);

/* From the sums of a tile's rows to their results; the formula is a constant of the call. */
FL_INLINE void label_rows(label_formula formula, row_tile *t, const label_options options)
{
#pragma omp simd
    for (int k = 0; k < FL_TILE; k++) {
        real label_term = r_exp(t->score[k] - t->peak[k]);
        real inverse = R(1.0) / (t->rest[k] + label_term);
        label_point at = {
            .p = label_term * inverse,
            .one_minus_p = t->rest[k] * inverse,
            .cost = (t->peak[k] - t->score[k]) + r_log1p(t->rest[k] + (label_term - R(1.0))),
            .weight = t->weight[k],
        };
        label_result result = formula(at, options);
        t->inverse[k] = inverse;
        t->p[k] = at.p;
        t->one_minus_p[k] = at.one_minus_p;
        t->loss[k] = result.loss;
        t->first[k] = result.first;
        t->second[k] = result.second;
        t->own[k] = result.own;
    }
}

#define ROWS_OF(NAME) \
    FL_NOINLINE void NAME##_rows(row_tile *t, label_options options) { label_rows(NAME, t, options); }
#define ENTRY_OF(NAME) {#NAME, NAME##_rows},

LABEL_LOSSES(ROWS_OF)

static const struct { const char *name; label_loss rows; } label_losses[] = {LABEL_LOSSES(ENTRY_OF)};

/* A loss by its name; NULL where there is none. */
static label_loss find_label_loss(const char *name)
{
    for (size_t i = 0; i < sizeof label_losses / sizeof *label_losses; i++)
        if (!strcmp(name, label_losses[i].name)) return label_losses[i].rows;
    return NULL;
}

#endif
