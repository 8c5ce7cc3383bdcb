"""What the kernels see of a call of CTC: its arguments, read and checked by calls.pyx. Everything a kernel uses as an
index or a size lies in memory that no caller can reach."""

# A (T, N, C) array of any layout and dtype.
ctypedef struct Rows:
    char* data               # or NULL
    int dtype
    Py_ssize_t stride[3]     # of frame, sequence, class, in bytes
    Py_ssize_t frames
    Py_ssize_t batch
    Py_ssize_t classes

ctypedef struct Batch:
    Rows x
    Py_ssize_t blank
    const int64_t* labels           # all targets, one after the other
    const int64_t* offsets          # where each begins
    const int64_t* target_lengths
    const int64_t* input_lengths
    const uint8_t* feasible         # whether there are frames enough for the target

ctypedef struct LossJob:
    Batch batch
    bint from_logits
    Py_ssize_t count             # of sequences to compute
    const int64_t* order         # these, in the order in which threads take them
    const double* scales         # of each sequence's gradient, or NULL
    Rows grad
    real* posterior              # (T, N, 2S+1) of each state, or NULL
    Py_ssize_t posterior_stride[3]   # in numbers
    double* losses
    uint8_t* saturated           # set where a score was too far below its frame's best for this type's exponents

ctypedef struct ScoreJob:
    LossJob emission             # x as (T, 1, C)
    # The fields of a Tree.
    Py_ssize_t groups
    Py_ssize_t run_count
    const int64_t* run_start     # first slot of each run
    const int64_t* run_stop      # one past its last
    const int64_t* run_parent    # slot of its parent, or -1
    const int64_t* first_run     # of each group of runs: the trees that go to one thread
    const int64_t* label         # of each slot; the blank where there is none
    const uint8_t* repeats       # whether a slot's label equals the label before
    const int64_t* target_slot   # of each target: slot of its last label, or -1
    const int64_t* target_blank  # of the blank after it
    const int64_t* first_target  # of each group
    double* scores               # of each target
    uint8_t* saturated           # of each group

ctypedef struct AlignJob:
    Batch batch
    Py_ssize_t count             # of sequences to compute
    const int64_t* order         # these, in the order in which threads take them
    int64_t star                 # a label that matches anything, or -1
    double star_score            # of its emission
    # The fields of a CTCAlignment.
    int64_t* path                # (N, T)
    double* scores               # (N,)
    int64_t* starts              # (N, S), as ends and token_scores
    int64_t* ends
    double* token_scores
    Py_ssize_t longest           # S of these: labels of the longest target

# The fields of a fastloss.ctc.prefix.CTCPrefixState: hypotheses over one recording.
ctypedef struct State:
    Py_ssize_t count
    const int64_t* last         # label of each hypothesis; -1 for the empty prefix
    real* mantissa              # (count, 2, T): N and B
    xint* exponent
    uint8_t* has_nan            # whether a hypothesis met a NaN or +inf
    double* scores
    double* complete

ctypedef struct ExtendJob:
    const real* x               # (C, T) log-probabilities
    Py_ssize_t frames
    Py_ssize_t blank
    State old
    State new
    const int64_t* parent       # which of the old hypotheses each new one continues

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

cdef enum:
    MOST_HYPOTHESES = 0x10000000    # as many as int32 holds with one of the four kinds that decode.pyx has

ctypedef struct DecodeJob:
    Batch batch
    Py_ssize_t count            # of sequences to compute
    const int64_t* order        # these, in the order in which threads take them
    Py_ssize_t beam_width
    Py_ssize_t n_best
    double floor
    Py_ssize_t frame_work       # set by the plan
    Found* found               # (N,)
