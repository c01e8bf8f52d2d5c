"""The streams: the same numbers on every machine for ever, and numbers of the distributions they promise."""

from __future__ import annotations

import ast
import hashlib
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from aebench import streams
from aebench.streams import Float64, Stream, normal_quantile, stream

# The first numbers of the stream of seed 11, name "test", step 2, written down once. A change here changes every
# initial parameter, order and mask of every run, and every baseline with them.
LITERALS: dict[str, tuple[Callable[[Stream], Any], list[Any]]] = {
    "bits": (lambda s: s.bits(3), [0xF658D2D12A30B847, 0xED71D5BFEC8DA044, 0x60A8A46858ED1F30]),
    "uniform": (lambda s: s.uniform((3,)), [0.9622928391128792, 0.9275182336391965, 0.37757327601950796]),
    "normal": (lambda s: s.normal((3,)), [1.777936273958958, 1.457553942061718, -0.31186048788345294]),
    "truncated": (lambda s: s.truncated_normal((3,)), [1.5654253251906018, 1.3289395396454011, -0.297234546762609]),
    "permutation": (lambda s: s.permutation(8), [4, 7, 5, 2, 6, 3, 1, 0]),
    "distinct": (lambda s: s.distinct(100, 6), [96, 92, 37, 64, 15, 36]),
    "mask": (lambda s: s.keep_mask((8,), 0.7), [False, False, True, True, True, True, True, True]),
}
DRAWS: dict[str, Callable[[Stream], Any]] = {
    "uniform": lambda s: s.uniform((40, 5)),
    "normal": lambda s: s.normal((40, 5)),
    "truncated_normal": lambda s: s.truncated_normal((40, 5)),
    "keep_mask": lambda s: s.keep_mask((40, 5), 0.5),
    "permutation": lambda s: s.permutation(200),
    "distinct": lambda s: s.distinct(500, 200),
}
N = 200_000


@pytest.mark.parametrize("draw", LITERALS)
def test_literal_numbers(draw: str) -> None:
    """The first numbers of a known stream are these, to the last bit, on every machine and every NumPy."""
    make, expected = LITERALS[draw]
    assert expected == list(make(stream(11, "test", 2)))


