"""Losses in the processes of a DataLoader, however they are started; and what importing does."""

import subprocess
import sys
import textwrap

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_cases")

WORKERS = """
import sys
import torch
import fastloss as fl, fastloss.torch as F
from torch.utils.data import DataLoader, Dataset

class Losses(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        x, y = data(index)
        loss = F.cross_entropy(x, y)
        loss.backward()
        return loss.detach(), x.grad.norm()

def data(index):
    generator = torch.Generator().manual_seed(index)
    x = torch.randn(3000, 50, generator=generator)
    return x.requires_grad_(), torch.randint(0, 50, (3000,), generator=generator)

if __name__ == "__main__":
    expected = []
    for index in range(4):  # in parallel, before the workers start
        x, y = data(index)
        loss = torch.nn.functional.cross_entropy(x, y)
        F.cross_entropy(x, y)
        loss.backward()
        expected.append((loss.detach(), x.grad.norm()))
    loader = DataLoader(Losses(), batch_size=None, num_workers=2, multiprocessing_context=sys.argv[1], timeout=60)
    found = list(loader)
    for (loss, norm), (other, other_norm) in zip(found, expected, strict=True):
        torch.testing.assert_close(loss, other)
        torch.testing.assert_close(norm, other_norm)
"""


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_workers(tmp_path, method):
    script = tmp_path / "workers.py"
    script.write_text(WORKERS)
    run = subprocess.run(
        [sys.executable, script, method], capture_output=True, text=True, timeout=180, check=False, env=with_path()
    )
    assert run.returncode == 0, run.stdout + run.stderr


def with_path():
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def in_a_process(code):
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True, text=True, timeout=60, check=False, env=with_path(),
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_fastloss_imports_nothing_of_pytorch():
    in_a_process("import fastloss, sys; assert not any(name.split('.')[-1] == 'torch' for name in sys.modules)")
