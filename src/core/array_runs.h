/* From an array of any layout and dtype to a buffer, and back: what array.h declares. One source of each instruction set
 * and float type includes it, kernels.pyx. */
#ifndef FASTLOSS_ARRAY_RUNS_H
#define FASTLOSS_ARRAY_RUNS_H

#include "core/half.h"

/* ---- one run of equally spaced elements ---- */

#define FL_SAME(x) (x)
#define FL_TRUTH(x) ((x) != 0)

#define FL_LOAD_RUN(type, convert)                                                                     \
    do {                                                                                               \
        if (step == (ptrdiff_t)sizeof(type)) {                                                         \
            const type *FL_RESTRICT run = (const type *)source;                                        \
            for (ptrdiff_t i = 0; i < n; i++) target[i] = (real)convert(run[i]);                       \
        } else if (step == 0) { /* broadcast */                                                        \
            fill_run(target, n, (real)convert(*(const type *)source));                                 \
        } else                                                                                         \
            for (ptrdiff_t i = 0; i < n; i++) target[i] = (real)convert(*(const type *)(source + i * step)); \
    } while (0)

/* Of a half type: `convert` is for one number. */
#define FL_LOAD_HALVES(dtype, convert)                                                                   \
    do {                                                                                                 \
        if (step == (ptrdiff_t)sizeof(uint16_t))                                                         \
            widen_run((const uint16_t *)source, target, n, dtype);                                       \
        else if (step == 0)                                                                              \
            fill_run(target, n, (real)convert(*(const uint16_t *)source));                               \
        else                                                                                             \
            for (ptrdiff_t i = 0; i < n; i++) target[i] = (real)convert(*(const uint16_t *)(source + i * step)); \
    } while (0)

FL_LINKED void fill_run(real *target, ptrdiff_t n, real value)
{
    for (ptrdiff_t i = 0; i < n; i++) target[i] = value;
}

FL_LINKED void load_run(real *FL_RESTRICT target, const char *source, ptrdiff_t n, ptrdiff_t step, int dtype)
{
    switch (dtype) {
    case FL_FLOAT32: FL_LOAD_RUN(float, FL_SAME); break;
    case FL_FLOAT64: FL_LOAD_RUN(double, FL_SAME); break;
    case FL_FLOAT16: FL_LOAD_HALVES(FL_FLOAT16, single_half); break;
    case FL_BFLOAT16: FL_LOAD_HALVES(FL_BFLOAT16, bfloat_to_float); break;
    case FL_INT8: FL_LOAD_RUN(int8_t, FL_SAME); break;
    case FL_UINT8: FL_LOAD_RUN(uint8_t, FL_SAME); break;
    case FL_INT16: FL_LOAD_RUN(int16_t, FL_SAME); break;
    case FL_UINT16: FL_LOAD_RUN(uint16_t, FL_SAME); break;
    case FL_INT32: FL_LOAD_RUN(int32_t, FL_SAME); break;
    case FL_UINT32: FL_LOAD_RUN(uint32_t, FL_SAME); break;
    case FL_INT64: FL_LOAD_RUN(int64_t, FL_SAME); break;
    case FL_UINT64: FL_LOAD_RUN(uint64_t, FL_SAME); break;
    case FL_BOOL: FL_LOAD_RUN(uint8_t, FL_TRUTH); break;
    case FL_WEIGHT64: FL_LOAD_RUN(double, weight_to_round); break;
    }
}

#define FL_STORE_RUN(type)                                                                       \
    do {                                                                                         \
        if (step == (ptrdiff_t)sizeof(type)) {                                                   \
            type *FL_RESTRICT run = (type *)target;                                              \
            for (ptrdiff_t i = 0; i < n; i++) run[i] = (type)source[i];                          \
        } else                                                                                   \
            for (ptrdiff_t i = 0; i < n; i++) *(type *)(target + i * step) = (type)source[i];          \
    } while (0)

#define FL_STORE_HALVES(dtype)                                                                      \
    do {                                                                                            \
        if (step == (ptrdiff_t)sizeof(uint16_t))                                                    \
            narrow_run(source, (uint16_t *)target, n, R(1.0), dtype);                               \
        else                                                                                        \
            narrow_strided(source, target, n, step, dtype);                                         \
    } while (0)

