"""What several threads find at once is written without a data race, as the thread sanitizer sees it."""

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
PROGRAM = """
#include <pthread.h>
#include "core/domain.h"

static findings found;
static real numbers[64];

static void *look(void *legal)
{
    for (int i = 0; i < 1000; i++) look_at(numbers, NULL, 64, *(legal_numbers *)legal, &found);
    return is_refused(&found) ? &found : NULL;
}

int main(void)
{
    for (int i = 0; i < 64; i++) numbers[i] = (real)(i % 3 - 1) * 2;
    legal_numbers legal[] = {legal_in(UNIT_INTERVAL), legal_in(SIGNS), legal_in(UNIT_INTERVAL), legal_in(SIGNS)};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, look, &legal[i]);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    return !is_refused(&found);
}
"""


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False)


def test_threads_that_find_something_at_once(tmp_path):
    compiler, source, program = shutil.which("gcc") or shutil.which("clang"), tmp_path / "look.c", tmp_path / "look"
    if not compiler:
        pytest.skip("no compiler here")
    flags = "-std=gnu11", "-O1", "-g", "-fopenmp-simd", "-fsanitize=thread", f"-I{SOURCE}"
    source.write_text("int main(void) { return 0; }")
    if run(compiler, *flags, source, "-o", program).returncode or run(program).returncode:
        pytest.skip("no thread sanitizer here")
    source.write_text(PROGRAM)
    made = run(compiler, *flags, source, "-o", program, "-lpthread", "-lm")
    assert made.returncode == 0, made.stderr
    found = run(program)
    assert found.returncode == 0, found.stderr
