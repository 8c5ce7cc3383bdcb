"""What a search finds. Included by decode.pyx, which explains the names."""

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
