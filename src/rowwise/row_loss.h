/* The losses of rows as a call knows them, whatever the float type. */
#ifndef FASTLOSS_ROWWISE_LOSS_H
#define FASTLOSS_ROWWISE_LOSS_H

typedef struct {
    double number[2]; /* the loss's own options */
} label_options;

/* A loss of label_losses.h over the rows of a tile: tile.h. */
typedef struct row_tile row_tile;
typedef void (*label_loss)(row_tile *, label_options);

/* Scores that stay in the first-level cache with their exponentials: rows are summed in blocks of so many. */
enum { FL_ROW_BLOCK = 2048 };

enum { SOFTMAX, LOG_SOFTMAX, LOGSUMEXP }; /* what becomes of a row */

/* What is computed of two rows, p of the scores y and q of the scores x, the prediction. */
enum {
    FL_FORWARD,        /* D(p || q) */
    FL_REVERSE,        /* D(q || p) */
    FL_JENSEN_SHANNON, /* of D(p || m) and D(q || m), m the mixture of p and q */
};

#endif
