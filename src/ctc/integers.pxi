"""Labels and lengths in any of their forms, as int64. Included by calls.pyx, which explains the names."""

cdef extern from "numpy/arrayobject.h":
    object PyArray_View(cnp.ndarray, cnp.PyArray_Descr*, type)


cdef dict modules = {}      # those of the package that were asked for


cdef object module(str name):
    """Of the package, which is complete when there is a call."""
    cdef object found = modules.get(name)
    if found is None:
        found = modules[name] = sys.modules[f"fastloss.{name}"]
    return found


cdef object check():
    return module("_validation")


# ---- arrays ----

cdef cnp.ndarray as_plain(value, str name):
    """A view of what was passed, aligned and of native byte order."""
    if cnp.PyArray_CheckExact(value) and cnp.PyArray_ISBEHAVED_RO(value):
        return value
    return check().as_array(value, name)


cdef cnp.ndarray own_view(cnp.ndarray array):
    """The same numbers in an array of plain type that nobody else has: what the caller's own code, which may run before
    a kernel does, makes of the shape of an array does not reach it."""
    return PyArray_View(array, NULL, cnp.ndarray)


cdef inline bint has_integers(int code) noexcept:
    return FL_INT8 <= code <= FL_UINT64


cdef inline int64_t integer_at(const char* place, int code) noexcept nogil:
    """A number of uint64 beyond int64 comes out below 0."""
    if code == FL_INT64 or code == FL_UINT64:
        return (<const int64_t*> place)[0]
    if code == FL_INT32:
        return (<const int32_t*> place)[0]
    if code == FL_UINT32:
        return (<const uint32_t*> place)[0]
    if code == FL_INT16:
        return (<const int16_t*> place)[0]
    if code == FL_UINT16:
        return (<const uint16_t*> place)[0]
    if code == FL_INT8:
        return (<const int8_t*> place)[0]
    if code == FL_UINT8:
        return (<const uint8_t*> place)[0]
    return place[0] != 0


cdef void copy_labels(int64_t* to, const char* place, Py_ssize_t count, Py_ssize_t stride, int code) noexcept nogil:
    """One beyond int64 becomes the largest, which is no label either."""
    cdef Py_ssize_t i
    for i in range(count):
        to[i] = integer_at(place + i * stride, code)
    if code == FL_UINT64:
        for i in range(count):
            to[i] = INT64_MAX if to[i] < 0 else to[i]


# ---- Python's own numbers ----

cdef tuple items_of(value):
    """A list or tuple as a tuple, which nobody can change; None for anything else."""
    if type(value) is list:
        return PyList_AsTuple(value)
    return value if type(value) is tuple else None


cdef Py_ssize_t copy_ints(int64_t* to, tuple items) except -1:
    """How many of the items, from the first on, are ints of Python's that fit int64: these are copied."""
    cdef int overflow = 0
    cdef Py_ssize_t i, count = len(items)
    for i in range(count):
        if not PyLong_CheckExact(items[i]):
            return i
        to[i] = PyLong_AsLongLongAndOverflow(items[i], &overflow)
        if overflow:
            return i
    return count


cdef int64_t as_int64(value, str name) except? -1:
    cdef int overflow = 1
    cdef int64_t number = 0
    if PyLong_CheckExact(value):
        number = PyLong_AsLongLongAndOverflow(value, &overflow)
    return check().as_integer(value, name) if overflow else number


cdef cnp.ndarray array_of_ints(value):
    """Of an int, or of a list of them; None for anything else."""
    cdef tuple items = (value,) if PyLong_CheckExact(value) else items_of(value)
    cdef cnp.npy_intp count
    cdef cnp.ndarray array
    if items is None or not len(items):
        return None
    count = len(items)
    array = cnp.PyArray_EMPTY(1, &count, cnp.NPY_INT64, 0)
    return array if copy_ints(<int64_t*> cnp.PyArray_DATA(array), items) == count else None


# ---- lengths ----