FL_LINKED void store_run(char *target, const real *FL_RESTRICT source, ptrdiff_t n, ptrdiff_t step, int dtype)
{
    switch (dtype) {
    case FL_FLOAT32: FL_STORE_RUN(float); break;
    case FL_FLOAT64: FL_STORE_RUN(double); break;
    case FL_FLOAT16: FL_STORE_HALVES(FL_FLOAT16); break;
    case FL_BFLOAT16: FL_STORE_HALVES(FL_BFLOAT16); break;
    }
}

/* ---- a block ---- */

/* The equally spaced pieces of a block, one after the other. */
typedef struct {
    char *address;
    ptrdiff_t count, step; /* of the piece at hand */
    ptrdiff_t left;        /* elements from its start to the end of the block */
    ptrdiff_t index[FL_MAX_DIMENSIONS];
} run_iterator;

static inline void set_run(run_iterator *run, const array_view *a)
{
    const ptrdiff_t room = a->shape[a->dimensions - 1] - run->index[a->dimensions - 1];
    run->count = room < run->left ? room : run->left;
}

static inline void first_run(run_iterator *run, const array_view *a, ptrdiff_t start, ptrdiff_t n)
{
    run->address = a->data;
    run->step = a->stride[a->dimensions - 1];
    run->left = n;
    for (int d = a->dimensions - 1; d > 0; d--) {
        run->index[d] = start % a->shape[d];
        start /= a->shape[d];
        run->address += run->index[d] * a->stride[d];
    }
    run->index[0] = start;
    run->address += start * a->stride[0];
    set_run(run, a);
}

static inline void next_run(run_iterator *run, const array_view *a)
{
    int d = a->dimensions - 1;
    run->left -= run->count;
    if (run->left <= 0) return;
    run->address -= run->index[d] * run->step;
    run->index[d] = 0;
    while (--d >= 0) {
        run->address += a->stride[d];
        if (++run->index[d] < a->shape[d]) break;
        run->address -= run->index[d] * a->stride[d];
        run->index[d] = 0;
    }
    set_run(run, a);
}

/* ---- whole rows of an array that lies column by column, as in Fortran order: down the columns ---- */

enum { FL_COLUMN_RUN = 64 }; /* rows of a column at a time */

#define FL_DISTANCE(step) ((step) < 0 ? -(step) : (step))

/* Whether a block is such rows, and these so short that finding the place of each would take longest. */
static inline int is_by_columns(const array_view *a, ptrdiff_t start, ptrdiff_t n)
{
    const int last = a->dimensions - 1;
    const ptrdiff_t columns = a->shape[last];
    if (last < 1 || columns > 128 || n < 4 * columns) return 0;
    return start % columns == 0 && n % columns == 0
        && FL_DISTANCE(a->stride[last - 1]) < FL_DISTANCE(a->stride[last]);
}

/* The address of a row, and how many of the next rows are equally far apart, of at most `count`. */
static inline char *address_of_row(const array_view *a, ptrdiff_t row, ptrdiff_t *count)
{
    int d = a->dimensions - 2;
    ptrdiff_t index = row % a->shape[d], left = a->shape[d] - index;
    char *address = a->data + index * a->stride[d];
    if (left < *count) *count = left;
    row /= a->shape[d];
    while (--d >= 0) {
        address += row % a->shape[d] * a->stride[d];
        row /= a->shape[d];
    }
    return address;
}

