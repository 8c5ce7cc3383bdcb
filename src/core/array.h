/* An array as a kernel sees it: any NumPy layout and dtype, read and written a block at a time.
 *
 * The elements are numbered in C order. Contiguous arrays of the kernel's own type are used in place; every
 * other one goes through a small buffer, so no layout or dtype costs a copy of the whole array.
 */
#ifndef FASTLOSS_ARRAY_H
#define FASTLOSS_ARRAY_H

#include "core/half_number.h"
#include "core/vecmath.h"

#define FL_MAX_DIMENSIONS 64

enum { /* dtype_code() of views.pxd gives them */
    FL_FLOAT32, FL_FLOAT64, FL_FLOAT16, FL_BFLOAT16,
    FL_INT8, FL_UINT8, FL_INT16, FL_UINT16, FL_INT32, FL_UINT32, FL_INT64, FL_UINT64,
    FL_BOOL,    /* a byte, true if it is not 0 */
    FL_WEIGHT64 /* a double of which what is not 0 stays so in float */
};
#ifdef FL_REAL64
#define FL_NATIVE FL_FLOAT64
#else
#define FL_NATIVE FL_FLOAT32
#endif

typedef struct {
    char *data; /* NULL: no such array */
    int dtype;
    int dimensions;
    int direct; /* contiguous and of the kernel's type */
    ptrdiff_t shape[FL_MAX_DIMENSIONS];
    ptrdiff_t stride[FL_MAX_DIMENSIONS]; /* in bytes; 0 where broadcast */
} array_view;

/* Neighbouring dimensions that one stride can step through become one. `native` is the dtype of the kernel. */
FL_NOINLINE void view_init(array_view *a, void *data, int dtype, int native, int dimensions,
                           const ptrdiff_t *shape, const ptrdiff_t *stride)
{
    const ptrdiff_t size = native == FL_FLOAT64 ? (ptrdiff_t)sizeof(double) : (ptrdiff_t)sizeof(float);
    int d = 0;
    a->data = (char *)data;
    a->dtype = dtype;
    for (int i = 0; i < dimensions; i++) {
        if (shape[i] == 1) continue;
        if (d && a->stride[d - 1] == shape[i] * stride[i]) {
            a->shape[d - 1] *= shape[i];
            a->stride[d - 1] = stride[i];
        } else {
            a->shape[d] = shape[i];
            a->stride[d++] = stride[i];
        }
    }
    a->dimensions = d;
    a->direct = dtype == native && (d == 0 || (d == 1 && a->stride[0] == size));
    if (d == 0) { /* one element */
        a->dimensions = 1;
        a->shape[0] = 1;
        a->stride[0] = size;
    }
}

/* ---- in array_runs.h, compiled once for each instruction set and float type ---- */

/* One run of equally spaced elements, `step` bytes apart. */
void fill_run(real *target, ptrdiff_t n, real value);
void load_run(real *FL_RESTRICT target, const char *source, ptrdiff_t n, ptrdiff_t step, int dtype);
void store_run(char *target, const real *FL_RESTRICT source, ptrdiff_t n, ptrdiff_t step, int dtype);

/* One element. */
static inline real load_number(const char *source, int dtype)
{
    real x;
    if (dtype == FL_FLOAT32) return (real)*(const float *)source;
    if (dtype == FL_FLOAT64) return (real)*(const double *)source;
    if (dtype == FL_FLOAT16) return (real)single_half(*(const uint16_t *)source);
    if (dtype == FL_BFLOAT16) return (real)bfloat_to_float(*(const uint16_t *)source);
    load_run(&x, source, 1, 1, dtype);
    return x;
}

/* A block, from and to a buffer. */
void gather_block(const array_view *a, ptrdiff_t start, ptrdiff_t n, real *buffer);
void scatter_block(const array_view *a, ptrdiff_t start, ptrdiff_t n, const real *buffer);

/* Where the numbers of a half type lie that are one after the other; NULL of other types, and where they are apart. */
const uint16_t *halves_of(const array_view *a, ptrdiff_t start, ptrdiff_t n);
/* Such numbers to a buffer; returns the largest, NaN passed over, and -inf where there is none. */
real widen_block(const uint16_t *h, ptrdiff_t n, real *to, int dtype);
/* `factor` times each number of a buffer to such a place. */
void narrow_block(const real *FL_RESTRICT x, ptrdiff_t n, real factor, uint16_t *h, int dtype);

