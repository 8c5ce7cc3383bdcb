"""Cross-entropy of a linear layer by blocks of rows, whose logits fit a bounded memory.

For each block: the logits, a product of NumPy's; their losses, and the gradient with respect to them, which the kernels
of cross_entropy write over them; and from that the block's part of each gradient, two products more. So the time is
that of the products, and the logits of all rows never exist at once.

Without gradients a block's logits are computed a part of the classes at a time, where the kernel takes that: parts stay
in the cache, and a block can have more rows.
"""

import numpy as np

from fastloss import _validation as check
from fastloss._loss import Evaluation, Outputs
from fastloss._matrices import Matrix, parts_of
from fastloss._partial import Part, joined
from fastloss._pieces import PIECE, copy_to
from fastloss._reduction import NOTHING, scaled_to_one
from fastloss._threads import nothing_to_compute

_NAMES = ("inputs", "weight", "bias")

# Products of more rows are no faster, and fresh memory costs: the system may have to gather large pages for it. So with
# the default of max_bytes half of it is used where rows are long, and of more than that half.
_MOST_ROWS, _MOST_BYTES = 1024, 1 << 27

# The same of logits that come in parts: they stay in the cache, and half types are widened once for more rows.
_MOST_ROWS_OF_PARTS, _PART_BYTES = 2048, 1 << 24

# Of max_bytes, so much at most is for pieces of the weight and of its gradient: the more logits there are at once, the
# fewer passes over both. A piece of 4 MiB is read again from the cache.
_SHARE_OF_PIECES, _LARGEST_PIECE = 16, 1 << 22


def check_shapes(inputs, weight, bias, names=_NAMES):
    """Of a layer's arrays, by their shapes and names; `bias` may be None."""
    if not inputs:
        raise ValueError(f"{names[0]} has no axis of features: its shape is ()")
    if len(weight) != 2 or weight[1] != inputs[-1]:
        fits = len(weight) == 2 and weight[0] == inputs[-1]
        raise ValueError(
            f"{names[1]} has shape {weight}; for {names[0]} of shape {inputs} it must have shape "
            f"(classes, {inputs[-1]}){f'; {names[1]}.T would fit' if fits else ''}"
        )
    if bias is not None and bias != weight[:1]:
        raise ValueError(f"{names[2]} has shape {bias}; expected {weight[:1]}, a number for each class")