cdef int read_lengths(int64_t* length, Py_ssize_t batch, value, str name, str what, const uint8_t* unused,
                      Emissions emissions) except -1:
    """Lengths of the sequences, each within the room there is, which `length` holds before. Those of sequences that are
    not used are 0."""
    cdef cnp.ndarray array = array_of_ints(value) if batch == 1 or type(value) is not int else None
    cdef Py_ssize_t n, stride
    cdef int64_t found
    cdef object number
    cdef int code
    if array is None:
        array = as_plain(value, name)
    code = dtype_code(array)
    if not has_integers(code) and cnp.PyArray_SIZE(array):
        raise TypeError(module("_hints").not_integers(own_view(array), name, "lengths",
                                                      f"expected how many {what} count"))
    if not (cnp.PyArray_NDIM(array) == 1 and cnp.PyArray_DIM(array, 0) == batch
            or cnp.PyArray_NDIM(array) == 0 and batch == 1):
        raise ValueError(f"{name} has shape {shape_of(array)}; expected ({batch},), one length for each sequence"
                         f"{other_layout(emissions, array)}")
    stride = cnp.PyArray_STRIDE(array, 0) if cnp.PyArray_NDIM(array) else 0
    for n in range(batch):
        found = integer_at(cnp.PyArray_BYTES(array) + n * stride, code)
        if unused != NULL and unused[n]:
            found = 0
        if not 0 <= found <= length[n]:
            number = found + 2**64 if code == FL_UINT64 and found < 0 else found
            raise ValueError(f"{name}[{n}] is {number}; expected 0..{length[n]}, the {what} that are there")
        length[n] = found
    return 0


cdef object shape_of(cnp.ndarray array):
    return (<object> array).shape


# ---- labels ----

cdef str numbered(str name, Py_ssize_t index):
    return name if index < 0 else f"{name}[{index}]"


cdef cnp.ndarray label_array(value, str name, Py_ssize_t index=-1, Emissions scores=None, bint is_partly_used=False):
    """Integers, whose range is not checked yet; `scores` are what they are the targets of, `index` is their place in a
    list. Where not all are used, one beyond int64 is no error by itself."""
    cdef cnp.ndarray array = array_of_ints(value) if type(value) is not int else None
    cdef int code
    if array is not None:
        return array
    if isinstance(value, str):
        raise TypeError(f"{numbered(name, index)} is a str; expected labels, as "
                        "fl.CTCAlphabet(...).encode(text) gives")
    if not cnp.PyArray_CheckExact(value) or not cnp.PyArray_ISBEHAVED_RO(value):
        value = check().as_array(value, numbered(name, index))
    array = own_view(value)
    code = dtype_code(array)
    if cnp.PyArray_SIZE(array) and not has_integers(code) and code != FL_BOOL:
        forbid_labels(array, numbered(name, index), scores)
    if code == FL_UINT64 and not is_partly_used:
        check().check_int64(array, numbered(name, index), "a label")
    return array


cdef int forbid_labels(cnp.ndarray array, str name, Emissions scores) except -1:
    """The error about labels of another dtype."""
    if scores is not None:
        check().forbid_swapped(array, name, scores.array)
    remedy = "expected a label"
    if name.startswith("targets"):
        remedy = "leave it out, or say with target_lengths how many labels count"
    text = module("_hints").not_integers(array, name, "labels", remedy)
    if (<object> array).dtype.kind == "U":
        text += ", as fl.CTCAlphabet(...).encode(text) gives them for each text"
    raise TypeError(text)


cdef object sequences_or_labels(value, str name):
    """A tuple of label sequences, from a list of such or from an array of objects, as a column of a table is. Anything
    else is returned for label_array to look at: no tuple, and an array where it had to be made one."""
    cdef cnp.ndarray array
    if isinstance(value, (list, tuple)):
        items = tuple(value)
        return items if not items or has_sequence_first(items[0]) else list(items)
    if isinstance(value, str):
        return value
    array = as_plain(value, name)
    if cnp.PyArray_TYPE(array) == cnp.NPY_OBJECT and cnp.PyArray_NDIM(array) == 1 and cnp.PyArray_SIZE(array):
        items = tuple(own_view(array))
        return items if has_sequence_first(items[0]) else array
    return array


cdef bint has_sequence_first(first) except -1:
    """Whether what begins with this is a list of sequences."""
    if type(first) is list or type(first) is tuple:
        return True
    return not PyLong_CheckExact(first) and np.ndim(first) > 0


# ---- sequences of labels, one after the other ----

cdef class Sequences:
    """Labels in memory of their own; each sequence's length, where it begins, and the frames that it needs."""

    def __dealloc__(self):
        free(self.labels)
        free(self.lengths)


