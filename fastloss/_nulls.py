"""Columns of pandas, polars and pyarrow: where one has a null, which NumPy would make NaN without a word, and tables of
pandas' nullable columns, which it would make objects.

None of the libraries is imported: they are known by what their objects have.
"""

import numpy as np

_FILL = {"pandas": ".fillna", "polars": ".fill_null", "pyarrow": ".fill_null"}


def _library(value):
    return type(value).__module__.partition(".")[0]


def check_no_null(value, name):
    """Raises for the first null. NaN is none: it is a number, and comes out as NaN."""
    library = _library(value)
    if library not in _FILL:
        return
    columns = _columns(value)
    if columns is None:
        place = _first_null(value)
        text = "" if place is None else f"[{place}]"
    else:
        found = [(_first_null(column), number) for number, column in enumerate(columns)]
        place = min((pair for pair in found if pair[0] is not None), default=None)
        text = "" if place is None else f"[{place[0]}, {place[1]}]"
    if place is not None:
        raise ValueError(
            f"{name}{text} is null, and NumPy has no number for it: drop it, or fill it by {_FILL[library]} and leave "
            "it out by where=, a weight of 0 or, of labels, ignore_index"
        )


def _columns(value):
    """Those of a table; None of a column."""
    if hasattr(value, "get_columns"):  # of polars
        return value.get_columns()
    if hasattr(value, "iloc") and value.ndim == 2:  # of pandas
        return [value.iloc[:, number] for number in range(value.shape[1])]
    return value.columns if hasattr(value, "columns") else None  # of pyarrow


def _first_null(column):
    """Its place, or None."""
    if _library(column) == "pandas":
        has_nulls = type(getattr(column.dtype, "na_value", None)).__name__ == "NAType"
        return _first(column.isna()) if has_nulls else None
    count = getattr(column, "null_count", 0)
    return _first(column.is_null()) if (count() if callable(count) else count) else None


def _first(mask):
    mask = np.asarray(mask, dtype=np.bool_)
    return int(mask.argmax()) if mask.any() else None


def as_one_type(value, array):
    """The array that NumPy made of a value; of a table of numbers that it made objects, an array of numbers."""
    if array.dtype.kind != "O" or _library(value) != "pandas" or not hasattr(value, "dtypes") or value.ndim != 2:
        return array
    kinds = [getattr(kind, "numpy_dtype", kind) for kind in value.dtypes]
    if not all(isinstance(kind, np.dtype) and kind.kind in "biuf" for kind in kinds):
        return array
    return value.to_numpy(dtype=np.result_type(*kinds))