class LinearEvaluation(Evaluation):
    """Of `terms`, a CrossEntropy of logits that are products. The kernels see a block of them at a time.

    The gradients, one for each operand (inputs, weight and, where there is one, bias), are one derivative: a tuple, in
    which None takes the place of one that is not wanted.
    """

    def __init__(self, operands, terms, max_bytes):
        rows = terms.rows
        self.weights, self.weight_unit = scaled_to_one(terms.weights)
        super().__init__(
            None, (), rows.array, rows.dtype, rows.shape, rows.dtype, terms.reduction.code, terms.denominator, ()
        )  # fmt: skip
        self.terms = terms
        self.max_bytes = max_bytes
        self.operands = operands
        self.wanted = [True] * len(operands)
        self.inputs, self.weight = (Matrix(array, rows.dtype) for array in operands[:2])
        self.bias = check.as_float(operands[2], rows.dtype) if len(operands) == 3 else None
        soft = terms.has_distributions
        self.distributions = Matrix(terms.target, terms.target.dtype) if soft else None
        self.labels = None if soft else terms.target.reshape(-1)
        self.counts = terms.counts()
        self.kept = None if self.counts is None else np.flatnonzero(self.counts)
        rows_that_count = self.inputs.rows if self.kept is None else len(self.kept)
        self.count = rows_that_count if self.prediction.size else 0  # without classes there is nothing to compute

    def gradient_dtype(self, index):
        """That of the inputs is of their own float type. The others are sums over all rows, which a half type does not
        hold: of one they are float32."""
        array = self.operands[index]
        code = check.number_code(array, _NAMES[index])
        return np.dtype(np.float32) if index and code in check.HALVES else check.gradient_dtype(array, code)

    def check_outs(self, out, derivatives):
        names = _NAMES[: len(self.operands)]
        out = (None,) * len(names) if out is None else out
        if not isinstance(out, (tuple, list)) or len(out) != len(names):
            raise TypeError(f"out must be a tuple of {len(names)} arrays, for the gradients of {', '.join(names)}")
        for index, (array, operand) in enumerate(zip(out, self.operands, strict=True)):
            if array is None:
                continue
            check.check_out(array, operand.shape, self.gradient_dtype(index), f"out[{index}]")
            for other in range(index):
                if out[other] is not None and np.may_share_memory(array, out[other]):
                    raise ValueError(f"out[{other}] and out[{index}] share memory; each gradient needs its own")
        self.given = out
        return [None] * derivatives

    def array_for(self, out):
        """A tuple of arrays: what was given, or new ones."""
        return tuple(
            self.new_array(index) if array is None and is_wanted else array
            for index, (array, is_wanted) in enumerate(zip(self.given, self.wanted, strict=True))
        )

    def new_array(self, index):
        return np.empty_like(self.operands[index], dtype=self.gradient_dtype(index), subok=False)

    def writable(self, grads):
        """The same, but another array for one that is an operand that is still to be read."""
        read = [*self.operands, self.terms.passed]
        found = []
        for index, grad in enumerate(grads):
            if grad is None:
                found.append(None)
                continue
            others = [array for place, array in enumerate(read) if place or index]
            prediction = grad if index else self.operands[0]  # the inputs of a block are read before it is written
            found.append(np.empty_like(grad) if check.needs_another(grad, prediction, others) else grad)
        return found

    def run(self, outputs):
        """The kernels' sums, added up."""
        memory = _Memory(self, outputs.grad is not None)
        self.terms.check_distributions(outputs.threads)
        given = outputs.grad or ()
        grads = self.writable(given)
        values = None if outputs.values is None else np.zeros(self.count, outputs.values.dtype)
        with np.errstate(all="ignore"):  # infinite and NaN numbers come out as such
            total = self.blocks(values, outputs, memory, _Gradients(self, grads, memory) if grads else None)
        if values is not None:
            self.spread(values, outputs.values)
        for array, written in zip(given, grads, strict=True):
            if written is not array:
                copy_to(array, written)
        return total

    def blocks(self, values, outputs, memory, gradients):
        """All of them, and what none of them writes."""
        parts = []
        for some in parts_of(slice(0, self.count), memory.rows):
            total = self.block(some, values, outputs, memory, gradients)
            parts.append(Part(total, self.denominators, self.rule))
        if gradients is not None:
            gradients.finish()
        if not parts:
            nothing_to_compute()
        return joined(parts).total if parts else NOTHING

    def block(self, some, values, outputs, memory, gradients):
        """The sum of the losses of some of the rows that count."""
        places = some if self.kept is None else self.kept[some]
        x = self.inputs.operand(places, memory.inputs)
        own = Outputs(outputs.want_value, None if values is None else values[some], outputs.scale, outputs.threads)
        target = self.labels[places] if self.distributions is None else self.distributions.rows_at(places)
        weights = None if self.weights is None else self.weights[places]
        states = None if memory.classes == self.weight.rows else self.terms.states(len(x))
        for classes in parts_of(slice(0, self.weight.rows), memory.classes):
            logits = self.logits_of(x, classes, memory)
            own.grad = None if gradients is None else logits
            kernel, arguments = self.terms.call(logits, target, None if states is None else (classes.start, states))
            total = kernel(*arguments, weights, own)
        if gradients is not None:
            gradients.add(logits, x, places)
        return total

    def logits_of(self, x, classes, memory):
        """Of some rows, and of a slice of the classes."""
        width = classes.stop - classes.start
        logits = memory.logits[: len(x) * width].reshape(len(x), width)
        for piece in self.pieces_of_weight(memory, classes):
            columns = slice(piece.start - classes.start, piece.stop - classes.start)
            np.matmul(x, self.weight.operand(piece, memory.weight).T, out=logits[:, columns])
        if self.bias is not None:
            np.add(logits, self.bias[classes], out=logits)
        return logits

    def pieces_of_weight(self, memory, classes):
        """All rows of these classes, unless they have to be copied."""
        return parts_of(classes, max(self.weight.rows, 1) if self.weight.is_direct else memory.piece)

    def copied_of_distributions(self):
        """Bytes of a row that gathering copies."""
        if self.distributions is None or (self.kept is None and self.distributions.view is not None):
            return 0
        return self.distributions.columns * self.distributions.array.itemsize

    def spread(self, values, everywhere):
        """The losses of the rows that count; of the others 0."""
        if self.kept is not None:
            kept, values = values, np.zeros(self.inputs.rows, values.dtype)
            values[self.kept] = kept
        everywhere[...] = values.reshape(everywhere.shape)


