"""Write fastloss/__init__.pyi, and that of fastloss.dask: what an editor and a type checker know of the package.

The losses are objects made at import, which static tools can't see through; their signatures are read off here, and
which reductions each takes is asked of it, by the table of losses. tools/regenerate.py runs it with all that is
generated. tests/typing has what type checkers must find right, and wrong, with the stub.
"""

import dataclasses
import inspect
import sys
from pathlib import Path

import numpy as np

import fastloss as fl
from fastloss._loss import Loss

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
from losses import BY_NAME

WIDTH = 120
# Of parameters, by name or by function and name. Others: see type_of.
TYPES = {
    "__contains__.token": "object",
    "__getitem__.chunk": "SupportsIndex",
    "__init__.blank": "SupportsIndex | str",  # where a class means something else by the name
    "__init__.path": "str | PathLike[str]",
    "__init__.separator": "str | None",
    "__init__.tokens": "str | Iterable[str] | Mapping[str, SupportsIndex]",
    "alpha": "_Array | None",
    "ax": "Any",  # of matplotlib, which need not be installed
    "base": "SupportsFloat | None",
    "bias": "_Array | None",
    "class_weight": "_Array | None",
    "ctc_posteriors.infeasible": 'Literal["raise", "zero"]',
    "encode.text": "str | Iterable[str]",
    "ignore_index": "SupportsIndex | None",
    "infeasible": 'Literal["inf", "zero", "raise"]',
    "input_lengths": "_Array | None",
    "merge.other": "LogitsComparison",
    "num_threads": "SupportsIndex | None",
    "out": "_Floats | None",
    "pos_weight": "_Array | None",
    "progress": "Callable[[float], object] | None",
    "prune": "SupportsFloat | None",
    "quantile": "_Array",
    "sample_weight": "_Array | None",
    "seconds_per_frame": "SupportsFloat | None",
    "set_num_threads.num_threads": "SupportsIndex",
    "star": "SupportsIndex | None",
    "target_lengths": "_Array | None",
    "update.target": "_Array | None",
    "where": "_Array | None",
    "words.separator": "str | SupportsIndex | None",
    "words.text": "str | CTCAlphabet | Iterable[str | Iterable[str]] | None",
}
RETURNS = {  # of functions and methods; other methods return an object of their own class
    "__contains__": "bool",
    "__getitem__": "tuple[NDArray[np.float32], NDArray[np.int32]]",
    "__init__": "None",
    "__iter__": "Iterator[tuple[NDArray[np.float32], NDArray[np.int32]]]",
    "__len__": "int",
    "accuracy": "float",
    "as_dict": "dict[str, Any]",
    "ctc_align": "CTCAlignment",
    "ctc_decode": "list[Any]",  # of CTCHypothesis; for a batch of such lists
    "ctc_posteriors": "_Floats",
    "ctc_prefix_score": "CTCPrefixState",
    "ctc_score": "NDArray[np.float64]",
    "decode": "str",
    "decode_path": "str",
    "encode": "list[int]",
    "get_num_threads": "int",
    "label_scores": "LabelScores",
    "logsumexp": "_Floats",
    "merge": "None",
    "perplexity": "float",
    "plot": "Any",
    "set_num_threads": "None",
    "show_config": "dict[str, Any]",
    "summary": "ComparisonSummary",
    "update": "None",
    "words": "list[Any]",  # of CTCWord; for a batch of such lists
}
ATTRIBUTES = {  # of classes, by name or by class and name
    "LlamaCppLogits.tokens": "NDArray[np.int32]",
    "LogitsComparison.tokens": "int",
    "best": "NDArray[np.int64]",
    "blank": "int",
    "change_median": "float | None",
    "entropy": "_Floats",
    "first": "int",
    "frames": "NDArray[np.int64]",
    "kl_median": "float",
    "labels": "NDArray[np.int64]",
    "log_prob": "_Floats",
    "n_chunk": "int",
    "n_ctx": "int",
    "n_vocab": "int",
    "path": "NDArray[np.int64]",
    "rank": "NDArray[np.int64]",
    "score": "NDArray[np.float64] | Any",  # of one sequence a number
    "separator": "str | None",
    "starts": "NDArray[np.int64]",
    "ends": "NDArray[np.int64]",
    "tokens": "tuple[str, ...]",
}  # other arrays are NDArray[np.float64]
REQUIRED = ('Literal["none"]', "_Tensor", "tuple[_Tensor, _Tensor]")  # types that no default is of
VERBS = ("__call__", "grad", "value_and_grad", "grad_and_hess")
HEAD = '''"""Written by tools/codegen/make_stub.py from the signatures of the package; not edited by hand."""

# fmt: off
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal, Protocol, SupportsFloat, SupportsIndex, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

class _SupportsDLPack(Protocol):
    def __dlpack__(self) -> Any: ...

class _IsTensor(Protocol):
    def data_ptr(self) -> int: ...

_Array: TypeAlias = ArrayLike | _SupportsDLPack
_Floats: TypeAlias = NDArray[np.floating[Any]]
_Float = TypeVar("_Float", bound=np.floating[Any])
_Tensor = TypeVar("_Tensor", bound=_IsTensor)

class _Loss:
    __name__: str
    @property
    def family(self) -> Literal["elementwise", "rowwise", "ctc", "linear"]: ...
    @property
    def has_curvature(self) -> bool: ...
'''
DASK_HEAD = '''"""Written by tools/codegen/make_stub.py from the signatures of the package; not edited by hand."""

# fmt: off
from typing import Literal, SupportsFloat, SupportsIndex, TypeAlias

import numpy as np
from dask.array import Array as _Lazy
from numpy.typing import ArrayLike

_Array: TypeAlias = _Lazy | ArrayLike

class _Loss:
    __name__: str
    family: Literal["elementwise", "rowwise", "ctc"]
    has_curvature: bool
'''
DASK_NORMALIZATION = ["scores: _Array", "*", "axis: SupportsIndex = -1", "num_threads: SupportsIndex | None = 1"]


