"""Calls of functions of rows: row_calls.pxi fills them in. Included where row_tile is known."""

cdef extern from "rowwise/row_loss.h" nogil:
    ctypedef struct label_options:
        double number[2]
    ctypedef void (*label_loss)(row_tile*, label_options) noexcept nogil
    enum:
        PART_CLASSES "FL_ROW_BLOCK"
    enum:
        SOFTMAX
        LOG_SOFTMAX
        LOGSUMEXP
    enum:
        FL_FORWARD
        FL_REVERSE
        FL_JENSEN_SHANNON

ctypedef struct Scores:     # rows of class scores as a loss sees them
    array_view x
    Py_ssize_t rows
    Py_ssize_t classes
    double inverse_temperature

ctypedef struct RowState:   # of a row whose scores come a part of its classes at a time; see row_parts.pxi
    double rest
    double excluded         # the label's own term, once its class has come
    double peak
    double score            # of the label

ctypedef struct LabelJob:
    Scores scores           # of all classes, or of a part of them
    Outputs out
    label_loss loss
    label_options options
    const int64_t* labels
    const double* weights   # one a row, or NULL
    int64_t ignore_index
    RowState* states        # one a row where the scores are a part, to which they are added; else NULL
    int64_t first_class     # of the scores
    # Set by the plan.
    Py_ssize_t tile_rows
    Py_ssize_t chunk_rows
    bint streamed           # whether the derivatives bypass the caches

ctypedef struct TargetJob:
    Scores scores
    array_view target           # probabilities; or none, and the target is 1 at the label
    Outputs out
    const int64_t* labels       # or NULL
    const void* class_weight    # of the kernel's type, or NULL
    const double* weights       # one a row, or NULL
    int64_t ignore_index
    double smoothing
    Py_ssize_t chunk_rows       # set by the plan

ctypedef struct NllJob:
    array_view log_probs
    Outputs out
    const int64_t* labels
    const double* weights       # one a row, or NULL
    int64_t ignore_index
    Py_ssize_t rows
    Py_ssize_t classes

ctypedef struct NormalJob:
    Scores scores
    array_view out
    int what                # SOFTMAX and so on
    # Set by the plan.
    bint streamed           # whether the result bypasses the caches
    Py_ssize_t chunk_rows

ctypedef struct LabelScoresJob:
    Scores scores           # not tempered
    const int64_t* labels
    int64_t ignore_index
    void* log_prob          # of the kernel's type, as the entropy; all four have one number a row
    void* entropy
    int64_t* rank
    int64_t* best
    Py_ssize_t chunk_rows   # set by the plan

ctypedef struct PairJob:
    Scores scores           # x: of the entropy; of the prediction q
    array_view target       # of the true distribution p; or none, and it is the entropy that is wanted
    int kind
    double beta             # the share of p in a mixture
    Outputs out
    const double* weights   # one a row, or NULL
    # Set by the plan.
    Py_ssize_t chunk_rows
    bint streamed           # whether the gradient bypasses the caches

cdef enum:                  # what a comparison finds of a row, as bits
    ROW_COUNTS = 1
    ROW_AGREES = 2          # the best class is the same in both

ctypedef struct ComparisonJob:
    Scores scores           # x: of the model
    array_view target       # y: of the reference
    const int64_t* labels   # one a row, or NULL
    int64_t ignore_index
    # What is found of each row; the last two only where there are labels.
    uint8_t* found          # bits of the above
    double* divergence
    double* cost            # -log of the label's probability, in the model
    double* target_cost     # and in the reference
    # Set by the plan.
    Py_ssize_t chunk_rows
    label_loss loss         # cross-entropy
