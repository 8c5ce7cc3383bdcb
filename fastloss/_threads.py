"""How many threads: the cores that this process may use, and never more than the user allowed."""

import math
import operator
import os

from fastloss._kernels import runtime
from fastloss._keywords import says_keywords

# With less work a thread (in elements of a float32 softmax), starting a parallel region costs more than it gains.
GRAIN = 65_536

# A number beyond is taken for this one: a slip of the keyboard must not start a million threads.
MOST_THREADS = 1024


def cgroup_quota():
    """Cores that a container's quota allows, or None."""
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = file.read().split()[:2]
    except (OSError, ValueError):
        try:
            with open("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") as file:
                quota = file.read().strip()
            with open("/sys/fs/cgroup/cpu/cpu.cfs_period_us") as file:
                period = file.read().strip()
        except OSError:
            return None
    if quota in ("max", "-1"):
        return None
    try:
        return max(1, math.ceil(int(quota) / int(period)))
    except (ValueError, ZeroDivisionError):
        return None


def positive_integer(text):
    try:
        return max(int(text), 0) or None
    except (TypeError, ValueError):
        return None


def default_threads():
    """From FASTLOSS_NUM_THREADS, or the least of affinity, cgroup quota and OMP_NUM_THREADS."""
    asked = os.environ.get("FASTLOSS_NUM_THREADS", "").strip()
    if asked:
        number = positive_integer(asked)
        if number is None:
            raise ImportError(f"FASTLOSS_NUM_THREADS={asked!r} is no positive integer")
        return min(number, MOST_THREADS)
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    # OMP_NUM_THREADS may be a list, one number for each level of nesting.
    limits = [cgroup_quota(), positive_integer(os.environ.get("OMP_NUM_THREADS", "").split(",")[0])]
    return max(1, min([cores, MOST_THREADS, *(limit for limit in limits if limit)]))


_default = default_threads()


def as_thread_count(num_threads):
    try:
        number = operator.index(num_threads)
    except TypeError:
        raise TypeError(f"num_threads must be an integer, got {type(num_threads).__name__}") from None
    if number < 1:
        raise ValueError(f"num_threads must be at least 1, got {number}")
    return min(number, MOST_THREADS)


@says_keywords
def set_num_threads(num_threads):
    """Sets how many threads a call uses unless it is told otherwise by its own ``num_threads=``.

    >>> import fastloss as fl
    >>> before = fl.get_num_threads()
    >>> fl.set_num_threads(1)
    >>> fl.get_num_threads()
    1
    >>> fl.set_num_threads(before)
    """
    global _default
    _default = as_thread_count(num_threads)


def get_num_threads():
    """How many threads a large call uses unless it is told otherwise.

    The start value is ``FASTLOSS_NUM_THREADS`` where that is set; otherwise the cores this process may use (affinity
    and cgroup quota), and never more than ``OMP_NUM_THREADS``.

    >>> import fastloss as fl
    >>> fl.get_num_threads() >= 1
    True
    """
    return _default


def threads_for(num_threads, work):
    """Threads for so much work. Results never depend on it: the bits are the same for any number."""
    if num_threads is None and work < GRAIN:
        return runtime.allowed_threads(1, _default > 1)
    count = _default if num_threads is None else as_thread_count(num_threads)
    useful = max(1, work // GRAIN) if num_threads is None else count
    return runtime.allowed_threads(min(count, useful), useful < count)


nothing_to_compute = runtime.nothing_to_compute  # the report of an empty array, for which no kernel is called

_LIMITS = (  # in the order of thread_limit in src/parallel/threads.h
    "as many as num_threads or the default allows",
    "too little work for more",
    "there were no more pieces of work",
    "other calls were at work and shared the cores",
    "threads did not pay in the calls before, since other processes have the cores",
    "a forked child, in which this OpenMP library can't run",
    "built without OpenMP",
    "the system could not start more: a limit of memory or of processes",
)


def last_call():
    """How many threads this thread's last call used, and why not more: for show_config."""
    threads, limit = runtime.thread_report()
    return f"{threads}: {_LIMITS[limit]}" if threads else "none yet"