class _Memory:
    """How many rows are computed at a time, and the buffers for them."""

    def __init__(self, call, want_grad):
        weight, dtype = call.weight, call.weight.dtype
        copies_inputs = call.kept is not None or not call.inputs.is_direct
        copies_weight = not weight.is_direct
        of_inputs, of_weight = (want_grad and is_wanted for is_wanted in call.wanted[:2])
        in_row = [copies_inputs, of_inputs, of_inputs and copies_weight]  # of the buffers below, those with such rows
        in_piece = [copies_weight, of_weight]
        copied = dtype.itemsize * sum(in_row) * weight.columns + call.copied_of_distributions()
        row = dtype.itemsize * weight.rows + copied
        of_piece = dtype.itemsize * sum(in_piece) * weight.columns
        left = call.max_bytes - (0 if call.bias is None else (1 + 3 * want_grad) * weight.rows * dtype.itemsize)
        if left < row + of_piece:
            raise ValueError(
                f"max_bytes is {call.max_bytes}; one row of {weight.rows} logits needs "
                f"{call.max_bytes - left + row + of_piece}"
            )
        share = min(call.max_bytes // _SHARE_OF_PIECES, _LARGEST_PIECE, left - row)
        self.piece = piece = min(max(share // max(of_piece, 1), 1), weight.rows)
        left -= piece * of_piece
        self.classes = weight.rows
        if not want_grad and call.terms.takes_parts:
            self.classes = _classes_at_once(call, left, copied)
            row = dtype.itemsize * self.classes + copied
        comes_in_parts = self.classes < weight.rows
        most = min(left, max(_MOST_BYTES, call.max_bytes // 2))
        most_rows = _MOST_ROWS_OF_PARTS if comes_in_parts else _MOST_ROWS
        blocks = -(-call.count // min(max(most // max(row, 1), 1), most_rows))
        self.rows = -(-call.count // blocks) if blocks else 1
        self.logits = np.empty(self.rows * self.classes, dtype)
        self.inputs, self.product, self.addend = (
            np.empty((self.rows, weight.columns), dtype) if is_used else None for is_used in in_row
        )
        self.weight, self.weight_product = (
            np.empty((piece, weight.columns), dtype) if is_used else None for is_used in in_piece
        )


def _classes_at_once(call, available, copied):
    """How many classes a part of the logits has, where there is memory for at least one row of all. `copied`: bytes for
    a row beside its logits. As many rows as are worth it come first."""
    size, item, least = call.weight.rows, call.weight.dtype.itemsize, call.terms.part
    rows = max(1, min(call.count, _MOST_ROWS_OF_PARTS, available // (least * item + copied)))
    classes = min(available - rows * copied, _PART_BYTES) // (rows * item)
    return min(size, max(least, classes // least * least))


class _Gradients:
    """The gradients of the operands, to which each block adds its part."""

    def __init__(self, call, arrays, memory):
        self.call = call
        self.memory = memory
        self.inputs, self.weight = (None if array is None else Matrix(array, call.weight.dtype) for array in arrays[:2])
        self.bias = arrays[2] if len(arrays) == 3 else None
        self.bias_sum = None if self.bias is None else np.zeros(call.weight.rows)
        self.is_empty = True

    def add(self, logits, x, places):
        """Of a block: `logits` is the gradient with respect to them, x the inputs. Those are read first, as their
        gradient may be written over them."""
        if self.weight is not None:
            self._add_to_weight(logits, x)
        if self.bias is not None:
            self.bias_sum += logits.sum(axis=0)
        if self.inputs is not None:
            self._write_inputs(logits, places)
        self.is_empty = False

    def _add_to_weight(self, logits, x):
        if self.is_empty and self.weight.is_direct:
            np.matmul(logits.T, x, out=self.weight.view)
            return
        for piece in parts_of(slice(0, self.weight.rows), self.memory.piece):
            product = self.memory.weight_product[: piece.stop - piece.start]
            np.matmul(logits[:, piece].T, x, out=product)
            if self.is_empty:
                self.weight.assign(piece, product)
            else:
                sum_so_far = self.weight.view[piece]
                np.add(sum_so_far, product, out=sum_so_far, casting="same_kind")

    def _write_inputs(self, logits, places):
        is_direct = self.inputs.is_direct and isinstance(places, slice)
        product = self.inputs.view[places] if is_direct else self.memory.product[: len(logits)]
        for piece in self.call.pieces_of_weight(self.memory, slice(0, self.call.weight.rows)):
            part = self.call.weight.operand(piece, self.memory.weight)
            target = self.memory.addend[: len(logits)] if piece.start else product
            np.matmul(logits[:, piece], part, out=target)
            if piece.start:
                np.add(product, target, out=product)
        if not is_direct:
            self.inputs.assign(places, product)

    def finish(self):
        """Writes what no block has."""
        if self.is_empty:
            for matrix in (self.inputs, self.weight):
                if matrix is not None:
                    matrix.array[...] = 0
        elif self.call.kept is not None and self.inputs is not None:
            for places in parts_of(np.flatnonzero(~self.call.counts), PIECE):
                self.inputs.assign(places, 0)
        if self.bias is not None:
            self.bias[...] = self.bias_sum
