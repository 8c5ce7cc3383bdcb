"""The shape that all losses share: four verbs with honest signatures, types of results, configuration."""

import copy
import inspect
import os
import pickle
import pydoc
import re
import subprocess
import sys

import domains
import numpy as np
import pytest
from losses import BY_NAME, LOSSES

import fastloss as fl
from fastloss import _kernels

VERBS = ("__call__", "grad", "value_and_grad", "grad_and_hess")
every_loss = pytest.mark.parametrize("row", LOSSES, ids=lambda row: row.name)

# What the contract fixes, once: first argument, options with their defaults, and reductions other than the common ones.
ROWS = {"axis": -1}
LABELS = {**ROWS, "ignore_index": -100}
CTC = {"input_lengths": None, "target_lengths": None, "blank": 0, "batch_first": False, "infeasible": "inf"}
CONTRACT = {
    "l1_loss": ("predictions", {}),
    "mse_loss": ("predictions", {}),
    "rmse_loss": ("predictions", {}),
    "huber_loss": ("predictions", {"delta": 1.0}),
    "smooth_l1_loss": ("predictions", {"beta": 1.0}),
    "log_cosh_loss": ("predictions", {}),
    "quantile_loss": ("predictions", {"quantile": 0.5}),
    "poisson_nll_loss": ("log_rate", {"full": False}),
    "binary_cross_entropy": ("probs", {}),
    "binary_cross_entropy_with_logits": ("logits", {"pos_weight": None}),
    "sigmoid_focal_loss": ("logits", {"alpha": 0.25, "gamma": 2.0}),
    "nll_loss": ("log_probs", {**LABELS, "class_weight": None}),
    "cross_entropy": ("logits", {**LABELS, "class_weight": None, "label_smoothing": 0.0}),
    "softmax_focal_loss": ("logits", {**LABELS, "alpha": None, "gamma": 2.0}),
    "categorical_cross_entropy": ("probs", {**ROWS, "include_negatives": False}),
    "entropy": ("probs", {**ROWS, "base": None}),
    "entropy_with_logits": ("logits", {**ROWS, "base": None}),
    "kl_divergence": ("probs", ROWS),
    "kl_divergence_with_logits": ("logits", {**ROWS, "temperature": 1.0, "reverse": False}),
    "js_divergence_with_logits": ("logits", {**ROWS, "temperature": 1.0, "beta": 0.5}),
    "ctc_loss": ("log_probs", CTC),
    "ctc_loss_with_logits": ("logits", CTC),
}
WITHOUT_CURVATURE = [
    *("l1_loss", "rmse_loss", "quantile_loss", "nll_loss", "entropy_with_logits", "kl_divergence_with_logits"),
    *("js_divergence_with_logits", "ctc_loss", "ctc_loss_with_logits"),
]
COMMON = {"sample_weight": None, "where": None, "reduction": "mean"}
VERBS_COMMON = {"num_threads": None, "out": None}
TARGET = {"js_divergence_with_logits": "target_logits"}  # where it is not called target


@pytest.mark.parametrize("name", CONTRACT)
def test_what_the_contract_fixes(name):
    loss, (first, options) = getattr(fl, name), CONTRACT[name]
    parameters = inspect.signature(loss.grad).parameters
    assert next(iter(parameters)) == first
    for option, default in {**options, **COMMON, **VERBS_COMMON}.items():
        assert parameters[option].default == default, option
    assert loss.has_curvature == (name not in WITHOUT_CURVATURE)
    reductions = {"mean", "weighted_mean"} | (set() if name == "rmse_loss" else {"sum", "none"})
    assert {*BY_NAME[name].reductions} == reductions | (set() if loss.family == "elementwise" else {"batchmean"})