def type_of(parameter, function):
    """By the tables, else by the default: integers and floats may be NumPy's own, and what has no default is read as
    an array."""
    known = TYPES.get(f"{function}.{parameter.name}") or TYPES.get(parameter.name)
    if known:
        return known
    kinds = {bool: "bool | np.bool_", int: "SupportsIndex", float: "SupportsFloat"}
    return "_Array" if parameter.default is parameter.empty else kinds[type(parameter.default)]


def parameters(function, owner, types=()):
    """Those of a callable, as text. `types` has the types of some: by name, None for the first."""
    types, shown, keyword_only = dict(types), [], False
    for place, parameter in enumerate(inspect.signature(function).parameters.values()):
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            shown.append("*")
            keyword_only = True
        kind = types.get(parameter.name if place else None) or type_of(parameter, owner)
        is_required = parameter.default is parameter.empty or kind in REQUIRED
        is_required |= parameter.default is None and kind == "_Array"
        default = "" if is_required else f" = {parameter.default!r}".replace("'", '"')
        shown.append(f"{parameter.name}: {kind}{default}")
    return shown


def definition(name, shown, returns, indent="", is_overload=False):
    """One def, on as many lines as it needs."""
    head = f"{indent}@overload\n" * is_overload
    line = f"{indent}def {name}({', '.join(shown)}) -> {returns}: ..."
    if len(line) <= WIDTH:
        return f"{head}{line}\n"
    return f"{head}{indent}def {name}(\n{filled(shown, indent)}\n{indent}) -> {returns}: ...\n"


def filled(parts, indent=""):
    """Parts of a list, as many in a line as there is room for."""
    lines = [f"{indent}    "]
    for part in parts:
        if len(lines[-1]) + len(part) + 1 > WIDTH:
            lines.append(f"{indent}    ")
        lines[-1] += f"{part}, "
    return "\n".join(map(str.rstrip, lines))