def test_bits_are_philox_of_the_hashed_name() -> None:
    """The raw words are Philox4x64-10 under the first 16 bytes of SHA-256 of "aebench/seed/name/step"."""
    key = hashlib.sha256(b"aebench/11/test/2").digest()[:16]
    words = [int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")]
    expected = [w for counter in (1, 2, 3) for w in _philox([counter, 0, 0, 0], words)]
    assert expected == [int(w) for w in stream(11, "test", 2).bits(12)]


def _philox(counter: list[int], key: list[int]) -> list[int]:
    """Ten rounds of Philox4x64 (Salmon et al. 2011), in Python's integers."""
    low = 2**64 - 1
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * counter[0], 0xCA5A826395121157 * counter[2]
        counter = [(second >> 64) ^ counter[1] ^ key[0], second & low, (first >> 64) ^ counter[3] ^ key[1], first & low]
        key = [(key[0] + 0x9E3779B97F4A7C15) & low, (key[1] + 0xBB67AE8584CAA73B) & low]
    return counter


@pytest.mark.parametrize("draw", DRAWS)
def test_a_stream_is_a_pure_function_of_its_name(draw: str) -> None:
    """The same seed, name and step give the same numbers, whatever was drawn before and from whatever stream."""
    expected = DRAWS[draw](stream(3, "a", 1))
    stream(3, "a", 0).normal((7,))
    assert np.array_equal(expected, DRAWS[draw](stream(3, "a", 1)))


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("other", [(4, "a", 1), (3, "b", 1), (3, "a", 2), (-3, "a", 1)])
def test_streams_of_other_names_differ(draw: str, other: tuple[int, str, int]) -> None:
    """Another seed, another name or another step gives other numbers."""
    assert not np.array_equal(DRAWS[draw](stream(3, "a", 1)), DRAWS[draw](stream(*other)))


def test_successive_calls_continue_a_stream() -> None:
    """Two draws of three are one draw of six; the shape is a matter of arrangement only."""
    expected = stream(3, "a").uniform((6,))
    continued = stream(3, "a")
    assert np.array_equal(expected, np.concatenate([continued.uniform((3,)), continued.uniform((3,))]))
    assert np.array_equal(expected.reshape(2, 3), stream(3, "a").uniform((2, 3)))


def test_streams_do_not_correlate() -> None:
    """Neighbouring seeds, names and steps are independent: correlations of 200,000 pairs stay within five sigma."""
    base = stream(3, "a", 1).uniform((N,))
    others = [stream(4, "a", 1), stream(3, "b", 1), stream(3, "a", 2)]
    worst = max(abs(np.corrcoef(base, other.uniform((N,)))[0, 1]) for other in others)
    assert worst < 5 / math.sqrt(N)


def test_normal_quantile_is_accurate() -> None:
    """Within 2e-15 relative of SciPy's, in the centre, near the seams of its three pieces, and far into the tails."""
    seams = np.array([0.075, 0.925, math.exp(-25.0)])
    p = np.concatenate(
        [
            np.linspace(1e-6, 1 - 1e-6, 20_001)[:10_000],
            10.0 ** -np.linspace(0.31, 300.0, 20_000),
            1.0 - 10.0 ** -np.linspace(0.5, 15.0, 5_000),
            *(seams * (1.0 + d) for d in (-1e-12, 0.0, 1e-12)),
        ]
    )
    expected = special.ndtri(p)
    worst = np.max(np.abs(normal_quantile(p) / expected - 1.0))
    assert worst < 2e-15


def test_normal_quantile_of_the_ends_is_finite() -> None:
    """The smallest and the largest value that a draw can have give finite normals: 8.3 deviations."""
    ends = np.array([2.0**-54, 1.0 - 2.0**-53])
    assert np.isfinite(normal_quantile(ends)).all()
    assert np.allclose([special.ndtri(ends[0]), special.ndtri(ends[1])], normal_quantile(ends), rtol=2e-15)
    assert normal_quantile(np.array([0.5]))[0] == 0.0


def test_a_wrong_coefficient_of_the_quantile_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: one coefficient off in its 12th digit fails the accuracy that is promised."""
    top, bottom = streams._NEAR_TAIL
    monkeypatch.setattr(streams, "_NEAR_TAIL", ((top[0] * (1 + 1e-12), *top[1:]), bottom))
    p = np.linspace(0.01, 0.07, 1000)
    assert np.max(np.abs(normal_quantile(p) / special.ndtri(p) - 1.0)) > 2e-15


def test_exact_log_is_accurate() -> None:
    """The logarithm from exact operations is within 1e-15 relative of the library's, over all magnitudes below 1."""
    x = np.concatenate([10.0 ** -np.linspace(0.3, 307.0, 50_000), np.linspace(1e-3, 0.5, 50_000)])
    worst = np.max(np.abs(streams._exact_log(x) / np.log(x) - 1.0))
    assert worst < 1e-15


EXACT = {
    "uint64", "int64", "float64", "bool_",  # types
    "floor", "sqrt", "frexp", "abs", "sign",  # exactly rounded by IEEE 754, or exact
    "where", "minimum", "zeros_like", "full_like", "empty", "concatenate", "argsort", "sort", "unique", "prod",
    "frombuffer", "random", "random.Philox",
}  # fmt: skip


def _numpy_names(source: str) -> set[str]:
    """Every attribute of NumPy that the source uses, `random.X` with its member, powers, and modules besides NumPy."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and re.fullmatch(r"np(\.\w+)+", text := ast.unparse(node)):
            found.add(text.removeprefix("np."))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and ast.unparse(node) != "2.0 ** (-53)":
            found.add(ast.unparse(node))
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            found |= {f"import {n}" for n in names if n.split(".")[0] in {"math", "cmath", "random", "scipy"}}
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("numpy"):
            found |= {f"import {node.module}"}
    return found


def test_only_exactly_rounded_operations_take_part() -> None:
    """No library logarithm, cosine or exponential and no distribution of NumPy's: their last bits are not promised."""
    actual = _numpy_names(Path(streams.__file__).read_text(encoding="utf-8"))
    assert actual <= EXACT


@pytest.mark.parametrize(
    "line",
    [
        "y = np.log(x)", "y = np.exp(x)", "y = np.cos(x)", "y = np.random.default_rng(1)", "import math", "y = x**0.5",
        "g = np.random.Generator(np.random.Philox(1))", "from numpy import log", "from numpy.random import Generator",
    ],
)  # fmt: skip
def test_an_inexact_operation_would_be_noticed(line: str) -> None:
    """Planted fault: a line with a library function or a NumPy distribution does not pass the check above."""
    assert not _numpy_names(line) <= EXACT


def _moments(x: Float64) -> list[float]:
    return [float(x.mean()), float(x.var()), float((x**3).mean()), float((x**4).mean())]


@pytest.mark.parametrize(
    ("draw", "distribution"),
    [("uniform", stats.uniform()), ("normal", stats.norm()), ("truncated_normal", stats.truncnorm(-2.0, 2.0))],
)
def test_distributions(draw: str, distribution: Any) -> None:
    """200,000 draws have the first four moments of the distribution within five sigma and pass Kolmogorov-Smirnov."""
    x = getattr(stream(1, f"test {draw}"), draw)((N,))
    expected = [distribution.mean(), distribution.var(), distribution.moment(3), distribution.moment(4)]
    spread = [np.std(y) for y in (x, (x - x.mean()) ** 2, x**3, x**4)]
    errors = np.abs(np.subtract(expected, _moments(x))) * math.sqrt(N) / spread
    assert np.max(errors) < 5.0
    assert stats.kstest(x, distribution.cdf).pvalue > 1e-3


def test_truncated_normal_stays_within_two_deviations_and_is_088_wide() -> None:
    """No value lies beyond two; the deviation after truncation is 0.88, which the initialiser takes into account."""
    x = stream(1, "test").truncated_normal((N,))
    assert np.abs(x).max() <= 2.0
    expected = 0.88
    assert expected == round(float(x.std()), 2)


def test_uniform_is_a_multiple_of_the_unit_below_one() -> None:
    """Values lie in [0, 1) and are whole multiples of 2**-53, exact in float64."""
    x = stream(1, "test").uniform((N,))
    assert x.min() >= 0.0
    assert x.max() < 1.0
    assert np.array_equal(x * 2.0**53, np.floor(x * 2.0**53))


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.7, 1.0])
def test_keep_mask_keeps_the_promised_share(probability: float) -> None:
    """A mask is boolean and keeps each input with the given probability, within five sigma; 0 and 1 are exact."""
    mask = stream(1, "test").keep_mask((N,), probability)
    assert mask.dtype == np.bool_
    sigma = math.sqrt(probability * (1.0 - probability) / N)
    assert abs(mask.mean() - probability) <= 5.0 * sigma


