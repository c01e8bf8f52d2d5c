"""What the commands print keeps every number whole on a screen of any width, whatever the number of frameworks."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from pairs import case_of
from rich.console import Console

from aebench.report.speed import print_bench
from aebench.report.summary import print_growth
from aebench.report.sweep import print_sweep

FRAMEWORKS = ("tensorflow", "pytorch", "tensorflow-eager", "pytorch-compiled", "an-outside-framework")
WIDTHS = (40, 60, 80, 120, 200)


def bench(frameworks: tuple[str, ...], console: Console) -> list[str]:
    """A case in which each framework has a time of its own; what has to be read."""
    seconds = {name: 0.0111 * (number + 1) for number, name in enumerate(frameworks)}
    print_bench([case_of(seconds, batch=8192, compiling=1234.5)], console)
    return [*(f"{11.1 * (number + 1):.3g}" for number in range(len(frameworks))), "1,024", "1234.5", "8,192"]


def sweep(frameworks: tuple[str, ...], console: Console) -> list[str]:
    """A point for each framework."""
    point = {"autoencoder": "variational_gamma", "images": 55_000, "width": 0.25, "seed": 0, "metric": "test_mse"}
    measured = {"parameters": 12_345_678, "multiply_adds_per_image": 1e6, "warm": False, "invalid": {}}
    rows = [
        {**point, **measured, "framework": name, "seconds_per_1000_images": 0.0321 * (number + 1), "quality": 0.01234}
        for number, name in enumerate(frameworks)
    ]
    print_sweep(rows, console)
    return [*(f"{32.1 * (n + 1):.3g}" for n in range(len(frameworks))), "55,000", "12,345,678", "0.01234", *frameworks]


def growth(frameworks: tuple[str, ...], console: Console) -> list[str]:
    """A row for each framework beside the reference, over a thousand steps."""
    steps, relative = [1, 10, 100, 1000], [1.25e-16, 3.5e-15, 4.5e-14, 5.5e-12]
    row = {"autoencoder": "variational_gamma", "dtype": "float64", "left": "reference"}
    print_growth([{**row, "right": name, "steps": steps, "relative": relative} for name in frameworks], console)
    return [*(f"{value:.1e}" for value in relative), "1,000", *frameworks]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("frameworks", [FRAMEWORKS[:2], FRAMEWORKS[:3], FRAMEWORKS], ids=len)
@pytest.mark.parametrize("shown", [bench, sweep, growth])
def test_every_number_is_shown_whole(
    shown: Callable[[tuple[str, ...], Console], list[str]], frameworks: tuple[str, ...], width: int
) -> None:
    """No number is cut or broken over two lines, and no line is wider than the screen."""
    out = io.StringIO()
    told: Any = shown(frameworks, Console(file=out, width=width, highlight=False))
    text = out.getvalue()
    assert [] == [number for number in told if number not in text]
    assert "…" not in text.replace(" … ", "")  # between the ends of an interval
    assert [] == [line for line in text.splitlines() if len(line) > width]
