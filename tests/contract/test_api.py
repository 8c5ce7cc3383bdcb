"""The shape that all losses share: four verbs with honest signatures, types of results, configuration."""

import copy
import importlib.util
import inspect
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastloss as fl
from fastloss import _kernels

COMMON = ["sample_weight", "reduction"]
# loss -> positional arguments, options, has a curvature
LOSSES = {
    "nll_loss": (["log_probs", "target"], ["axis", "class_weight", "ignore_index"], False),
    "cross_entropy": (["logits", "target"], ["axis", "class_weight", "ignore_index", "label_smoothing"], True),
    "sigmoid_focal_loss": (["logits", "target"], ["alpha", "gamma"], True),
    "softmax_focal_loss": (["logits", "target"], ["axis", "alpha", "gamma", "ignore_index"], True),
    "l1_loss": (["predictions", "target"], [], False),
    "mse_loss": (["predictions", "target"], [], True),
    "rmse_loss": (["predictions", "target"], [], False),
    "huber_loss": (["predictions", "target"], ["delta"], True),
    "smooth_l1_loss": (["predictions", "target"], ["beta"], True),
    "log_cosh_loss": (["predictions", "target"], [], True),
    "quantile_loss": (["predictions", "target"], ["quantile"], False),
    "poisson_nll_loss": (["log_rate", "target"], ["full"], True),
    "binary_cross_entropy": (["probs", "target"], [], True),
    "binary_cross_entropy_with_logits": (["logits", "target"], ["pos_weight"], True),
    "categorical_cross_entropy": (["probs", "target"], ["axis", "include_negatives"], True),
    "entropy": (["probs"], ["axis", "base"], True),
    "entropy_with_logits": (["logits"], ["axis", "base"], False),
    "kl_divergence": (["probs", "target"], ["axis"], True),
    "kl_divergence_with_logits": (["logits", "target"], ["axis", "temperature"], False),
    "ctc_loss": (
        ["log_probs", "targets", "input_lengths", "target_lengths"], ["blank", "batch_first", "infeasible"], False,
    ),
    "ctc_loss_with_logits": (
        ["logits", "targets", "input_lengths", "target_lengths"], ["blank", "batch_first", "infeasible"], False,
    ),
}  # fmt: skip
DEFAULTS = {
    "axis": -1, "class_weight": None, "ignore_index": -100, "label_smoothing": 0.0, "gamma": 2.0, "blank": 0,
    "batch_first": False, "infeasible": "inf", "sample_weight": None, "reduction": "mean", "input_lengths": None,
    "target_lengths": None, "num_threads": None, "out": None, "delta": 1.0, "beta": 1.0, "quantile": 0.5,
    "full": False, "pos_weight": None, "include_negatives": False, "base": None, "temperature": 1.0,
}  # fmt: skip
every_loss = pytest.mark.parametrize("name", LOSSES)


def sample(name):
    """The positional arguments of a small call."""
    if name.startswith("ctc"):
        return np.linspace(-1, 1, 60, dtype=np.float32).reshape(6, 2, 5), np.array([[1, 2], [3, 4]])
    x = np.linspace(0, 1, 12, dtype=np.float32).reshape(4, 3)
    if not probabilities(name):
        x = x * 2 - 1
    if name.startswith("entropy"):
        return (x,)
    by_row = name in ("nll_loss", "cross_entropy", "softmax_focal_loss")
    return x, np.array([0, 1, 2, 1]) if by_row else np.full((4, 3), 0.5)


def probabilities(name):
    """Whether the first argument is within [0, 1]."""
    return LOSSES[name][0][0] == "probs"


def by_element(name):
    return LOSSES[name][0][0] == "predictions" or name.startswith(("binary", "sigmoid", "poisson"))


@every_loss
def test_signatures(name):
    loss, (positional, options, _) = getattr(fl, name), LOSSES[name]
    assert loss.__name__ == name
    verbs = {loss: [], loss.grad: ["out"], loss.value_and_grad: ["out"], loss.grad_and_hess: ["out"]}
    for verb, extra in verbs.items():
        parameters = inspect.signature(verb).parameters
        named = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
        keywords = [p.name for p in parameters.values() if p.kind is p.KEYWORD_ONLY]
        assert named == positional
        assert sorted(keywords) == sorted([*options, *COMMON, "num_threads", *extra])
        assert len(parameters) == len(named) + len(keywords), "no *args, no **kwargs"
        for parameter in parameters.values():
            if parameter.name in DEFAULTS:
                assert parameter.default == DEFAULTS[parameter.name], parameter.name
    assert inspect.signature(fl.sigmoid_focal_loss).parameters["alpha"].default == 0.25
    assert inspect.signature(fl.softmax_focal_loss).parameters["alpha"].default is None


