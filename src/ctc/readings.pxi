"""What a search finds, and what Python gets of it. Included by decode.pyx, which explains the names."""

# A label sequence that was found.
ctypedef struct Reading:
    double score
    Py_ssize_t length
    int64_t* labels
    int64_t* frames

# Of one sequence.
ctypedef struct Found:
    Py_ssize_t count
    Reading* readings
    bint has_memory
    bint is_wrong              # a score is NaN or +inf


cdef bint reserve_readings(Found* found, Py_ssize_t count) noexcept nogil:
    found.readings = <Reading*> calloc(max(<Py_ssize_t> 1, count), sizeof(Reading))
    return found.readings != NULL


cdef bint reserve_reading(Reading* reading, Py_ssize_t length) noexcept nogil:
    reading.length = length
    reading.labels = <int64_t*> calloc(max(<Py_ssize_t> 1, length), 2 * sizeof(int64_t))
    reading.frames = reading.labels + length
    return reading.labels != NULL


cdef bint find_nothing(Found* found) noexcept nogil:
    """Where everything is impossible: no labels, with probability 0."""
    if not (reserve_readings(found, 1) and reserve_reading(&found.readings[0], 0)):
        return False
    found.count = 1
    found.readings[0].score = -HUGE_VAL
    return True


# ---- for Python ----

cdef object array_of(const int64_t* numbers, Py_ssize_t count):
    cdef cnp.npy_intp size = count
    cdef object array = cnp.PyArray_SimpleNew(1, &size, cnp.NPY_INT64)
    memcpy(cnp.PyArray_DATA(array), numbers, count * sizeof(int64_t))
    return array


cdef object results_of(const Found* found):
    """A list of (labels, score, frames), or None where there is a score that is none."""
    cdef Py_ssize_t i
    cdef const Reading* reading
    if not found.has_memory:
        raise MemoryError
    if found.is_wrong:
        return None
    results = []
    for i in range(found.count):
        reading = &found.readings[i]
        results.append((array_of(reading.labels, reading.length), reading.score,
                        array_of(reading.frames, reading.length)))
    return results


cdef void free_found(Found* found, Py_ssize_t size) noexcept:
    cdef Py_ssize_t n, i
    for n in range(size):
        if found[n].readings != NULL:
            for i in range(found[n].count):
                free(found[n].readings[i].labels)
            free(found[n].readings)
    free(found)
