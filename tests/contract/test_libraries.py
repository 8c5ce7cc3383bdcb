"""Columns and arrays of pandas, polars, pyarrow, xarray and the array API: used as NumPy's are; a null is named."""

import array
import datetime
import decimal
import importlib

import numpy as np
import pytest

import fastloss as fl
import fastloss.metrics as fm

X, Y = np.array([1.0, 2.5, 3.0]), np.array([1.5, 0.5, 3.0])
LOGITS, LABELS = np.array([[2.0, 0.0, -1.0], [0.0, 3.0, 0.5]]), np.array([0, 2])


def library(name):
    """Skips without it, and where it is there but does not work with this NumPy."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        pytest.skip(f"{name}, whose objects are passed, can't be imported: {error}")


def pandas_columns(array):
    pd = library("pandas")
    return pd.Series(array) if array.ndim == 1 else pd.DataFrame(array)


def pandas_nullable(array):
    return pandas_columns(array).astype("Float64" if array.dtype.kind == "f" else "Int64")


def pandas_of_arrow(array):
    library("pyarrow")
    return pandas_columns(array).astype("double[pyarrow]" if array.dtype.kind == "f" else "int64[pyarrow]")


def pandas_of_both(array):
    """Tables of a nullable and of other columns."""
    return pandas_columns(array) if array.ndim == 1 else pandas_columns(array).astype({0: "Float64"})


def pandas_categorical(array):
    return library("pandas").Categorical(array) if array.ndim == 1 else array


def polars_columns(array):
    pl = library("polars")
    return pl.Series(array) if array.ndim == 1 else pl.DataFrame(array)


def arrow_columns(array):
    pa = library("pyarrow")
    return pa.array(array) if array.ndim == 1 else pa.table({str(i): column for i, column in enumerate(array.T)})


def arrow_batches(array):
    pa = library("pyarrow")
    if array.ndim == 1:
        return pa.chunked_array([array[:1], array[1:]])
    return pa.record_batch({str(i): column for i, column in enumerate(array.T)})


def arrow_tensor(array):
    return library("pyarrow").Tensor.from_numpy(array)


def xarray_array(array):
    return library("xarray").DataArray(array)


def strict_array(array):
    return library("array_api_strict").asarray(array)


MAKERS = pytest.mark.parametrize(
    "made",
    [
        pandas_columns, pandas_nullable, pandas_of_arrow, pandas_of_both, pandas_categorical, polars_columns,
        arrow_columns, arrow_batches, arrow_tensor, xarray_array, strict_array,
    ],
)  # fmt: skip


@MAKERS
def test_used_as_numpy_arrays_are(made):
    value, grad = fl.mse_loss.value_and_grad(made(X), made(Y), sample_weight=made(Y))
    expected, gradient = fl.mse_loss.value_and_grad(X, Y, sample_weight=Y)
    assert value == expected
    assert type(grad) is np.ndarray
    np.testing.assert_array_equal(grad, gradient)
    value, grad = fl.cross_entropy.value_and_grad(made(LOGITS), made(LABELS))
    expected, gradient = fl.cross_entropy.value_and_grad(LOGITS, LABELS)
    assert value == expected
    np.testing.assert_array_equal(grad, gradient)


@MAKERS
def test_every_verb_reads_them(made):
    x, y = made(X), made(Y)
    assert fl.huber_loss(x, y) == fl.huber_loss(X, Y)
    np.testing.assert_array_equal(fl.huber_loss.grad(x, y), fl.huber_loss.grad(X, Y))
    for found, expected in zip(fl.huber_loss.grad_and_hess(x, y), fl.huber_loss.grad_and_hess(X, Y), strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(fl.softmax(made(LOGITS)), fl.softmax(LOGITS))
    assert fl.kl_divergence_with_logits(made(LOGITS), made(-LOGITS)) == fl.kl_divergence_with_logits(LOGITS, -LOGITS)
    assert fl.nll_loss(made(LOGITS), made(LABELS)) == fl.nll_loss(LOGITS, LABELS)


@pytest.mark.parametrize("made", [memoryview, lambda a: array.array("d", a), lambda a: memoryview(a)[::1], list, tuple])
def test_buffers_of_python(made):
    assert fl.mse_loss(made(X), made(Y)) == fl.mse_loss(X, Y)
    assert fm.mean_squared_error(made(Y), made(X)) == fl.mse_loss(X, Y)


@MAKERS
def test_metrics_of_them(made):
    probs = fl.softmax(LOGITS)
    options = {"labels": [0, 1, 2]}
    assert fm.log_loss(made(LABELS), made(probs), **options) == fm.log_loss(LABELS, probs, **options)
    assert fm.mean_squared_error(made(Y), made(X), sample_weight=made(X)) == fm.mean_squared_error(
        Y, X, sample_weight=X
    )


STRINGS = ["b", "a", "b", "a"]


@pytest.mark.parametrize(
    "made",
    [
        lambda strings: library("pandas").Series(strings),
        lambda strings: library("pandas").Series(strings, dtype="category"),
        lambda strings: library("pandas").array(strings, dtype="string"),
        lambda strings: library("polars").Series(strings),
        lambda strings: library("pyarrow").array(strings),
        lambda strings: library("pyarrow").array(strings).dictionary_encode(),
        lambda strings: library("xarray").DataArray(strings),
    ],
    ids=["pandas", "categories", "string", "polars", "arrow", "dictionary", "xarray"],
)
def test_strings_as_labels(made):
    probs = [0.25, 0.5, 0.75, 0.125]
    assert fm.log_loss(made(STRINGS), probs) == fm.log_loss(STRINGS, probs)


def in_pandas(values, of_arrow=False):
    pd = library("pandas")
    kinds = {float: "Float64", int: "Int64", bool: "boolean"}
    of_arrow_kinds = {float: "double[pyarrow]", int: "int64[pyarrow]", bool: "bool[pyarrow]"}
    if of_arrow:
        library("pyarrow")
    return pd.Series(values, dtype=(of_arrow_kinds if of_arrow else kinds)[type(values[0])])


NULLABLE = {
    "pandas": in_pandas,
    "pandas array": lambda values: in_pandas(values).array,
    "pandas index": lambda values: library("pandas").Index(in_pandas(values)),
    "pandas of arrow": lambda values: in_pandas(values, of_arrow=True),
    "polars": lambda values: library("polars").Series(values),
    "arrow": lambda values: library("pyarrow").array(values),
    "arrow chunks": lambda values: library("pyarrow").chunked_array([values[:1], values[1:]]),
}
TABLES = {
    "pandas": lambda columns: library("pandas").DataFrame(columns, dtype="Float64"),
    "polars": lambda columns: library("polars").DataFrame(columns),
    "arrow": lambda columns: library("pyarrow").table(columns),
    "arrow batch": lambda columns: library("pyarrow").record_batch(columns),
}


@pytest.mark.parametrize("made", NULLABLE.values(), ids=NULLABLE)
def test_a_null_is_named(made):
    """NumPy makes it NaN, and the loss would be NaN; a bool, an object."""
    numbers, whole, flags = made([1.0, None, 3.0]), made([1, None, 2]), made([True, None, False])
    is_null = r"\[1\] is null, and NumPy has no number for it: drop it, or fill it by \.fill"
    for call, name in [
        (lambda: fl.mse_loss(numbers, X), "predictions"),
        (lambda: fl.mse_loss(X, flags), "target"),
        (lambda: fl.mse_loss(X, Y, sample_weight=numbers), "sample_weight"),
        (lambda: fl.mse_loss(X, Y, where=flags), "where"),
        (lambda: fl.cross_entropy(np.zeros((3, 4)), whole), "target"),
        (lambda: fm.mean_squared_error(whole, X), "y_true"),
        (lambda: fm.log_loss(whole, np.full((3, 2), 0.5)), "y_true"),
    ]:
        with pytest.raises(ValueError, match=f"^{name}{is_null}"):
            call()


@pytest.mark.parametrize("made", TABLES.values(), ids=TABLES)
def test_a_null_of_a_table_is_named(made):
    table = made({"a": [1.0, 2.0, None], "b": [1.0, None, 3.0], "c": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match=r"^logits\[1, 1\] is null"):
        fl.cross_entropy(table, [0, 1, 2])


@pytest.mark.parametrize(
    "made",
    [
        lambda: library("pandas").Series([1.0, np.nan, 3.0]),
        lambda: library("polars").Series([1.0, float("nan"), 3.0]),
        lambda: library("pyarrow").array([1.0, float("nan"), 3.0]),
    ],
    ids=["pandas", "polars", "arrow"],
)
def test_nan_is_no_null(made):
    assert np.isnan(fl.mse_loss(made(), X))
    assert fl.mse_loss(made(), X, where=[True, False, True]) == 0


def test_strings_of_pandas_are_not_numbers():
    pd = library("pandas")
    table = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    with pytest.raises(TypeError, match=r"^logits has dtype object; expected float16.*; logits\[0, 1\] is 'x'"):
        fl.cross_entropy(table, [0, 1])


def arrow(values):
    return library("pyarrow").array(values)


DAYS = [datetime.date(2020, 1, 1)] * 3
OTHERS = [  # columns that hold no numbers, and what the text says of them
    (lambda: library("pandas").Series(["1", "2", "3"]), "dtype object; .*\\[0\\] is '1'"),
    (lambda: library("pandas").Series(["1", "2", "3"], dtype="string"), "dtype object; .*\\[0\\] is '1'"),
    (lambda: library("pandas").Series(["a", "b", "a"], dtype="category"), "dtype object; .*\\[0\\] is 'a'"),
    (lambda: library("pandas").Series([1.0, "a", 2.0]), "dtype object; .*\\[1\\] is 'a'"),
    (lambda: library("pandas").Series([1.0, 2, 3], dtype=object), "dtype object; .* numbers, make them .astype"),
    (lambda: library("pandas").Series(library("pandas").to_datetime(DAYS)), "dtype datetime64"),
    (lambda: library("polars").Series(["1", "2", "3"]), "dtype (<U1|object)"),
    (lambda: library("polars").Series(DAYS), "dtype datetime64"),
    (lambda: arrow(["1", "2", "3"]), "dtype object; .*\\[0\\] is '1'"),
    (lambda: arrow([decimal.Decimal("1.5")] * 3), "dtype object; .*\\[0\\] is Decimal"),
    (lambda: arrow(DAYS), "dtype datetime64"),
]


@pytest.mark.parametrize(("made", "text"), OTHERS)
def test_columns_of_other_kinds_are_refused(made, text):
    column = made()
    with pytest.raises(TypeError, match=f"^predictions has {text}"):
        fl.mse_loss(column, X)
    with pytest.raises(TypeError, match=f"^y_true has {text}"):
        fm.mean_squared_error(column, X)


class OnAnotherDevice:
    """An array as CuPy's, which NumPy must not read."""

    shape, ndim, dtype = (3,), 1, "float64"

    def __len__(self):
        return 3

    def __array__(self, *args, **kwargs):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")


def test_arrays_of_another_device_say_so():
    for call, name in (
        (lambda: fl.mse_loss(OnAnotherDevice(), X), "predictions"),
        (lambda: fm.mean_squared_error(OnAnotherDevice(), X), "y_true"),
    ):
        with pytest.raises(TypeError, match=rf"^{name} can't be viewed as an array: .* use `\.get\(\)`"):
            call()


def test_missing_strings():
    pd, pl = library("pandas"), library("polars")
    for labels in (pd.Series(["a", None, "b"]), pd.Series(["a", None, "b"], dtype="category")):
        with pytest.raises(ValueError, match=r"^y_true\[1\] is nan: a label is missing"):
            fm.log_loss(labels, [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match=r"^y_true\[1\] is null"):
        fm.log_loss(pl.Series(["a", None, "b"]), [0.1, 0.2, 0.3])
