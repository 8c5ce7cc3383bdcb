"""Write fastloss/__init__.pyi: what an editor and a type checker show of each verb's arguments.

The losses are objects made at import, which static tools can't see through; their signatures are read off here.
tools/regenerate.py runs it with all that is generated.
"""

import dataclasses
import inspect
from pathlib import Path

import numpy as np

import fastloss as fl
from fastloss._loss import Loss

# Of options whose default does not tell; the others are of its type.
TYPES = {
    "CTCAlphabet.blank": "int | str",  # where a class means something else by the name
    "alpha": "ArrayLike | None",
    "base": "float | None",
    "class_weight": "ArrayLike | None",
    "infeasible": 'Literal["inf", "zero", "raise"]',
    "input_lengths": "ArrayLike | None",
    "num_threads": "int | None",
    "out": "NDArray[Any] | None",
    "pos_weight": "ArrayLike | None",
    "prune": "float | None",
    "sample_weight": "ArrayLike | None",
    "seconds_per_frame": "float | None",
    "star": "int | None",
    "target_lengths": "ArrayLike | None",
}
RETURNS = {
    "__call__": "float | NDArray[Any]",
    "grad": "NDArray[Any]",
    "value_and_grad": "tuple[float | NDArray[Any], NDArray[Any]]",
    "grad_and_hess": "tuple[NDArray[Any], NDArray[Any]]",
}
CONSTRUCTED = ("CTCAlphabet", "CTCWord")  # classes that users call; objects of the others come from functions
METHODS = {  # what they return; others return an object of their own class
    "__init__": "None",
    "__contains__": "bool",
    "__len__": "int",
    "decode": "str",
    "decode_path": "str",
    "encode": "list[int]",
    "words": "list[Any]",  # of CTCWord, or of lists of them
}
ATTRIBUTES = {"blank": "int", "separator": "str | None", "tokens": "tuple[str, ...]"}  # others are arrays
HEAD = '''"""Written by tools/codegen/make_stub.py from the signatures of the package; not edited by hand."""

# fmt: off
from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray

__version__: str
'''


def type_of(default):
    return type(default).__name__ if isinstance(default, (bool, int, float, str)) else "Any"


def parameters(signature, pair_of_outs=False, owner=""):
    shown, keyword_only = [], False
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not keyword_only:
            shown.append("*")
            keyword_only = True
        kind = TYPES.get(f"{owner}.{parameter.name}") or TYPES.get(parameter.name) or type_of(parameter.default)
        if parameter.default is parameter.empty:
            kind = kind.removesuffix(" | None")
        if parameter.name == "out" and pair_of_outs:
            kind = "tuple[NDArray[Any] | None, NDArray[Any] | None] | None"
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}".replace("'", '"')
        shown.append(f"{parameter.name}: {kind}{default}")
    return shown


def definition(name, shown, returns, indent=""):
    """One def, with a line for each parameter."""
    lines = "".join(f"{indent}    {parameter},\n" for parameter in shown)
    return f"{indent}def {name}(\n{lines}{indent}) -> {returns}: ...\n"


def members(kind):
    """The fields, read-only attributes and methods of a class, as its docstring has them."""
    special = {"__contains__", "__len__"} | ({"__init__"} if kind.__name__ in CONSTRUCTED else set())
    own = {key: member for key, member in vars(kind).items() if key in special or not key.startswith("_")}
    parts = []
    if dataclasses.is_dataclass(kind):
        shown = [field for field in dataclasses.fields(kind) if not field.name.startswith("_")]
        parts.extend(f"    {field.name}: {type_of_field(field.type)}\n" for field in shown)
        own = {key: member for key, member in own.items() if key not in kind.__dataclass_fields__}
    for key in sorted(key for key, member in own.items() if isinstance(member, property)):
        parts.append(f"    @property\n    def {key}(self) -> {ATTRIBUTES.get(key, 'NDArray[Any]')}: ...\n")
    for key, member in own.items():
        if inspect.isfunction(member):
            _, *shown = parameters(inspect.signature(member), owner=kind.__name__)
            parts.append(definition(key, ["self", *shown], METHODS.get(key, kind.__name__), "    "))
    return "".join(parts)


def type_of_field(kind):
    return "NDArray[Any]" if kind is np.ndarray else inspect.formatannotation(kind)


def stub():
    parts = [HEAD]
    for name in fl.__all__:
        value = getattr(fl, name)
        if isinstance(value, Loss):
            parts.append(f"\nclass _{name}:\n")
            for verb, returns in RETURNS.items():
                method = value if verb == "__call__" else getattr(value, verb)
                shown = ["self", *parameters(inspect.signature(method), verb == "grad_and_hess")]
                parts.append(definition(verb, shown, returns, "    "))
            parts.append(f"\n{name}: _{name}\n")
        elif inspect.isclass(value):
            parts.append(f"\nclass {name}:\n{members(value)}")
        elif callable(value):
            returns = {"get_num_threads": "int", "set_num_threads": "None", "show_config": "dict[str, Any]"}
            returns |= {"ctc_align": "CTCAlignment", "ctc_prefix_score": "CTCPrefixState"}
            returns |= {"ctc_decode": "list[CTCHypothesis] | list[list[CTCHypothesis]]"}
            shown = parameters(inspect.signature(value))
            if shown:
                parts.append("\n" + definition(name, shown, returns.get(name, "NDArray[Any]")))
            else:
                parts.append(f"\ndef {name}() -> {returns[name]}: ...\n")
    return "".join(parts)


if __name__ == "__main__":
    Path(fl.__file__).with_name("__init__.pyi").write_text(stub())
