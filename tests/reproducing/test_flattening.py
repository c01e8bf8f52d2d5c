"""Definitions of several modules made one text that runs: followed by name, without annotations, or refused."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from aebench.errors import ReproductionError
from aebench.flattening import binds, flattened

SHAPES = '''
"""Shapes."""
from __future__ import annotations
from dataclasses import dataclass
from math import pi as PI, sqrt
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nowhere import Nothing

Number = float | int
unused = json.dumps({})
low, high = 0.0, PI  # both at once


def require(condition: bool, message: str) -> None:
    """Unless it holds."""


@dataclass(frozen=True)
class Shape:
    """A shape."""

    side: Number = 1.0
    name: str = "shape"

    def area(self, scale: Nothing = 2.0, *more: Any, times: int = 1, **rest: Any) -> Number:
        """Its area -> a number."""
        require(scale > low, "small")
        found: Number = self.side**2  # noqa: ERA001
        later: Number
        # In between, a comment.
        later = found * scale * times
        return min(later, high)


def root(x: Number) -> Number:
    require(x > 0, "negative")
'''
SOLIDS = """
from .shapes import Shape as Flat, PI
import flat_outside


class Cube(Flat):
    def volume(self): return self.area() * self.side + six(PI - PI)


def six(x): return 6.0 + x
"""
OTHER = """
from .shapes import Shape
from . import shapes
from flat_package.solids import Cube

def six(x): return 66.0

def both(): return six(0), Cube()

def whole(): return shapes.Shape()

def lacking(): return nothing_at_all

def with_missing(): return Shape, gone

from .shapes import gone
"""


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of three modules, of which nothing may be run."""
    folder = tmp_path / "flat_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for name, text in {"shapes": SHAPES, "solids": SOLIDS, "other": OTHER, "broken": "def :"}.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    assert {name for name in sys.modules if name.startswith("flat_package.")} == set()
    sys.modules.pop("flat_package", None)


def flat(*roots: str) -> str:
    """The text of these definitions, `module:name` each, without the calls of `require`."""
    pairs = [(f"flat_package.{module}", name) for module, _, name in (root.partition(":") for root in roots)]
    found = flattened(pairs, {"flat_package"}, lambda node: bool(re.match("require", ast_text(node))))
    return "\n".join(["from __future__ import annotations", *found.imports, *found.definitions])


def ast_text(node: object) -> str:
    """The statement as Python writes it."""
    import ast

    assert isinstance(node, ast.AST)
    return ast.unparse(node)


def test_what_is_followed_runs_alone() -> None:
    """A class whose base stands in another module under another name computes what it should."""
    there = SimpleNamespace()
    text = flat("solids:Cube")
    exec(text, names := {"__name__": __name__})
    there.__dict__.update(names)
    assert 3.0 * 3.0 + 6.0 != there.Cube(3.0).volume()  # the area has a limit
    assert min(2.0 * 3.0**2, there.PI) * 3.0 + 6.0 == there.Cube(3.0).volume()


def test_nothing_else_is_taken_over() -> None:
    """Neither what is not needed, nor an import that is not, nor the package's own name."""
    text = flat("solids:Cube")
    assert not re.search(r"flat_package|unused|json|flat_outside|Nothing|require", text)
    assert "from math import pi as PI" in text
    assert "sqrt" not in text


def test_texts_are_copied_with_comments_and_without_annotations() -> None:
    """As they were written: comments and docstrings stay, types and what is there for tools go."""
    text = flat("shapes:Shape")
    assert 'def area(self, scale=2.0, *more, times=1, **rest):\n        """Its area -> a number."""\n' in text
    assert "        found = self.side**2\n        later = None\n        # In between, a comment.\n" in text
    assert '    side: object = 1.0\n    name: object = "shape"\n' in text
    assert "low, high = 0.0, PI" in text
    assert 1 == text.count("low, high")


def test_a_body_that_is_left_empty_passes() -> None:
    """Of a function that only checks, `pass` is left."""
    assert "def root(x):\n    pass" in flat("shapes:root")


@pytest.mark.parametrize(
    ("root", "said"),
    [
        ("other:both", "both flat_package.solids and flat_package.other define six"),
        ("other:whole", "flat_package.other needs the module flat_package.shapes as a whole"),
        ("other:with_missing", "flat_package.shapes binds no gone"),
        ("other:nowhere", "flat_package.other binds no nowhere"),
        ("broken:x", "the text of flat_package.broken cannot be read"),
        ("absent:x", "there is no text of flat_package.absent"),
    ],
)
def test_what_cannot_be_made_plain_is_refused(root: str, said: str) -> None:
    """Two definitions of one name, a whole module, what is not there: one line says which."""
    with pytest.raises(ReproductionError) as error:
        flat(root)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_what_a_module_binds_is_known() -> None:
    """Definitions and imports, and nothing else."""
    expected = [True, True, True, False]
    assert expected == [binds("flat_package.shapes", name) for name in ("Shape", "high", "PI", "found")]
