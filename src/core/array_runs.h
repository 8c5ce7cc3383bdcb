/* From an array of any layout and dtype to a buffer, and back: what array.h declares. One source of each instruction set
 * and float type includes it, kernels.pyx. */
#ifndef FASTLOSS_ARRAY_RUNS_H
#define FASTLOSS_ARRAY_RUNS_H

#include "core/array.h"

/* ---- half precision, by bits so that the loops vectorise everywhere ---- */

FL_INLINE float float_of_bits(uint32_t i) { float x; memcpy(&x, &i, 4); return x; }
FL_INLINE uint32_t bits_of_float(float x) { uint32_t i; memcpy(&i, &x, 4); return i; }

FL_INLINE float half_to_float(uint16_t h)
{
    /* Shift exponent and mantissa into place, then multiply by 2^112: that moves the exponent's bias and makes
     * subnormal halves come out normal. The exponent of infinity and NaN is set apart. */
    uint32_t magnitude = (uint32_t)(h & 0x7fff) << 13;
    uint32_t scaled = bits_of_float(float_of_bits(magnitude) * 0x1p112f);
    uint32_t special = magnitude | 0x7f800000u;
    return float_of_bits((magnitude >= 0x0f800000u ? special : scaled) | (uint32_t)(h & 0x8000) << 16);
}

FL_INLINE uint16_t float_to_half(float x)
{
    uint32_t bits = bits_of_float(x), magnitude = bits & 0x7fffffffu;
    /* Normal: rebias and round to even on the 13 bits that are dropped. Subnormal: a float addition rounds. */
    uint32_t normal = (magnitude - (112u << 23) + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
    uint32_t tiny = bits_of_float(float_of_bits(magnitude) + 0.5f) - bits_of_float(0.5f);
    uint32_t h = magnitude < (113u << 23) ? tiny : normal;
    h = magnitude >= 0x477ff000u ? 0x7c00u : h; /* rounds beyond 65504 */
    h = magnitude > 0x7f800000u ? 0x7e00u : h;
    return (uint16_t)(h | (bits >> 16 & 0x8000u));
}

FL_INLINE float bfloat_to_float(uint16_t h) { return float_of_bits((uint32_t)h << 16); }

FL_INLINE uint16_t float_to_bfloat(float x)
{
    uint32_t bits = bits_of_float(x);
    uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? (bits >> 16 | 0x40u) : rounded);
}

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

FL_LINKED void fill_run(real *target, ptrdiff_t n, real value)
{
    for (ptrdiff_t i = 0; i < n; i++) target[i] = value;
}

FL_LINKED void load_run(real *FL_RESTRICT target, const char *source, ptrdiff_t n, ptrdiff_t step, int dtype)
{
    switch (dtype) {
    case FL_FLOAT32: FL_LOAD_RUN(float, FL_SAME); break;
    case FL_FLOAT64: FL_LOAD_RUN(double, FL_SAME); break;
    case FL_FLOAT16: FL_LOAD_RUN(uint16_t, half_to_float); break;
    case FL_BFLOAT16: FL_LOAD_RUN(uint16_t, bfloat_to_float); break;
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

#define FL_STORE_RUN(type, convert)                                                              \
    do {                                                                                         \
        if (step == (ptrdiff_t)sizeof(type)) {                                                   \
            type *FL_RESTRICT run = (type *)target;                                              \
            for (ptrdiff_t i = 0; i < n; i++) run[i] = (type)convert(source[i]);                 \
        } else                                                                                   \
            for (ptrdiff_t i = 0; i < n; i++) *(type *)(target + i * step) = (type)convert(source[i]); \
    } while (0)

FL_LINKED void store_run(char *target, const real *FL_RESTRICT source, ptrdiff_t n, ptrdiff_t step, int dtype)
{
    switch (dtype) {
    case FL_FLOAT32: FL_STORE_RUN(float, FL_SAME); break;
    case FL_FLOAT64: FL_STORE_RUN(double, FL_SAME); break;
    case FL_FLOAT16: FL_STORE_RUN(uint16_t, float_to_half); break;
    case FL_BFLOAT16: FL_STORE_RUN(uint16_t, float_to_bfloat); break;
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
    for (int d = a->dimensions - 1; d >= 0; d--) {
        run->index[d] = start % a->shape[d];
        start /= a->shape[d];
        run->address += run->index[d] * a->stride[d];
    }
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

FL_LINKED void keep_where(const real *where, const real *x, real *to, ptrdiff_t n)
{
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++) to[i] = from_bits(bits_of(x[i]) & -(xint)(where[i] != R(0.0)));
}

#endif