@given(st.integers(0, 2**63), st.text(max_size=20), st.integers(0, 10**9), st.integers(0, 300))
@settings(deadline=None, max_examples=60)
def test_permutation_holds_every_number_once(seed: int, name: str, step: int, count: int) -> None:
    """Every integer below the count stands in a permutation exactly once."""
    actual = stream(seed, name, step).permutation(count)
    assert list(range(count)) == sorted(actual.tolist())
    assert actual.dtype == np.int64


@given(st.integers(0, 2**63), st.integers(1, 400), st.data())
@settings(deadline=None, max_examples=60)
def test_distinct_holds_no_number_twice(seed: int, below: int, data: st.DataObject) -> None:
    """As many different integers as asked for, all below the bound, up to all of them."""
    count = data.draw(st.integers(0, below))
    actual = stream(seed, "distinct").distinct(below, count)
    assert (count,) == actual.shape
    assert count == len(set(actual.tolist()))
    assert set(actual.tolist()) <= set(range(below))


def test_distinct_refuses_more_than_there_are() -> None:
    """Seven different integers below six do not exist."""
    with pytest.raises(ValueError, match="cannot draw 7 distinct integers below 6"):
        stream(1, "distinct").distinct(6, 7)


@pytest.mark.parametrize("position", [0, 1, 4])
def test_permutation_and_distinct_are_uniform(position: int) -> None:
    """Over 3,000 steps each of ten numbers stands as often as any other at each position (chi-squared)."""
    permuted = [int(stream(1, "permutation", step).permutation(10)[position]) for step in range(3000)]
    drawn = [int(stream(1, "distinct", step).distinct(10, 5)[position]) for step in range(3000)]
    assert stats.chisquare(np.bincount(permuted, minlength=10)).pvalue > 1e-3
    assert stats.chisquare(np.bincount(drawn, minlength=10)).pvalue > 1e-3