def pair(kind):
    return f"tuple[{kind}, {kind}]"


def result(verb, value, grad):
    return {"grad": grad, "value_and_grad": f"tuple[{value}, {grad}]", "grad_and_hess": pair(grad)}[verb]


def values_of(reductions, verb):
    """(type of the reduction, type of the value) of each overload."""
    every, reduced = (", ".join(f'"{name}"' for name in reductions if name != left_out) for left_out in ("", "none"))
    if verb in ("grad", "grad_and_hess"):
        return [(f"Literal[{every}]", None)]
    return [(f"Literal[{reduced}]", "float"), *([('Literal["none"]', "_Floats")] if "none" in reductions else [])]


def overloads(loss, verb):
    """(types of parameters, type of the result) of each overload: the result follows the reduction, and a gradient has
    the float type of the first argument where that is known; or it is the tensor that is given for it."""
    values = values_of(BY_NAME[loss.__name__].reductions, verb)
    if verb == "__call__":
        return [({"reduction": reduction}, value) for reduction, value in values]
    found = []
    for reduction, value in values:
        for first, grad in (("NDArray[_Float]", "NDArray[_Float]"), (None, "_Floats")):
            out = pair(f"{grad} | None") if verb == "grad_and_hess" else grad
            found.append(({None: first, "reduction": reduction, "out": f"{out} | None"}, result(verb, value, grad)))
        out = pair("_Tensor") if verb == "grad_and_hess" else "_Tensor"
        found.append(({"reduction": reduction, "out": out}, result(verb, value, "_Tensor")))
    return found


def overloads_of_linear(verb):
    """The same of a linear layer's loss, whose gradients are as many as it has arrays."""
    values = values_of(BY_NAME["cross_entropy"].reductions, verb)
    if verb == "__call__":
        return [({"reduction": reduction}, value) for reduction, value in values]
    found = []
    for reduction, value in values:
        for bias, count in (("None", 2), ("_Array", 3)):
            grads, out = (f"tuple[{', '.join([kind] * count)}]" for kind in ("_Floats", "_Floats | None"))
            returns = grads if verb == "grad" else f"tuple[{value}, {grads}]"
            found.append(({"bias": bias, "reduction": reduction, "out": f"{out} | None"}, returns))
    return found


def of_loss(name, loss):
    parts = [f"\nclass _{name}(_Loss):\n"]
    for verb in VERBS:
        if verb == "grad_and_hess" and not loss.has_curvature:
            continue
        method = loss if verb == "__call__" else getattr(loss, verb)
        found = overloads_of_linear(verb) if loss.family == "linear" else overloads(loss, verb)
        for types, returns in found:
            shown = ["self", *parameters(method, name, types)]
            parts.append(definition(verb, shown, returns, "    ", len(found) > 1))
    return "".join([*parts, f"\n{name}: _{name}\n"])


def fields(kind):
    """The decorator and the fields of a dataclass."""
    options = {name: getattr(kind.__dataclass_params__, name) for name in ("frozen", "eq", "repr")}
    changed = [f"{name}={value}" for name, value in options.items() if value != (name != "frozen")]
    changed += ["slots=True"] if "__slots__" in vars(kind) else []
    lines = [f"    {field.name}: {type_of_field(field)}\n" for field in dataclasses.fields(kind)]
    return f"@dataclass({', '.join(changed)})\n", "".join(lines)


def type_of_field(field):
    if field.type is np.ndarray:
        return ATTRIBUTES.get(field.name, "NDArray[np.float64]")
    default = "" if field.default is dataclasses.MISSING else f" = {field.default!r}"
    return inspect.formatannotation(field.type) + default


