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
    "star": "int | None",
    "target_lengths": "ArrayLike | None",
}
RETURNS = {
    "__call__": "float | NDArray[Any]",
    "grad": "NDArray[Any]",
    "value_and_grad": "tuple[float | NDArray[Any], NDArray[Any]]",
    "grad_and_hess": "tuple[NDArray[Any], NDArray[Any]]",
}
HEAD = '''"""Written by tools/codegen/make_stub.py from the signatures of the package; not edited by hand."""

# fmt: off
from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray

__version__: str
'''


def type_of(default):
    return type(default).__name__ if isinstance(default, (bool, int, float, str)) else "Any"


def parameters(signature, pair_of_outs=False):
    shown, keyword_only = [], False
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not keyword_only:
            shown.append("*")
            keyword_only = True
        kind = TYPES.get(parameter.name) or type_of(parameter.default)
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
        elif dataclasses.is_dataclass(value):
            types = {float: "float", np.ndarray: "NDArray[Any]"}
            fields = "".join(f"    {field.name}: {types[field.type]}\n" for field in dataclasses.fields(value))
            parts.append(f"\nclass {name}:\n{fields}")
        elif inspect.isclass(value):
            parts.append(f"\nclass {name}:\n")
            read_only = sorted(key for key, member in vars(value).items() if isinstance(member, property))
            parts.extend(f"    @property\n    def {key}(self) -> NDArray[Any]: ...\n" for key in read_only)
            for method in ("extend", "select"):
                shown = parameters(inspect.signature(getattr(value, method)))
                parts.append(definition(method, shown, name, "    "))
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
