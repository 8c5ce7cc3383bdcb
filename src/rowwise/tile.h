/* What is known of some rows while they are computed: the sums of their exponentials, and their label. */
#ifndef FASTLOSS_TILE_H
#define FASTLOSS_TILE_H

#include "core/transpose.h"
#include "rowwise/row_loss.h"

struct row_tile {
    ptrdiff_t count; /* rows in this tile */
    ptrdiff_t classes;
    const real *ahead;           /* what to prefetch meanwhile: scores that will be read after the row at hand */
    const uint16_t *result;      /* where a row's halves will be written, if they are, and its scores are halves too */
    ptrdiff_t label[FL_TILE];    /* always a class, also where the row is ignored or unused */
    int ignored[FL_TILE];
    ptrdiff_t excluded[FL_TILE]; /* the class whose term `rest` leaves out */
    real weight[FL_TILE];
    real peak[FL_TILE];          /* the largest score */
    real rest[FL_TILE];          /* the sum of exp(score - peak) over all classes but the excluded one */
    real score[FL_TILE];         /* of the label */
    real inverse[FL_TILE];       /* one over the sum over all classes */
    real p[FL_TILE];             /* the label's probability */
    real one_minus_p[FL_TILE];
    real loss[FL_TILE];          /* this and the next three times the weight */
    real first[FL_TILE];         /* derivative of the loss by log p */
    real second[FL_TILE];        /* second derivative by log p */
    real own[FL_TILE];           /* see label_losses.h */
};

#endif
