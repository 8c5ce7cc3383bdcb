"""XLA's interface as src/xla declares it, beside the header of the JAX that is installed; what else a program meets."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

jax = pytest.importorskip("jax")
pytest.importorskip("fastloss.jax", reason="fastloss.jax needs a newer JAX")
from fastloss.jax import _handler  # noqa: E402 (after the skips)

xla = pytest.importorskip("fastloss._kernels.xla")
INTERFACE = Path(__file__).resolve().parents[2] / "src" / "xla" / "interface.h"

# Struct of ours, of XLA's; fields of ours, of XLA's.
STRUCTS = [
    ("xla_extension", "XLA_FFI_Extension_Base", "struct_size type next", "struct_size type next"),
    ("xla_version", "XLA_FFI_Api_Version", "struct_size extensions major minor",
     "struct_size extension_start major_version minor_version"),
    ("xla_metadata", "XLA_FFI_Metadata", "struct_size version traits", "struct_size api_version traits"),
    ("xla_metadata_extension", "XLA_FFI_Metadata_Extension", "base metadata", "extension_base metadata"),
    ("xla_error_args", "XLA_FFI_Error_Create_Args", "struct_size extensions message code",
     "struct_size extension_start message errc"),
    ("xla_api", "XLA_FFI_Api", "struct_size version internal make_error",
     "struct_size api_version internal_api XLA_FFI_Error_Create"),
    ("xla_buffer", "XLA_FFI_Buffer", "struct_size dtype data rank dims", "struct_size dtype data rank dims"),
    ("xla_buffers", "XLA_FFI_Args", "struct_size size types buffers", "struct_size size types args"),
    ("xla_buffers", "XLA_FFI_Rets", "struct_size size types buffers", "struct_size size types rets"),
    ("xla_bytes", "XLA_FFI_ByteSpan", "start size", "ptr len"),
    ("xla_attributes", "XLA_FFI_Attrs", "struct_size size types names values", "struct_size size types names attrs"),
    ("xla_call_frame", "XLA_FFI_CallFrame", "struct_size extensions api context stage operands results attributes",
     "struct_size extension_start api ctx stage args rets attrs"),
]  # fmt: skip
CONSTANTS = {
    "XLA_INVALID_ARGUMENT": "XLA_FFI_Error_Code_INVALID_ARGUMENT",
    "XLA_UNIMPLEMENTED": "XLA_FFI_Error_Code_UNIMPLEMENTED",
    "XLA_INTERNAL": "XLA_FFI_Error_Code_INTERNAL",
    "XLA_EXTENSION_METADATA": "XLA_FFI_Extension_Metadata",
    "XLA_STAGE_EXECUTE": "XLA_FFI_ExecutionStage_EXECUTE",
    "XLA_BUFFER": "XLA_FFI_ArgType_BUFFER",
    "XLA_BUFFER ": "XLA_FFI_RetType_BUFFER",
    "XLA_STRING": "XLA_FFI_AttrType_STRING",
}
CODES = {"bool": "PRED", "bfloat16": "BF16", "int": "S", "uint": "U", "float": "F"}


def code_of(dtype):
    name = "bfloat16" if dtype.names else dtype.name
    return CODES.get(name) or CODES[name.rstrip("0123456789")] + name.lstrip("abcdefghijklmnopqrstuvwxyz")


def equal(first, second):
    return f'_Static_assert((long)({first}) == (long)({second}), "{first}, {second}");'


def test_the_declarations_are_those_of_the_header(tmp_path):
    lines = ["#include <stddef.h>", '#include "xla/ffi/api/c_api.h"', f'#include "{INTERFACE}"']
    for ours, theirs, fields, their_fields in STRUCTS:
        for field, other in zip(fields.split(), their_fields.split(), strict=True):
            lines.append(equal(f"offsetof({ours}, {field})", f"offsetof({theirs}, {other})"))
            lines.append(equal(f"sizeof((({ours}*)0)->{field})", f"sizeof((({theirs}*)0)->{other})")
                         if field not in ("version", "operands", "results", "attributes", "base") else "")  # fmt: skip
    lines += [equal(ours, theirs) for ours, theirs in CONSTANTS.items()]
    lines += [equal(code, f"XLA_FFI_DataType_{code_of(dtype)}") for code, dtype in _handler.DTYPES.items()]
    source = tmp_path / "probe.c"
    source.write_text("\n".join(lines) + "\n")
    compiler = os.environ.get("CC", "cc").split()
    # GCC and clang want the structs of C++ named as C does; the header is for both languages.
    command = [*compiler, "-std=gnu11", "-w", "-fsyntax-only", f"-I{jax.ffi.include_dir()}", str(source)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        pytest.skip("there is no C compiler")
    assert run.returncode == 0, run.stderr


def test_an_interface_that_is_not_known(monkeypatch):
    """XLA would refuse the handler when it starts, and JAX would have no CPU."""
    monkeypatch.setattr(_handler, "_version", lambda: (0, 99))
    assert _handler._registered() == (
        "pure_callback, as the compiled handler can't be used: it knows XLA's interface 0.1, 0.2, 0.3, and this is 0.99"
    )
    monkeypatch.undo()
    assert _handler._version() in xla.VERSIONS


def run_program(body, **environment):
    code = "import jax, jax.numpy as jnp, numpy as np, fastloss.jax as fj\n" + textwrap.dedent(body)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip


def test_several_devices():
    """Each computes on a thread of its own: pmap, arrays in parts, shard_map."""
    run = run_program(
        """
        from jax.sharding import Mesh, NamedSharding, PartitionSpec as P

        x, labels = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32), np.arange(8) % 5
        def reference(x, labels):
            return -jnp.take_along_axis(jax.nn.log_softmax(x), labels[:, None], axis=1).mean()
        def close(found, wanted):
            jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), found, wanted)
        wanted = jax.value_and_grad(reference)(x, labels)
        halves = x.reshape(2, 4, 5), labels.reshape(2, 4)
        close(jax.pmap(jax.value_and_grad(fj.cross_entropy))(*halves), jax.vmap(jax.value_and_grad(reference))(*halves))
        if hasattr(jax, "shard_map"):
            mesh = Mesh(np.array(jax.devices()), ("batch",))
            parts = [jax.device_put(array, NamedSharding(mesh, P("batch"))) for array in (x, labels)]
            close(jax.jit(jax.value_and_grad(fj.cross_entropy))(*parts), wanted)
            def mean(x, labels):
                return jax.lax.pmean(fj.cross_entropy(x, labels), "batch")
            mapped = jax.shard_map(mean, mesh=mesh, in_specs=(P("batch"), P("batch")), out_specs=P())
            close(jax.jit(jax.value_and_grad(mapped))(*parts), wanted)
        print(len(jax.devices()))
        """,
        XLA_FLAGS="--xla_force_host_platform_device_count=2",
    )
    assert (run.returncode, run.stdout.strip()) == (0, "2"), run.stderr


def test_many_threads():
    """Programs that run at once, each with calls of its own: the same bits every time."""
    run = run_program(
        """
        import concurrent.futures
        x = jnp.asarray(np.random.default_rng(0).normal(size=(512, 300)), jnp.float32)
        labels = jnp.arange(512) % 300
        f = jax.jit(jax.value_and_grad(lambda x: fj.cross_entropy(x, labels) + fj.poly1_cross_entropy(2 * x, labels)))
        value, grad = f(x)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for other, same in pool.map(lambda _: f(x), range(80)):
                assert other == value and (same == grad).all()
        print("done")
        """
    )
    assert (run.returncode, run.stdout.strip()) == (0, "done"), run.stderr


def test_a_program_that_ends_while_calls_run():
    run = run_program(
        """
        f = jax.jit(jax.value_and_grad(fj.ctc_loss_with_logits))
        x, targets = jnp.zeros((1000, 32, 100)), jnp.ones((32, 100), int)
        found = [f(x, targets) for _ in range(3)]
        print("done")
        """
    )
    assert (run.returncode, run.stdout.strip()) == (0, "done"), run.stderr


def test_control_c():
    """A long call ends early; KeyboardInterrupt comes where JAX returns to Python."""
    run = run_program(
        """
        import os, signal, threading, time
        f = jax.jit(fj.ctc_loss_with_logits)
        x, targets = jnp.zeros((4000, 64, 100)), jnp.ones((64, 1000), int)
        jax.block_until_ready((f(x[:9], targets[:, :9]), x, targets))
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background process ignores it
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            try:
                while True:
                    jax.block_until_ready(f(x, targets))
            except (RuntimeError, ValueError):
                for _ in range(300):
                    time.sleep(0.1)
        except KeyboardInterrupt:
            print("interrupted")
        assert fj.mse_loss(jnp.ones(3), jnp.zeros(3)) == 1
        """
    )
    assert (run.returncode, run.stdout.strip()) == (0, "interrupted"), run.stderr
