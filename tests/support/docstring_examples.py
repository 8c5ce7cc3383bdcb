"""Examples in docstrings that are made as a module is imported, which pytest does not collect."""

import doctest


def run_examples(name, text):
    """Runs those of a docstring; there is at least one."""
    found = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    assert found.examples, name
    report = []
    result = doctest.DocTestRunner(verbose=False).run(found, out=report.append)
    assert result.failed == 0, "".join(report)