@every_loss
def test_signatures(row):
    """The same on every verb: predictions, a target where there is one, then options by keyword."""
    loss = row.loss
    assert loss.__name__ == row.name
    own = dict(inspect.signature(loss).parameters)
    assert row.arguments[1:] == [
        *([TARGET.get(row.name, "target")] if row.targets and row.family != "ctc" else []),
        *(["targets", "input_lengths", "target_lengths"] if row.family == "ctc" else []),
    ]
    assert {**COMMON, "num_threads": None}.items() <= {name: p.default for name, p in own.items()}.items()
    assert ("axis" in own) == (row.family == "rowwise")
    assert ("ignore_index" in own) == row.has_labels
    for verb in VERBS:
        parameters = dict(inspect.signature(loss if verb == "__call__" else getattr(loss, verb)).parameters)
        if verb != "__call__":
            assert parameters.pop("out").default is None
        assert parameters == own
        assert all(p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) for p in parameters.values())
    required = [name for name, p in own.items() if p.default is p.empty]
    assert required == row.arguments[: 1 + bool(row.targets)]


@every_loss
def test_everything_by_keyword_or_by_position(row):
    loss, arguments = row.loss, row.example(np.float32)
    by_name = dict(zip(row.arguments, arguments, strict=False))
    for verb in (loss, loss.grad, loss.value_and_grad):
        np.testing.assert_equal(verb(**by_name), verb(*arguments))
    with pytest.raises(TypeError):
        loss(*arguments, None, None, 0)


@every_loss
def test_documentation(row):
    loss = row.loss
    for verb in (loss, loss.grad, loss.value_and_grad, loss.grad_and_hess):
        assert "Parameters" in inspect.getdoc(verb)
        assert "sample_weight" in inspect.getdoc(verb)
    assert inspect.getdoc(loss).split("\n")[0].endswith(".")
    assert row.name in repr(loss)


@every_loss
def test_help(row):
    """Signature, docstring and verbs, each once."""
    text = pydoc.plain(pydoc.render_doc(row.loss))
    signature = f"{row.name}{inspect.signature(row.loss)}"
    assert "".join(signature.split()) in "".join(text.split())  # from Python 3.13 on it has several lines
    for heading in ("Methods", "Parameters", "Returns", "Raises", "Examples", "References"):
        assert re.findall(rf"^ *{heading}$", text, re.MULTILINE) == [f"    {heading}"]
    listed = re.findall(r"^    (\w+)\(\.\.\., out=None\) : ", text, re.MULTILINE)
    assert listed == [verb for verb in VERBS[1:] if row.loss.has_curvature or verb != "grad_and_hess"]
    assert text.count("num_threads : int") == 1


@every_loss
def test_help_of_a_verb(row):
    """It has the parameters of the loss, and what the verb itself takes and returns."""
    for verb in VERBS[1:]:
        parts = re.split(r"^(\w+)\n-+$", inspect.getdoc(getattr(row.loss, verb)), flags=re.MULTILINE)
        sections = dict(zip(parts[1::2], parts[2::2], strict=True))
        documented = re.findall(r"^([\w, ]+) : ", sections["Parameters"], re.MULTILINE)
        documented = [name for names in documented for name in names.split(", ")]
        assert documented == list(inspect.signature(getattr(row.loss, verb)).parameters)
        assert f"array of the shape of `{row.arguments[0]}`" in sections["Returns"]
        returned = re.findall(r"^(\w+) : ", sections["Returns"], re.MULTILINE)
        assert returned == ([] if verb == "grad" else verb.split("_and_"))


@pytest.mark.parametrize("name", [name for name in fl.__all__ if callable(getattr(fl, name))])
def test_every_public_name_has_an_example(name):
    assert ">>>" in inspect.getdoc(getattr(fl, name))


