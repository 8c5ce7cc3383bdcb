"""A cluster of several processes on this machine: the same bits as one call, also where a worker dies on the way."""

import os
import signal

import numpy as np
import pytest

import fastloss as fl

da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")
fd = pytest.importorskip("fastloss.dask")

pytestmark = pytest.mark.filterwarnings("default")  # of a cluster that starts and ends, and of its sockets


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def logits_and_labels(rng):
    logits = rng.standard_normal((4000, 30), dtype=np.float32)
    labels = rng.integers(0, 30, 4000)
    labels[::7] = -100
    return logits, labels


def lengths_of(rng):
    lengths = rng.multinomial(4000, np.full(23, 1 / 23))
    return tuple(map(int, lengths))


def test_the_bits_of_one_call(client, rng):
    logits, labels = logits_and_labels(rng)
    wanted, gradient = fl.cross_entropy.value_and_grad(logits, labels)
    for _ in range(3):
        chunks = lengths_of(rng)
        x, y = da.from_array(logits, chunks=(chunks, 30)), da.from_array(labels, chunks=1000)
        value, grad = client.gather(client.compute(fd.cross_entropy.value_and_grad(x, y)))
        assert value == wanted
        assert grad.tobytes() == gradient.tobytes()
        assert len(set(client.run(os.getpid).values())) == 3


def test_a_worker_dies(client, rng, tmp_path):
    """By SIGKILL, in a task in the middle; its blocks are computed again, by others or by the one in its place."""
    logits, labels = logits_and_labels(rng)
    path, marker = tmp_path / "logits.npy", tmp_path / "killed"
    np.save(path, logits)

    def load(block_info=None):
        (start, stop), _ = block_info[None]["array-location"]
        if start >= 2000 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return np.load(path, mmap_mode="r")[start:stop].copy()

    x = da.map_blocks(load, chunks=(lengths_of(rng), (30,)), dtype=np.float32, meta=np.empty((0, 0), np.float32))
    value, grad = client.gather(client.compute(fd.cross_entropy.value_and_grad(x, labels)))
    assert marker.exists()
    wanted, gradient = fl.cross_entropy.value_and_grad(logits, labels)
    assert value == wanted
    assert grad.tobytes() == gradient.tobytes()


def test_a_bad_label_is_named_where_it_is(client, rng):
    logits, labels = logits_and_labels(rng)
    labels[1234] = 30
    loss = fd.cross_entropy(da.from_array(logits, chunks=(1000, 30)), labels)
    with pytest.raises(ValueError, match=r"^target\[1234\] is 30; expected 0\.\.29 or ignore_index=-100 \(in block"):
        client.gather(client.compute(loss))