@every_loss
def test_everything_by_keyword_or_by_position(name):
    loss, arguments = getattr(fl, name), sample(name)
    by_name = dict(zip(LOSSES[name][0], arguments, strict=False))
    for verb in (loss, loss.grad, loss.value_and_grad):
        np.testing.assert_equal(verb(**by_name), verb(*arguments))
    with pytest.raises(TypeError):
        loss(*arguments, None, None, 0)


@every_loss
def test_documentation(name):
    loss = getattr(fl, name)
    for verb in (loss, loss.grad, loss.value_and_grad, loss.grad_and_hess):
        assert "Parameters" in inspect.getdoc(verb)
        assert "sample_weight" in inspect.getdoc(verb)
    assert inspect.getdoc(loss).split("\n")[0].endswith(".")
    assert ">>>" in inspect.getdoc(loss)
    assert name in repr(loss)


@every_loss
def test_types_of_the_results(name):
    loss, (x, *targets) = getattr(fl, name), sample(name)
    reductions = ["mean", "sum"]
    if name.startswith(("ctc", "kl")):
        reductions.append("batchmean")
    if name == "rmse_loss":
        reductions = ["mean"]
    for reduction in reductions:
        assert type(loss(x, *targets, reduction=reduction)) is float
        value, grad = loss.value_and_grad(x, *targets, reduction=reduction)
        assert type(value) is float
        assert type(grad) is np.ndarray
        assert (grad.dtype, grad.shape) == (x.dtype, x.shape)
    if name == "rmse_loss":
        return
    shape = (4, 3) if by_element(name) else (2,) if name.startswith("ctc") else (4,)
    for dtype in (np.float32, np.float64, np.float16, np.int16):
        value = loss(x.astype(dtype), *targets, reduction="none")
        assert type(value) is np.ndarray
        assert value.shape == shape
        assert value.dtype == (np.float32 if dtype in (np.float32, np.float16) else np.float64)


@every_loss
def test_gradient_of_none_is_that_of_the_sum(name):
    if name == "rmse_loss":
        return
    loss, arguments = getattr(fl, name), sample(name)
    np.testing.assert_array_equal(loss.grad(*arguments, reduction="none"), loss.grad(*arguments, reduction="sum"))
    total = loss(*arguments, reduction="none").astype(np.float64).sum()
    assert loss(*arguments, reduction="sum") == pytest.approx(total, rel=1e-6)


@every_loss
def test_curvature_or_a_clear_refusal(name):
    loss, arguments = getattr(fl, name), sample(name)
    if LOSSES[name][2]:
        x = arguments[0]
        grad, hess = loss.grad_and_hess(*arguments)
        assert (hess.dtype, hess.shape) == (x.dtype, x.shape)
        np.testing.assert_allclose(grad, loss.grad(*arguments), rtol=1e-6, atol=1e-9)
    else:
        with pytest.raises(TypeError, match=name):
            loss.grad_and_hess(*arguments)


@every_loss
def test_docstrings_say_everything(name):
    """A sentence, a formula, parameters with shapes, what is returned and raised, an example, the source."""
    text = inspect.getdoc(getattr(fl, name))
    for part in (".. math::", "Parameters\n", "Returns\n", "Raises\n", "Examples\n", ">>> ", "References\n"):
        assert part in text, part
    for argument in (*LOSSES[name][0], *LOSSES[name][1], *COMMON, "out=", "num_threads"):
        assert argument in text, argument
    assert all(verb.__doc__ for verb in (getattr(fl, name).grad, getattr(fl, name).value_and_grad))


@every_loss
def test_losses_can_be_copied_and_pickled(name):
    """They travel to worker processes by name."""
    loss = getattr(fl, name)
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
    for name in (*LOSSES, "softmax", "log_softmax", "logsumexp", "show_config", "set_num_threads", "get_num_threads"):
        assert name in fl.__all__
        assert name in dir(fl)
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", fl.__version__)


def test_show_config(capsys):
    config = fl.show_config()
    text = capsys.readouterr().out + str(config)
    for word in (fl.__version__, "compiler", "openmp", "baseline", _kernels.selected, "thread", fl.get_num_threads()):
        assert str(word).lower() in text.lower()


def test_instruction_set_in_use_is_the_best_of_this_processor():
    try:
        with open("/proc/cpuinfo") as file:
            flags = set(re.search(r"^flags\s*:(.*)$", file.read(), re.MULTILINE).group(1).split())
    except (OSError, AttributeError):
        pytest.skip("no /proc/cpuinfo with flags here")
    best = "avx2" if {"avx2", "fma", "f16c"} <= flags else "baseline"
    if best == "avx2" and {"avx512f", "avx512dq", "avx512bw", "avx512vl"} <= flags:
        best = "avx512"
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


def test_the_stub_shows_the_signatures():
    """Written by tools/codegen/make_stub.py, for editors and type checkers."""
    path = Path(__file__).parents[2] / "tools" / "codegen" / "make_stub.py"
    spec = importlib.util.spec_from_file_location("make_stub", path)
    make_stub = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_stub)
    assert Path(fl.__file__).with_name("__init__.pyi").read_text() == make_stub.stub()