@every_loss
def test_types_of_the_results(row):
    loss, (x, *targets) = row.loss, row.example(np.float32)
    for reduction in row.reductions:
        if reduction == "none":
            continue
        assert type(loss(x, *targets, reduction=reduction)) is float
        value, grad = loss.value_and_grad(x, *targets, reduction=reduction)
        assert type(value) is float
        assert type(grad) is np.ndarray
        assert (grad.dtype, grad.shape) == (x.dtype, x.shape)
    if row.is_of_all:
        return
    shape = {"elementwise": x.shape, "rowwise": x.shape[:-1], "ctc": x.shape[1:-1]}[row.family]
    for dtype in (np.float32, np.float64, np.float16, np.int16):
        if dtype == np.int16 and row.family != "ctc":  # with a target between 0 and 1 they would be taken for labels
            targets = [np.round(target) for target in targets]
        value = loss(x.astype(dtype), *targets, reduction="none")
        assert type(value) is np.ndarray
        assert value.shape == shape
        assert value.dtype == (np.float32 if dtype in (np.float32, np.float16) else np.float64)


@every_loss
def test_gradient_of_none_is_that_of_the_sum(row):
    if row.is_of_all:
        return
    loss, arguments = row.loss, row.example(np.float32)
    np.testing.assert_array_equal(loss.grad(*arguments, reduction="none"), loss.grad(*arguments, reduction="sum"))
    total = loss(*arguments, reduction="none").astype(np.float64).sum()
    assert loss(*arguments, reduction="sum") == pytest.approx(total, rel=1e-6)


@every_loss
def test_curvature_or_a_clear_refusal(row):
    loss, arguments = row.loss, row.example(np.float32)
    for options in row.options:
        options = domains.with_arrays(options, np.random.default_rng(3), arguments[0].shape[-1])
        if row.has_curvature(options):
            x = arguments[0]
            grad, hess = loss.grad_and_hess(*arguments, **options)
            assert (hess.dtype, hess.shape) == (x.dtype, x.shape)
            np.testing.assert_allclose(grad, loss.grad(*arguments, **options), rtol=1e-6, atol=1e-9)
        else:
            with pytest.raises(TypeError, match=row.name):
                loss.grad_and_hess(*arguments, **options)


@every_loss
def test_docstrings_say_everything(row):
    """A sentence, a formula, parameters with shapes, what is returned and raised, an example, the source."""
    text = inspect.getdoc(row.loss)
    for part in (".. math::", "Parameters\n", "Returns\n", "Raises\n", "Examples\n", ">>> ", "References\n"):
        assert part in text, part
    for argument in (*row.parameters, "out="):
        assert argument in text, argument
    assert all(verb.__doc__ for verb in (row.loss.grad, row.loss.value_and_grad))


@every_loss
def test_losses_can_be_copied_and_pickled(row):
    """They travel to worker processes by name."""
    loss = row.loss
    assert pickle.loads(pickle.dumps(loss)) is loss
    assert copy.deepcopy(loss) is loss


def test_plain_functions():
    for function in (fl.softmax, fl.log_softmax, fl.logsumexp):
        parameters = inspect.signature(function).parameters
        assert parameters["axis"].default == -1
        assert parameters["out"].default is None
        assert "num_threads" in parameters
        assert "Parameters" in function.__doc__


def test_public_names():
    rows = ("softmax", "log_softmax", "logsumexp", "label_scores")
    for name in (*CONTRACT, *rows, "show_config", "set_num_threads", "get_num_threads"):
        assert name in fl.__all__
        assert name in dir(fl)
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", fl.__version__)


def test_show_config(capsys):
    config = fl.show_config()
    text = capsys.readouterr().out + str(config)
    for word in (fl.__version__, "compiler", "openmp", "baseline", _kernels.selected, "thread", fl.get_num_threads()):
        assert str(word).lower() in text.lower()


def test_instruction_set_in_use_is_the_best_of_this_processor():
    """Of those that are built: FASTLOSS_BUILD leaves some of them out."""
    try:
        with open("/proc/cpuinfo") as file:
            flags = set(re.search(r"^flags\s*:(.*)$", file.read(), re.MULTILINE).group(1).split())
    except (OSError, AttributeError):
        pytest.skip("no /proc/cpuinfo with flags here")
    needs = {"baseline": set(), "avx2": {"avx2", "fma", "f16c"}}
    needs["avx512"] = needs["avx2"] | {"avx512f", "avx512dq", "avx512bw", "avx512vl"}
    best = [name for name in needs if needs[name] <= flags and name in _kernels.built()][-1]
    assert _kernels.supported()[-1] == best
    if "FASTLOSS_ISA" not in os.environ:
        assert _kernels.selected == best


