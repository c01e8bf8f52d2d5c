"""Small random images as a run leaves them, and the figures that a test draws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure
from report_pixels import SIDE

from aebench.arrays import Arrays

FRAMEWORKS = ("reference", "tensorflow", "pytorch", "outside", "another")
Picture = tuple[Arrays, dict[str, str]]


@pytest.fixture
def pictures() -> Callable[..., dict[str, Picture]]:
    """Makes pictures files' contents for the first `count` frameworks: random, so that no two images are alike."""

    def make(
        count: int = 3, *, only: tuple[str, ...] = (), n: int = SIDE * SIDE, shape: str = "6x6"
    ) -> dict[str, Picture]:
        given = np.random.default_rng(0)
        images, noisy = given.random((4, n)), given.random((4, n))
        # The given images span the scale exactly, so that a test knows it.
        images[0, 0], images[0, 1] = 0.0, 1.0
        made = {}
        for number, framework in enumerate(FRAMEWORKS[:count], start=1):
            own = np.random.default_rng(number)
            arrays = {
                "images": images,
                "reconstructions": own.random((4, n)),
                "features": own.normal(size=(n, 5)),
                "noisy": noisy,
                "reconstructions_from_noisy": own.random((4, n)),
                "samples": own.random((60, n)),
                "interpolations": own.random((4, 6, n)),
            }
            made[framework] = ({k: v for k, v in arrays.items() if not only or k in only}, {"image_shape": shape})
        return made

    return make


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Every matplotlib figure that is written during the test."""
    written: list[Figure] = []
    original = Figure.savefig

    def savefig(self: Figure, *arguments: object, **options: object) -> None:
        written.append(self)
        original(self, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return written
