/* XLA's foreign function interface: as much of it as a handler needs that reads and writes buffers.

The interface is one of C and of fixed layout: structs grow at their ends only, and each says how large its maker knows
it. What is declared here has been the same in all its versions, 0.1 to 0.3. So no header of JAX is needed to build, and
one binary serves all of them; tests/jax/test_interface.py compares with the header of the JAX that is installed. */

#ifndef FASTLOSS_XLA_INTERFACE_H
#define FASTLOSS_XLA_INTERFACE_H

#include <stddef.h>
#include <stdint.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

enum { XLA_MAJOR = 0, XLA_OLDEST_MINOR = 1, XLA_NEWEST_MINOR = 3 }; /* versions of the interface that are known */

enum { XLA_INVALID_ARGUMENT = 3, XLA_UNIMPLEMENTED = 12, XLA_INTERNAL = 13 }; /* codes of errors */
enum { XLA_EXTENSION_METADATA = 1, XLA_STAGE_EXECUTE = 3, XLA_BUFFER = 1, XLA_STRING = 4 };

typedef struct xla_error xla_error;

typedef struct xla_extension {
    size_t struct_size;
    int type;
    struct xla_extension* next;
} xla_extension;

typedef struct xla_version {
    size_t struct_size;
    xla_extension* extensions;
    int major, minor;
} xla_version;

typedef struct xla_metadata {
    size_t struct_size;
    xla_version version;
    uint32_t traits;
} xla_metadata;

typedef struct xla_metadata_extension {
    xla_extension base;
    xla_metadata* metadata;
} xla_metadata_extension;

typedef struct xla_error_args {
    size_t struct_size;
    xla_extension* extensions;
    const char* message; /* copied by XLA */
    int code;
} xla_error_args;

typedef struct xla_api {
    size_t struct_size;
    xla_extension* extensions;
    xla_version version;
    const void* internal;
    xla_error* (*make_error)(xla_error_args*);
} xla_api;

typedef struct xla_buffer {
    size_t struct_size;
    xla_extension* extensions;
    int dtype;
    void* data;
    int64_t rank;
    int64_t* dims;
} xla_buffer;

typedef struct xla_buffers { /* the operands, or the results */
    size_t struct_size;
    xla_extension* extensions;
    int64_t size;
    int* types;
    xla_buffer** buffers;
} xla_buffers;

typedef struct xla_bytes {
    const char* start;
    size_t size;
} xla_bytes;

typedef struct xla_attributes { /* sorted by name */
    size_t struct_size;
    xla_extension* extensions;
    int64_t size;
    int* types;
    xla_bytes** names;
    void** values;
} xla_attributes;

typedef struct xla_call_frame {
    size_t struct_size;
    xla_extension* extensions;
    const xla_api* api;
    void* context;
    int stage;
    xla_buffers operands;
    xla_buffers results;
    xla_attributes attributes;
} xla_call_frame;

static inline xla_error* xla_failure(const xla_call_frame* frame, int code, const char* message)
{
    xla_error_args args = {sizeof args, NULL, message, code};
    return frame->api->make_error(&args);
}

/* XLA's first call of a handler asks for the version that it was made for; there may be no table of functions yet. */
static inline int xla_answers_metadata(const xla_call_frame* frame, int minor)
{
    xla_extension* extension = frame->extensions;
    if (extension == NULL || extension->type != XLA_EXTENSION_METADATA)
        return 0;
    xla_metadata* metadata = ((xla_metadata_extension*)extension)->metadata;
    metadata->version.major = XLA_MAJOR;
    metadata->version.minor = minor;
    metadata->traits = 0;
    return 1;
}

/* Whether a frame is what this file declares: buffers, one string, the stage of execution. */
static inline int xla_is_known(const xla_call_frame* frame)
{
    if (frame->struct_size < sizeof *frame || frame->stage != XLA_STAGE_EXECUTE)
        return 0;
    for (int64_t i = 0; i < frame->operands.size; i++)
        if (frame->operands.types[i] != XLA_BUFFER || frame->operands.buffers[i]->struct_size < sizeof(xla_buffer))
            return 0;
    for (int64_t i = 0; i < frame->results.size; i++)
        if (frame->results.types[i] != XLA_BUFFER || frame->results.buffers[i]->struct_size < sizeof(xla_buffer))
            return 0;
    return frame->attributes.size == 1 && frame->attributes.types[0] == XLA_STRING;
}

/* Large results are new memory, whose first use costs more than the loss: in large pages it costs a fraction. NumPy asks
for these too, from the same size on. */
static inline void xla_use_large_pages(const void* data, size_t bytes)
{
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    uintptr_t page = 4096, start = ((uintptr_t)data + page - 1) & ~(page - 1), end = (uintptr_t)data + bytes;
    if (bytes >= (size_t)1 << 22)
        madvise((void*)start, end - start, MADV_HUGEPAGE);
#else
    (void)data, (void)bytes;
#endif
}

#endif
