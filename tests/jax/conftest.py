"""Double precision in JAX, and each of the two ways from its programs to the losses."""

import pytest


@pytest.fixture
def x64():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


@pytest.fixture(params=["handler", "pure_callback"], scope="module")
def way(request):
    """The compiled handler, or JAX's own callback; nothing that was compiled for the other is used. Of a module's
    tests, all of one way come first: compiling takes longer than all else."""
    jax = pytest.importorskip("jax")
    pytest.importorskip("fastloss.jax", reason="fastloss.jax needs a newer JAX")
    from fastloss.jax import _handler

    if request.param == "handler" and _handler.in_use != "handler":
        pytest.skip(f"fastloss.jax uses {_handler.in_use}")
    with pytest.MonkeyPatch.context() as patch:
        jax.clear_caches()
        patch.setattr(_handler, "in_use", request.param)
        yield request.param
    jax.clear_caches()
