"""Forked children: code for a process of its own, in which fastloss has computed in parallel before it forks.

It has `check()`, whether parallel calls give what they gave first, and `forked()`, the exit code of a child that checks
so, or "hangs". Also for tools/checks/fork_company.py.
"""

FORK = """
import os, signal, sys, time, warnings
import numpy as np
import fastloss as fl
from fastloss._kernels import runtime

runtime.force_threads(True)

warnings.simplefilter("ignore", DeprecationWarning)
x = np.random.default_rng(1).normal(size=(20_000, 50)).astype(np.float32)
y = np.random.default_rng(2).integers(0, 50, 20_000)
frames = x[:4800].reshape(300, 16, 50)
targets = np.random.default_rng(3).integers(1, 50, (16, 30))

def work():
    value, grad = fl.cross_entropy.value_and_grad(x, y, num_threads=2)
    cost, gradient = fl.ctc_loss_with_logits.value_and_grad(frames, targets, num_threads=2)
    return value, grad.tobytes(), cost, gradient.tobytes()

expected = work()

def check(*ignored):
    return work() == expected

def wait(child, seconds=15):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hangs"

def forked():
    child = os.fork()
    if child:
        return wait(child)
    os._exit(0 if check() else 1)
"""