cdef int allocate_sequences(Sequences s, Py_ssize_t count) except -1:
    s.lengths = <int64_t*> allocate(count, 3 * sizeof(int64_t))
    s.offsets = s.lengths + count
    s.frames_needed = s.offsets + count
    s.count = count
    return reserve(s, 8)    # most have as many, and the memory is never NULL


cdef void* allocate(Py_ssize_t count, Py_ssize_t size) except NULL:
    cdef void* memory = NULL
    if count < PY_SSIZE_T_MAX // size - 1:
        memory = malloc((count + 1) * size)
    if memory == NULL:
        raise MemoryError
    return memory


cdef int reserve(Sequences s, Py_ssize_t more) except -1:
    """Room for so many labels more."""
    cdef int64_t* memory = NULL
    cdef Py_ssize_t capacity
    if more <= s.capacity - s.size:
        return 0
    if more < PY_SSIZE_T_MAX // 32 - s.size:
        capacity = max(s.size + more, 2 * s.size)
        memory = <int64_t*> realloc(s.labels, capacity * sizeof(int64_t))
    if memory == NULL:
        raise MemoryError
    s.labels = memory
    s.capacity = capacity
    return 0


cdef int append_labels(Sequences s, const char* place, Py_ssize_t count, Py_ssize_t stride, int code) except -1:
    cdef Py_ssize_t start, n
    reserve(s, count)
    for start from 0 <= start < count by MANY_LABELS:
        n = min(<Py_ssize_t> MANY_LABELS, count - start)
        copy_labels(s.labels + s.size, place + start * stride, n, stride, code)
        s.size += n
        if n == MANY_LABELS:
            PyErr_CheckSignals()
    return 0


cdef bint append_ints(Sequences s, value) except -1:
    """Whether it is a list of ints, which are appended then."""
    cdef tuple items = items_of(value)
    cdef Py_ssize_t count
    if items is None or not len(items):
        return False
    count = len(items)
    reserve(s, count)
    if copy_ints(s.labels + s.size, items) < count:
        return False
    s.size += count
    return True


cdef int read_sequences(Sequences s, tuple values, str name) except -1:
    """All of a list, as they come."""
    cdef Py_ssize_t n, before, place = 0
    cdef cnp.ndarray row, wrong = None
    allocate_sequences(s, len(values))
    for n in range(s.count):
        before = s.size
        if not append_ints(s, values[n]):
            row = label_array(values[n], name, n)
            if cnp.PyArray_NDIM(row) == 1:
                append_labels(s, cnp.PyArray_BYTES(row), cnp.PyArray_SIZE(row), cnp.PyArray_STRIDE(row, 0),
                              dtype_code(row))
            elif wrong is None:     # an error about the dtype of a later one comes first
                wrong, place = row, n
        s.offsets[n] = before
        s.lengths[n] = s.size - before
    if wrong is not None:
        raise ValueError(f"{name}[{place}] has shape {shape_of(wrong)}; expected one sequence of labels")
    return 0


cdef void keep_counted(Sequences s) noexcept:
    """Moves labels together, where sequences have become shorter than what was read."""
    cdef Py_ssize_t n, size = 0
    for n in range(s.count):
        if s.offsets[n] != size:
            memmove(s.labels + size, s.labels + s.offsets[n], s.lengths[n] * sizeof(int64_t))
        s.offsets[n] = size
        size += s.lengths[n]
    s.size = size


cdef int check_labels(Sequences s, str name, Py_ssize_t classes, Py_ssize_t blank, int64_t star) except -1:
    """All of them, where a `star` is legal whatever its value (-1: there is none). Counts the frames that each sequence
    needs: one a label, and one more between equal neighbours."""
    cdef Py_ssize_t n, i
    cdef const int64_t* label
    for n in range(s.count):
        label = s.labels + s.offsets[n]
        s.frames_needed[n] = s.lengths[n]
        for i in range(s.lengths[n]):
            if i % MANY_LABELS == MANY_LABELS - 1:
                PyErr_CheckSignals()
            if (not 0 <= label[i] < classes or label[i] == blank) and (star < 0 or label[i] != star):
                raise ValueError(f"{name}[{n}, {i}] is {label[i]}; expected {expected_label(classes, blank)}")
            if i > 0 and label[i] == label[i - 1]:
                s.frames_needed[n] += 1
    return 0


cdef str expected_label(Py_ssize_t classes, Py_ssize_t blank):
    return f"a label 0..{classes - 1} other than blank={blank}"