/* The numbers where `where` is not 0, and 0 elsewhere. `to` may be the numbers' own place. */
void keep_where(const real *where, const real *x, real *to, ptrdiff_t n);

/* ---- in half_sums.h, compiled once likewise ---- */

/* The peak of halves; returns whether they are all finite and so near to it that exp(x - peak) of none underflows. Where
 * the instruction set has no use for that, it returns 0. */
int find_near_peak(const uint16_t *h, ptrdiff_t n, int dtype, real *peak);
/* Of such halves: the first place of a value; -1 if it is nowhere. */
ptrdiff_t first_half_of(const uint16_t *h, ptrdiff_t n, int dtype, real value);
/* Of such halves: the sum of exp(x - peak) without the excluded one (none where excluded < 0); prefetches as much as
 * for n numbers of type real. */
double exp_near_halves(const uint16_t *h, ptrdiff_t n, int dtype, ptrdiff_t excluded, real peak, const real *ahead);

/* ---- a block: elements start .. start + n in C order ---- */

/* Where the block can be read: in place, or gathered into the buffer. */
static inline const real *read_block(const array_view *a, ptrdiff_t start, ptrdiff_t n, real *buffer)
{
    if (a->direct) return (const real *)a->data + start;
    gather_block(a, start, n, buffer);
    return buffer;
}

/* Where the block is to be computed; store_block() then copies the buffer to the array. */
static inline real *block_destination(const array_view *a, ptrdiff_t start, real *buffer)
{
    return a->direct ? (real *)a->data + start : buffer;
}

/* A block whose halves are widened a piece at a time, where they are needed. */
typedef struct {
    const real *x;          /* the numbers; or NULL, and they are in `halves` */
    const uint16_t *halves;
    int dtype;              /* of the halves */
} number_run;

static inline number_run numbers_at(const real *x) { return (number_run){.x = x}; }

/* The block's numbers where they lie; gathered into the buffer if they are of another type, or apart. */
static inline number_run find_block(const array_view *a, ptrdiff_t start, ptrdiff_t n, real *buffer)
{
    const uint16_t *halves = a->direct ? NULL : halves_of(a, start, n);
    if (halves) return (number_run){.halves = halves, .dtype = a->dtype};
    return numbers_at(read_block(a, start, n, buffer));
}

/* One number of a block. */
static inline real number_of(const number_run *run, ptrdiff_t i)
{
    return run->x ? run->x[i] : load_number((const char *)(run->halves + i), run->dtype);
}

/* What to prefetch for those from the i-th on. */
static inline const real *place_of(const number_run *run, ptrdiff_t i)
{
    return run->x ? run->x + i : (const real *)(const void *)(run->halves + i);
}

/* The same for elements from `start` on; `otherwise` if they are not one after the other. */
static inline const real *place_after(const array_view *a, ptrdiff_t start, const real *otherwise)
{
    const int is_half = a->dtype == FL_FLOAT16 || a->dtype == FL_BFLOAT16;
    if (a->direct) return (const real *)a->data + start;
    if (!is_half || a->dimensions > 1 || a->stride[0] != (ptrdiff_t)sizeof(uint16_t)) return otherwise;
    return (const real *)(const void *)(a->data + start * (ptrdiff_t)sizeof(uint16_t));
}

static inline void store_block(const array_view *a, ptrdiff_t start, ptrdiff_t n, const real *buffer)
{
    if (!a->direct) scatter_block(a, start, n, buffer);
}

/* ---- the element i in C order ---- */

static inline real load_element(const array_view *a, ptrdiff_t i)
{
    real x;
    if (a->dimensions == 1) return load_number(a->data + i * a->stride[0], a->dtype);
    gather_block(a, i, 1, &x);
    return x;
}

static inline void store_element(const array_view *a, ptrdiff_t i, real x)
{
    char *place = a->data + i * a->stride[0];
    if (a->direct)
        ((real *)a->data)[i] = x;
    else if (a->dimensions == 1 && a->dtype == FL_FLOAT16)
        *(uint16_t *)place = half_of_single((float)x);
    else if (a->dimensions == 1 && a->dtype == FL_BFLOAT16)
        *(uint16_t *)place = float_to_bfloat((float)x);
    else
        scatter_block(a, i, 1, &x);
}

#endif
