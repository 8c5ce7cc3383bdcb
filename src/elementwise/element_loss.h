/* An elementwise loss as a call knows it, whatever the float type. */
#ifndef FASTLOSS_ELEMENTWISE_LOSS_H
#define FASTLOSS_ELEMENTWISE_LOSS_H

#include "core/checked.h"
#include "core/exact_sum.h"

typedef struct element_block element_block; /* loop.h */
typedef exact_sum (*block_function)(const element_block *);

typedef struct {
    const char *name;
    block_function compute;
    int shape;   /* of the flags below */
    domain x, y; /* legal predictions and targets */
} elementwise_loss;

enum {
    FLAT = 0,
    CURVED = 1,    /* it has a second derivative */
    OF_TARGET = 2, /* a group without any target has no loss, whatever was predicted */
};

#endif
