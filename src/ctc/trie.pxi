"""The prefixes of a beam search, as a trie. Included by decode.pyx.

A node is the prefix of its parent and a label more. It lives as long as it is a hypothesis of the beam, or one of those
begins with it; so a prefix has one node, by which it is found again.
"""

ctypedef struct Node:
    int32_t parent         # -1 of the empty prefix; NO_NODE of a node that is free
    int32_t label
    int32_t slot           # which hypothesis of the beam it is, or -1
    int32_t first_child    # -1: none; as of the others
    int32_t next           # child of the same parent; or the next free node
    int32_t previous

ctypedef struct Trie:
    Node* nodes
    Py_ssize_t count       # nodes, free ones included
    Py_ssize_t capacity
    int32_t free

cdef enum:
    ROOT = 0
    NO_NODE = -2


cdef bint grow(void** memory, Py_ssize_t count, Py_ssize_t itemsize) noexcept nogil:
    """Room for so many numbers; False if there is no memory for them."""
    cdef void* larger
    if count > PY_SSIZE_T_MAX // itemsize:
        return False
    larger = realloc(memory[0], max(<Py_ssize_t> 1, count) * itemsize)
    if larger == NULL:
        return False
    memory[0] = larger
    return True


cdef inline bint has_room_for_node(Trie* trie) noexcept nogil:
    """Of at most MOST_NODES, as many as an int32 can count."""
    cdef Py_ssize_t capacity
    if trie.free >= 0 or trie.count < trie.capacity:
        return True
    capacity = min(max(<Py_ssize_t> 256, 2 * trie.capacity), <Py_ssize_t> MOST_NODES)
    if trie.count >= capacity or not grow(<void**> &trie.nodes, capacity, sizeof(Node)):
        return False
    trie.capacity = capacity
    return True


cdef int32_t add_node(Trie* trie, int32_t parent, int32_t label) noexcept nogil:
    """A new child; -1 if there is no memory."""
    cdef Node* nodes
    cdef int32_t index = trie.free, sibling = -1
    if not has_room_for_node(trie):
        return -1
    nodes = trie.nodes
    if index >= 0:
        trie.free = nodes[index].next
    else:
        index = <int32_t> trie.count
        trie.count += 1
    if parent >= 0:
        sibling = nodes[parent].first_child
        nodes[parent].first_child = index
    if sibling >= 0:
        nodes[sibling].previous = index
    nodes[index].parent = parent
    nodes[index].label = label
    nodes[index].slot = -1
    nodes[index].first_child = -1
    nodes[index].next = sibling
    nodes[index].previous = -1
    return index


cdef void release_node(Trie* trie, int32_t index) noexcept nogil:
    """Frees a node that is no longer needed, and the prefixes that only it needed. It may be free already, as one of
    those of another."""
    cdef Node* nodes = trie.nodes
    cdef Node* node
    cdef int32_t parent
    while index > ROOT:
        node = &nodes[index]
        parent = node.parent
        if parent == NO_NODE or node.slot >= 0 or node.first_child >= 0:
            break
        if node.previous >= 0:
            nodes[node.previous].next = node.next
        else:
            nodes[parent].first_child = node.next
        if node.next >= 0:
            nodes[node.next].previous = node.previous
        node.parent = NO_NODE
        node.next = trie.free
        trie.free = index
        index = parent


cdef inline void mark_children(const Trie* trie, int32_t parent, int32_t* child_of_label) noexcept nogil:
    """Writes down the children of a node by their label; what is there of others stays."""
    cdef int32_t child = trie.nodes[parent].first_child
    while child >= 0:
        child_of_label[trie.nodes[child].label] = child
        child = trie.nodes[child].next


cdef inline int32_t marked_child(const Trie* trie, int32_t parent, int32_t label,
                                 const int32_t* child_of_label) noexcept nogil:
    """The child with that label, or -1. A mark may be that of another parent, or of a node that was freed."""
    cdef int32_t child = child_of_label[label]
    if trie.nodes[child].parent == parent and trie.nodes[child].label == label:
        return child
    return -1


cdef Py_ssize_t length_of(const Trie* trie, int32_t index) noexcept nogil:
    """Labels of a prefix."""
    cdef Py_ssize_t length = 0
    while index > ROOT:
        index = trie.nodes[index].parent
        length += 1
    return length
