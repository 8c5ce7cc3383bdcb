"""The kernels of rows of class scores: cross-entropy and its relatives, softmax, divergences,
comparisons of two models.

Chunks of rows are fixed by the shape alone, and their losses are summed exactly: the bits do not depend on the threads.
All of it is one source, so that what a row and a tile need (row.pxi, tile.pxi) is compiled once.
"""

from libc.string cimport memcpy, memset

from core cimport *
from poll cimport *

include "row.pxi"
include "row_jobs.pxi"
include "row_parts.pxi"
include "scores.pxi"
include "tile.pxi"
include "label_loss.pxi"
include "soft_target.pxi"
include "nll.pxi"
include "softmax.pxi"
include "divergence.pxi"
include "comparison.pxi"
include "label_scores.pxi"
