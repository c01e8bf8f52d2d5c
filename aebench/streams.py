"""Every random number of a run, as a pure function of (seed, stream name, step).

The numbers must be the same bits on every machine and every NumPy. NumPy promises that only for the raw output
of a bit generator, so the distributions are built here from raw Philox words with operations that IEEE 754
rounds exactly (add, multiply, divide, square root): no library logarithm, cosine or exponential takes part.

Source: Philox4x64-10, Salmon et al. 2011; the normal quantile function is Wichura's algorithm AS 241 (PPND16),
relative accuracy about 1e-16.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

_TO_UNIT = 2.0**-53
_LN2 = 0.6931471805599453
_SQRT_HALF = 0.7071067811865476

# Coefficients of AS 241, constant term first: the centre |p - 0.5| <= 0.425, then the near and the far tail.
_CENTRE = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
)  # fmt: skip
_NEAR_TAIL = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
_FAR_TAIL = (
    (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
)  # fmt: skip
_CDF_AT_MINUS_TWO = 0.022750131948179209


class Stream:
    """One named stream; successive calls continue it, a new `stream(...)` starts it anew."""

    def __init__(self, seed: int, name: str, step: int) -> None:
        digest = hashlib.sha256(f"aebench/{seed}/{name}/{step}".encode()).digest()
        self._words = np.random.Philox(key=np.frombuffer(digest[:16], dtype="<u8").astype(np.uint64))

    def bits(self, count: int) -> npt.NDArray[np.uint64]:
        """Raw 64-bit words, shape (count,)."""
        return self._words.random_raw(count)

    def uniform(self, shape: Sequence[int]) -> Float64:
        """Uniform on [0, 1) in steps of 2**-53."""
        words = self.bits(int(np.prod(shape)))
        return ((words >> np.uint64(11)).astype(np.float64) * _TO_UNIT).reshape(shape)

    def normal(self, shape: Sequence[int]) -> Float64:
        """Standard normal."""
        return normal_quantile(self._open_uniform(shape))

    def truncated_normal(self, shape: Sequence[int]) -> Float64:
        """Standard normal conditioned on lying within two standard deviations (its own deviation is 0.880)."""
        p = _CDF_AT_MINUS_TWO + self._open_uniform(shape) * (1.0 - 2.0 * _CDF_AT_MINUS_TWO)
        return normal_quantile(p)

    def keep_mask(self, shape: Sequence[int], keep_probability: float) -> npt.NDArray[np.bool_]:
        """True with probability `keep_probability`: which inputs a dropout keeps."""
        return self.uniform(shape) < keep_probability

    def permutation(self, count: int) -> Int64:
        """The integers below `count` in random order (the order of as many random keys, ties by position)."""
        return np.argsort(self.bits(count), kind="stable").astype(np.int64)

    def distinct(self, below: int, count: int) -> Int64:
        """The first `count` different values of an endless sequence of integers below `below`."""
        if count > below:
            raise ValueError(f"cannot draw {count} distinct integers below {below}")
        drawn = np.empty(0, dtype=np.int64)
        while True:
            more = np.floor(self.uniform((count + 16,)) * below).astype(np.int64)
            drawn = np.concatenate([drawn, more])
            _, first = np.unique(drawn, return_index=True)
            if len(first) >= count:
                return drawn[np.sort(first)[:count]]

    def _open_uniform(self, shape: Sequence[int]) -> Float64:
        """Uniform on the open interval (0, 1)."""
        words = self.bits(int(np.prod(shape)))
        return (((words >> np.uint64(11)).astype(np.float64) + 0.5) * _TO_UNIT).reshape(shape)


def stream(seed: int, name: str, step: int = 0) -> Stream:
    """The stream of that name at that step; the same arguments always give the same numbers."""
    return Stream(seed, name, step)


def normal_quantile(p: Float64) -> Float64:
    """Inverse of the standard normal distribution function, for p in (0, 1)."""
    centred = p - 0.5
    quantile = centred * _ratio(_CENTRE, 0.180625 - centred * centred)
    tail = np.abs(centred) > 0.425
    if tail.any():
        smaller = np.minimum(p[tail], 1.0 - p[tail])
        distance = np.sqrt(-_exact_log(smaller))
        near, far = _ratio(_NEAR_TAIL, distance - 1.6), _ratio(_FAR_TAIL, distance - 5.0)
        quantile[tail] = np.where(distance <= 5.0, near, far) * np.sign(centred[tail])
    return quantile


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Float64) -> Float64:
    """Numerator over denominator, each a polynomial by Horner's rule, one rounding per operation."""
    numerator, denominator = (np.full_like(x, c[-1]) for c in coefficients)
    for top, bottom in zip(coefficients[0][-2::-1], coefficients[1][-2::-1], strict=True):
        numerator *= x
        numerator += top
        denominator *= x
        denominator += bottom
    return numerator / denominator


def _exact_log(x: Float64) -> Float64:
    """Natural logarithm from exactly rounded operations only: log(m 2^e) = e ln 2 + 2 artanh((m-1)/(m+1))."""
    mantissa, exponent = np.frexp(x)
    small = mantissa < _SQRT_HALF
    mantissa = np.where(small, mantissa * 2.0, mantissa)
    exponent = exponent - small
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square = s * s
    series = np.zeros_like(s)
    for k in range(11, -1, -1):
        series = series * square + 1.0 / (2 * k + 1)
    return exponent * _LN2 + 2.0 * s * series
