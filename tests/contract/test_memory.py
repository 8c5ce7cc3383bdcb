"""Memory: arrays larger than the process may hold are read as a stream, and nothing of the size of an input is made."""

import sys

import pytest
from scripts import run_script

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limits are Linux's")


@pytest.mark.parametrize("threads", [1, 2])
def test_memory_mapped_files_larger_than_the_memory_allowed(tmp_path, threads):
    """400 MB of scores and of gradient, where the process may have no more than 64 MB of its own beside what it has."""
    run_script(
        """
        folder, threads = sys.argv[1], int(sys.argv[2])
        rows, classes = 100_000, 1000
        with open("/proc/self/statm") as file:
            data = int(file.read().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (data + (64 << 20),) * 2)
        x = np.memmap(folder + "/x", np.float32, "w+", shape=(rows, classes))  # a file of holes: all 0
        x[::1000, 3] = 1
        x.flush()
        x = np.memmap(folder + "/x", np.float32, "r", shape=(rows, classes))
        out = np.memmap(folder + "/out", np.float32, "w+", shape=(rows, classes))
        try:
            np.array(x)
        except MemoryError:
            pass
        else:
            raise AssertionError("the limit holds nothing back")

        def close(found, expected):
            assert abs(found / expected - 1) < 1e-6, (found, expected)

        ones = rows // 1000 / (rows * classes)  # their share of all elements
        options = {"num_threads": threads}
        close(fl.mse_loss(x, 0.5, **options), 0.25)
        close(fl.l1_loss(x, np.float64(0.25), **options), 0.25 + ones * 0.5)
        value, grad = fl.binary_cross_entropy_with_logits.value_and_grad(x, x, reduction="sum", out=out, **options)
        close(value, rows * classes * (np.log(2) * (1 - ones) + np.log1p(np.exp(-1)) * ones))
        assert grad is out and grad[0, 0] == 0.5
        assert fl.entropy(x, **options) == 0.0
        labels = np.zeros(rows, np.int64)
        close(fl.cross_entropy(x[1::2], labels[1::2], **options), np.log(classes))
        value, grad = fl.cross_entropy.value_and_grad(x, labels, out=out, reduction="sum", **options)
        close(grad[1, 0], 1 / classes - 1)
        same = x[:, ::-1]
        assert abs(fl.kl_divergence_with_logits(x[1::2], same[1::2], **options)) < 1e-9
        fl.kl_divergence_with_logits.grad(x, same, out=out, **options)
        """,
        tmp_path,
        threads,
    )


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_no_probabilities_of_large_logits_are_stored(dtype):
    """Beyond inputs and outputs: a few rows a thread, whatever the number of rows."""
    run_script(
        """
        dtype, rows, classes, threads = sys.argv[1], 96, 128_256, 2
        x, y, out = (np.empty((rows, classes), dtype) for _ in range(3))
        for n, array in enumerate((x, y, out)):
            for row in range(rows):
                array[row] = np.random.default_rng([n, row]).standard_normal(classes)
        labels = np.arange(rows)

        def growth(call):
            before = peak()
            call()
            return peak() - before

        warm = x[:2, :1000]
        fl.cross_entropy(warm, labels[:2], num_threads=threads)
        allowed = threads * 5 * classes * 4 + (2 << 20)
        assert allowed < x.nbytes / 2
        calls = {
            "cross_entropy": lambda: fl.cross_entropy(x, labels, num_threads=threads),
            "cross_entropy.grad": lambda: fl.cross_entropy.grad(x, labels, out=out, num_threads=threads),
            "kl": lambda: fl.kl_divergence_with_logits(x, y, num_threads=threads),
            "kl none": lambda: fl.kl_divergence_with_logits(x, y, reduction="none", num_threads=threads),
            "kl.grad": lambda: fl.kl_divergence_with_logits.value_and_grad(x, y, out=out, num_threads=threads),
            "kl tempered": lambda: fl.kl_divergence_with_logits.grad(x, y, temperature=2, out=out, num_threads=threads),
            "entropy.grad": lambda: fl.entropy_with_logits.grad(x, out=out, num_threads=threads),
        }
        for name, call in calls.items():
            found = growth(call)
            assert found <= allowed, (name, found, allowed)
        probabilities = growth(lambda: fl.softmax(x))
        assert probabilities > x.nbytes / 2, f"the measure has no teeth: {probabilities}"
        """,
        dtype,
    )


def test_the_limit_of_one_thread_is_that_of_one_block():
    """Scratch memory does not grow with the number of rows, nor with that of elements."""
    run_script(
        """
        small, large = (np.zeros((n, 2000), np.float32) for n in (500, 50_000))
        fl.mse_loss(small, 1.0, sample_weight=np.ones((1, 2000)), num_threads=1)
        large += 0  # in memory
        before = peak()
        weight = np.ones((50_000, 1))
        for loss in (fl.mse_loss, fl.log_cosh_loss, fl.binary_cross_entropy_with_logits):
            loss(large, np.float32(1), sample_weight=weight, num_threads=1)
        mask = np.broadcast_to(np.arange(50_000)[:, None] % 3 > 0, large.shape)
        for options in ({}, {"sample_weight": weight}, {"sample_weight": weight, "reduction": "weighted_mean"}):
            fl.mse_loss(large, np.float32(1), where=mask, num_threads=1, **options)
        fl.entropy(large, where=mask[:, 0], num_threads=1)
        fl.entropy(large, num_threads=1)
        fl.categorical_cross_entropy(large, large[:, ::-1], num_threads=1)
        assert peak() - before < 4 << 20
        """
    )
