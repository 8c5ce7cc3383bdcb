"""Print the polynomial coefficients of src/core/vecmath.h, src/core/specialmath.h and src/core/exp_lanes.h.

Each is the interpolant at Chebyshev nodes, found in 60 digits, of the function that the comment there
names; that is within a small factor of the best polynomial of its degree. Needs mpmath.
"""

import struct

from mpmath import atanh, chop, cos, cosh, euler, exp, expm1, log, loggamma, lu_solve, matrix, mp, mpf, pi, sqrt

mp.dps = 60


def interpolate(function, low, high, degree):
    nodes = [(low + high) / 2 + (high - low) / 2 * cos(pi * (2 * k + 1) / (2 * degree + 2)) for k in range(degree + 1)]
    powers = matrix(degree + 1, degree + 1)
    for row, node in enumerate(nodes):
        for column in range(degree + 1):
            powers[row, column] = node**column
    return [chop(c) for c in lu_solve(powers, matrix([function(node) for node in nodes]))]


def exp_beyond_linear(r):
    """(exp(r) - 1 - r) / r**2, smooth through 0."""
    return (expm1(r) - r) / r**2 if abs(r) > mpf(10) ** -12 else mpf(1) / 2 + r / 6 + r * r / 24


def eighths():
    """(exp(r) - 1 - r) / r^2 as a line: the error of exp, r^2 times its own, has one size at three places. And what the
    table of 2^(i/8) has."""
    largest = log(2) / 16
    node = largest * sqrt(2 * (sqrt(mpf(2)) - 1))
    low, high = exp_beyond_linear(-node), exp_beyond_linear(node)
    terms = (low + high) / 2, (high - low) / (2 * node)
    places = [largest * k / 499 for k in range(-499, 500)]
    worst = max(abs(expm1(r) - r - r * r * (terms[0] + terms[1] * r)) for r in places)
    powers = (struct.unpack("<i", struct.pack("<f", 2 ** (i / 8)))[0] - (127 << 23) - (i << 20) for i in range(8))
    return terms, worst, powers


def atanh_tail(z):
    """(2 atanh(s) - 2 s) / s**3 for z = s**2."""
    s = sqrt(z)
    return (2 * atanh(s) - 2 * s) / s**3


def log_beyond_square(f):
    """(log(1 + f) - f + f**2 / 2) / f**3, smooth through 0."""
    return (log(1 + f) - f + f * f / 2) / f**3 if abs(f) > mpf(10) ** -12 else mpf(1) / 3 - f / 4


def log1p_beyond(e):
    """(log(1 + e) - e) / e**2, smooth through 0."""
    return (log(1 + e) - e) / e**2 if abs(e) > mpf(10) ** -12 else -mpf(1) / 2 + e / 3


def log1m_beyond(w):
    """(-log(1 - w) - w) / w**2, smooth through 0."""
    return log1p_beyond(-w) * -1


def log_cosh_beyond(z):
    """(log(cosh(d)) - d**2 / 2) / d**4 for z = d**2, smooth through 0."""
    return (log(cosh(sqrt(z))) - z / 2) / z**2 if z > mpf(10) ** -9 else -mpf(1) / 12 + z / 45


def log_factorial_ratio(y):
    """log(y!) / (y (y - 1)), smooth through 0 and 1."""
    if min(y, 1 - y) < mpf(10) ** -12:
        return euler if y < 0.5 else 1 - euler
    return loggamma(1 + y) / (y * (y - 1))


if __name__ == "__main__":
    half_ln2 = log(2) / 2
    largest_s = (sqrt(2) - 1) / (sqrt(2) + 1)
    for name, function, low, high, degrees in (
        ("exp_beyond_linear", exp_beyond_linear, -half_ln2, half_ln2, (4, 10)),
        ("log_tail", atanh_tail, mpf(10) ** -12, largest_s**2, (2, 6)),
        ("twice_atanh", atanh_tail, mpf(10) ** -12, mpf(1) / 9, (4, 12)),
        ("relative_entropy", atanh_tail, mpf(10) ** -12, mpf("0.2005") ** 2, (2, 7)),
        ("log_beyond_square", log_beyond_square, sqrt(mpf(1) / 2) - 1, sqrt(mpf(2)) - 1, (7, 20)),
        ("log1p_beyond", log1p_beyond, mpf(0), mpf(1), (8, 19)),
        ("log1m_beyond", log1m_beyond, mpf(0), mpf(1) / 2, (7, 19)),
        ("log_cosh_beyond", log_cosh_beyond, mpf(0), mpf(1), (5, 15)),
        ("log_factorial_ratio", log_factorial_ratio, mpf(0), mpf(1), (8, 19)),
    ):
        for bits, degree in zip((32, 64), degrees, strict=True):
            terms = interpolate(function, low, high, degree)
            worst = max(
                abs(sum(c * x**k for k, c in enumerate(terms)) / function(x) - 1)
                for x in (low + (high - low) * mpf(k) / 997 for k in range(998))
            )
            print(f"float{bits} {name}: relative error {mp.nstr(worst, 3)}")
            print("   ", ", ".join(mp.nstr(c, 10 if bits == 32 else 19) for c in terms))
    terms, worst, powers = eighths()
    print(f"float32 exp_by_eighths: absolute error {mp.nstr(worst, 3)}")
    print("   ", ", ".join(mp.nstr(c, 10) for c in terms), "and", ", ".join(map(str, powers)))
    print("ln2", mp.nstr(log(2), 40), "exp(1)", mp.nstr(exp(1), 20))