def python(code, **environment):
    """A fresh interpreter with more environment variables; None removes one."""
    variables = {**os.environ, **environment}
    variables = {name: value for name, value in variables.items() if value is not None}
    return subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", _kernels.INSTRUCTION_SETS)
def test_forced_instruction_set(name):
    if name not in _kernels.supported():
        run = python("import fastloss", FASTLOSS_ISA=name)
        assert run.returncode != 0
        assert "FASTLOSS_ISA" in run.stderr.splitlines()[-1]
        return
    run = python("import fastloss; from fastloss import _kernels; print(_kernels.selected)", FASTLOSS_ISA=name)
    assert run.stdout.strip() == name, run.stderr


def test_unknown_instruction_set_is_a_clear_error():
    run = python("import fastloss", FASTLOSS_ISA="avx1024")
    last = run.stderr.strip().splitlines()[-1]
    assert run.returncode != 0
    for word in ("ImportError", "FASTLOSS_ISA", "avx1024", "baseline"):
        assert word in last


SHOW_THREADS = "import fastloss; print(fastloss.get_num_threads())"


def test_thread_count_from_the_environment():
    assert python(SHOW_THREADS, FASTLOSS_NUM_THREADS="3").stdout.strip() == "3"
    assert python(SHOW_THREADS, FASTLOSS_NUM_THREADS=None, OMP_NUM_THREADS="1").stdout.strip() == "1"
    assert python(SHOW_THREADS, FASTLOSS_NUM_THREADS=None, OMP_NUM_THREADS="1,4").stdout.strip() == "1"
    many = python(SHOW_THREADS, FASTLOSS_NUM_THREADS=None, OMP_NUM_THREADS="1000").stdout.strip()
    assert 1 <= int(many) <= os.cpu_count()


@pytest.mark.parametrize("text", ["1025", "4294967297", "1" + 30 * "0"])
def test_thread_count_from_the_environment_is_limited_as_that_of_a_call(text):
    code = "import fastloss as fl; fl.mse_loss([1.0] * 9, 0.0); print(fl.get_num_threads())"
    assert python(code, FASTLOSS_NUM_THREADS=text).stdout.strip() == "1024"


@pytest.mark.parametrize("text", ["many", "0", "-3", "1.5"])
def test_wrong_thread_count_in_the_environment(text):
    run = python(SHOW_THREADS, FASTLOSS_NUM_THREADS=text)
    assert run.returncode != 0
    assert "FASTLOSS_NUM_THREADS" in run.stderr.splitlines()[-1]
    assert text in run.stderr.splitlines()[-1]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_default_thread_count_follows_affinity():
    code = f"import os; os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}}); {SHOW_THREADS}"
    assert python(code, FASTLOSS_NUM_THREADS=None, OMP_NUM_THREADS=None).stdout.strip() == "1"


def test_set_num_threads():
    before = fl.get_num_threads()
    try:
        fl.set_num_threads(3)
        assert fl.get_num_threads() == 3
        for wrong, error in ((0, ValueError), (-1, ValueError), ("2", TypeError), (1.5, TypeError), (None, TypeError)):
            with pytest.raises(error, match="num_threads"):
                fl.set_num_threads(wrong)
        assert fl.get_num_threads() == 3
    finally:
        fl.set_num_threads(before)


def test_import_brings_fastloss_alone():
    """Nothing of a peer, not ml_dtypes before the caller has it, and no kernel in the place of a user's own ctc.py."""
    code = (
        "import sys, numpy; before = set(sys.modules); import fastloss;"
        "new = {name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names);"
        "new.discard('numpy');"  # parts of NumPy are loaded when they are first used
        "print(sorted(name for name in new if 'cython' not in name))"
    )
    assert python(code).stdout.strip() == "['fastloss']"