static inline void gather_by_columns(const array_view *a, ptrdiff_t row, ptrdiff_t stop, real *FL_RESTRICT buffer)
{
    const int last = a->dimensions - 1;
    const ptrdiff_t columns = a->shape[last], step = a->stride[last - 1];
    const int is_native = a->dtype == FL_NATIVE && step == (ptrdiff_t)sizeof(real);
    real column[FL_COLUMN_RUN];
    while (row < stop) {
        ptrdiff_t count = stop - row < FL_COLUMN_RUN ? stop - row : FL_COLUMN_RUN;
        const char *address = address_of_row(a, row, &count);
        for (ptrdiff_t c = 0; c < columns; c++, address += a->stride[last]) {
            const real *numbers = (const real *)address;
            if (!is_native) {
                load_run(column, address, count, step, a->dtype);
                numbers = column;
            }
            for (ptrdiff_t r = 0; r < count; r += FL_LINE / (ptrdiff_t)sizeof(real))
                prefetch(numbers + count + r); /* of the next rows */
            for (ptrdiff_t r = 0; r < count; r++) buffer[r * columns + c] = numbers[r];
        }
        buffer += count * columns;
        row += count;
    }
}

static inline void scatter_by_columns(const array_view *a, ptrdiff_t row, ptrdiff_t stop, const real *FL_RESTRICT buffer)
{
    const int last = a->dimensions - 1;
    const ptrdiff_t columns = a->shape[last], step = a->stride[last - 1];
    const int is_native = a->dtype == FL_NATIVE && step == (ptrdiff_t)sizeof(real);
    real column[FL_COLUMN_RUN];
    while (row < stop) {
        ptrdiff_t count = stop - row < FL_COLUMN_RUN ? stop - row : FL_COLUMN_RUN;
        char *address = address_of_row(a, row, &count);
        for (ptrdiff_t c = 0; c < columns; c++, address += a->stride[last]) {
            real *numbers = is_native ? (real *)address : column;
            for (ptrdiff_t r = 0; r < count; r++) numbers[r] = buffer[r * columns + c];
            if (!is_native) store_run(address, column, count, step, a->dtype);
        }
        buffer += count * columns;
        row += count;
    }
}

/* ---- any block ---- */

FL_LINKED void gather_block(const array_view *a, ptrdiff_t start, ptrdiff_t n, real *buffer)
{
    run_iterator run;
    if (is_by_columns(a, start, n)) {
        const ptrdiff_t columns = a->shape[a->dimensions - 1];
        gather_by_columns(a, start / columns, (start + n) / columns, buffer);
        return;
    }
    for (first_run(&run, a, start, n); run.left > 0; next_run(&run, a)) {
        load_run(buffer, run.address, run.count, run.step, a->dtype);
        buffer += run.count;
    }
}

FL_LINKED void scatter_block(const array_view *a, ptrdiff_t start, ptrdiff_t n, const real *buffer)
{
    run_iterator run;
    if (is_by_columns(a, start, n)) {
        const ptrdiff_t columns = a->shape[a->dimensions - 1];
        scatter_by_columns(a, start / columns, (start + n) / columns, buffer);
        return;
    }
    for (first_run(&run, a, start, n); run.left > 0; next_run(&run, a)) {
        store_run(run.address, buffer, run.count, run.step, a->dtype);
        buffer += run.count;
    }
}

FL_LINKED const uint16_t *halves_of(const array_view *a, ptrdiff_t start, ptrdiff_t n)
{
    run_iterator run;
    if (a->dtype != FL_FLOAT16 && a->dtype != FL_BFLOAT16) return NULL;
    if (a->stride[a->dimensions - 1] != (ptrdiff_t)sizeof(uint16_t)) return NULL;
    first_run(&run, a, start, n);
    return run.count == n ? (const uint16_t *)run.address : NULL;
}

FL_LINKED real widen_block(const uint16_t *h, ptrdiff_t n, real *to, int dtype)
{
    return dtype == FL_FLOAT16 ? widen_run(h, to, n, FL_FLOAT16) : widen_run(h, to, n, FL_BFLOAT16);
}

FL_LINKED void narrow_block(const real *FL_RESTRICT x, ptrdiff_t n, real factor, uint16_t *h, int dtype)
{
    if (dtype == FL_FLOAT16)
        narrow_run(x, h, n, factor, FL_FLOAT16);
    else
        narrow_run(x, h, n, factor, FL_BFLOAT16);
}

FL_LINKED void keep_where(const real *where, const real *x, real *to, ptrdiff_t n)
{
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++) to[i] = from_bits(bits_of(x[i]) & -(xint)(where[i] != R(0.0)));
}

#endif