def of_class(kind):
    """The fields, read-only attributes and methods of a class, as its docstring has them."""
    decorator, body = fields(kind) if dataclasses.is_dataclass(kind) else ("", "")
    parts = [f"\n{decorator}class {kind.__name__}:\n{body}"]
    special = {"__contains__", "__getitem__", "__iter__", "__len__"} | (set() if decorator else {"__init__"})
    own = {key: member for key, member in vars(kind).items() if key in special or not key.startswith("_")}
    for key in sorted(key for key, member in own.items() if isinstance(member, property)):
        kind_of_key = ATTRIBUTES.get(f"{kind.__name__}.{key}") or ATTRIBUTES.get(key, "NDArray[np.float64]")
        parts.append(f"    @property\n    def {key}(self) -> {kind_of_key}: ...\n")
    for key, member in own.items():
        if inspect.isfunction(member):
            _, *shown = parameters(member, key)
            parts.append(definition(key, ["self", *shown], RETURNS.get(key, kind.__name__), "    "))
    return "".join(parts)


def of_function(name, function):
    if "out" not in inspect.signature(function).parameters:
        return "\n" + definition(name, parameters(function, name), RETURNS[name])
    found = [({"out": "_Floats | None"}, "_Floats"), ({"out": "_Tensor"}, "_Tensor")]
    if name not in RETURNS:  # the float type of the first argument
        found.insert(0, ({None: "NDArray[_Float]", "out": "NDArray[_Float] | None"}, "NDArray[_Float]"))
    parts = [definition(name, parameters(function, name, types), out, is_overload=True) for types, out in found]
    return "\n" + "".join(parts)


def dask_stub():
    """fastloss/dask/__init__.pyi, without Dask: its losses have the signatures of fastloss's."""
    listed = filled(f'"{name}"' for name in dask_names())
    parts = [DASK_HEAD, f"\n__all__ = [\n{listed}\n]\n"]
    for name in dask_names():
        value = getattr(fl, name)
        if name not in BY_NAME:
            parts.append("\n" + definition(name, DASK_NORMALIZATION, "_Lazy"))
            continue
        every = ", ".join(f'"{reduction}"' for reduction in BY_NAME[name].reductions)
        named = {"reduction": f"Literal[{every}]"}
        shown = ["self", *parameters(with_dask_signature(value), name, named)]
        parts.append(f"\nclass _{name}(_Loss):\n")
        for verb, results in zip(VERBS, (1, 1, 2, 2), strict=True):
            if verb != "grad_and_hess" or value.has_curvature:
                parts.append(definition(verb, shown, "_Lazy" if results == 1 else pair("_Lazy"), "    "))
        parts.append(f"\n{name}: _{name}\n")
    return "".join(parts)


def dask_names():
    losses = [name for name in fl.__all__ if name in BY_NAME]
    return sorted([*losses, "log_softmax", "logsumexp", "softmax"])


def with_dask_signature(loss):
    """A function with the parameters that the loss has in fastloss.dask."""

    def function():
        pass

    kept = [p for p in inspect.signature(loss).parameters.values() if p.name not in ("num_threads", "progress")]
    threads = inspect.Parameter("num_threads", inspect.Parameter.KEYWORD_ONLY, default=1)
    function.__signature__ = inspect.Signature([*kept, threads])
    return function


def stub():
    listed = filled(f'"{name}"' for name in fl.__all__)
    parts = [HEAD, f"\n__version__: str\n\n__all__ = [\n{listed}\n]\n"]
    for name in fl.__all__:
        value = getattr(fl, name)
        if isinstance(value, Loss):
            parts.append(of_loss(name, value))
        elif inspect.isclass(value):
            parts.append(of_class(value))
        elif callable(value):
            parts.append(of_function(name, value))
    return "".join(parts)


if __name__ == "__main__":
    folder = Path(fl.__file__).parent
    (folder / "__init__.pyi").write_text(stub())
    (folder / "dask" / "__init__.pyi").write_text(dask_stub())
