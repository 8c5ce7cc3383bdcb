"""A call of CTC from its arguments to the kernel. Included by calls.pyx.

    integers.pxi     labels and lengths in any of their forms, as int64
    inputs.pxi       scores, targets and lengths as a batch, checked
    arrays.pxi       arrays of a call, looked at once more where they are used
    bind.pxi         the kernels' jobs
    losses.pxi       losses, gradient and posteriors of a batch: which float type, what the verbs give
    best_paths.pxi   what an alignment gives
    decodings.pxi    what decoding gives
    candidates.pxi   many label sequences for one recording, as a tree
    prefixes.pxi     what extends the hypotheses of a beam search

A small call is mostly its arguments, so reading them makes no Python objects where the arguments are plain: arrays of
NumPy, lists of ints. All other kinds are made plain arrays first (fastloss/_validation.py, fastloss/_foreign.py). What
a kernel uses as an index or a size is copied, once, and checked in the copy: a number's __index__ or another thread may
change what the caller can reach.
"""

include "ctc/integers.pxi"
include "ctc/inputs.pxi"
include "ctc/arrays.pxi"
include "ctc/bind.pxi"
include "ctc/losses.pxi"
include "ctc/best_paths.pxi"
include "ctc/decodings.pxi"
include "ctc/candidates.pxi"
include "ctc/prefixes.pxi"
