"""A text taken to pieces and put in rows: no line is lost, and each name has one place."""

from __future__ import annotations

import pytest

from aebench import registry
from aebench.report.side_by_side import aligned, pieces, sources

OWN = ("reference", "tensorflow", "pytorch")
NAMES = [name for name in registry.autoencoders() if sources(name, registry.ARBITER)]
MODULE = '''"""What it is."""

import os
# why numpy
import numpy as np

LIMIT = 3  # of something


def helper():
    return LIMIT


# what follows is a class
@decorated
class First(Base):
    """First."""

    size: int = 4

    @property
    def value(self):
        return 1

    @value.setter
    def value(self, new):
        text = """
  left of the method
"""

    other = 5


class Second: pass
a = 1; b = 2
if LIMIT:
    helper()
# the end
'''


def test_pieces_of_a_module() -> None:
    """Worked by hand: comments go with what follows, same names together, methods at the left edge."""
    found = pieces(MODULE)
    assert list(found) == [
        "docstring", "imports", "LIMIT", "helper", "First", "First.value", "First.other", "Second", "a", "if LIMIT:",
    ]  # fmt: skip
    assert found["imports"] == "import os\n# why numpy\nimport numpy as np"
    assert found["LIMIT"] == "LIMIT = 3  # of something"
    header = '# what follows is a class\n@decorated\nclass First(Base):\n    """First."""\n\n    size: int = 4'
    assert found["First"] == header
    assert found["First.value"].startswith("@property\ndef value(self):\n    return 1\n")
    assert found["a"] == "a = 1; b = 2"
    assert found["if LIMIT:"] == "if LIMIT:\n    helper()\n# the end"


@pytest.mark.parametrize(
    "text", [MODULE, "", "# only a comment\n", "x = 1", '"""Only a docstring."""\n', "class A:\n  pass"]
)
def test_no_line_is_lost_or_doubled(text: str) -> None:
    """The pieces hold each line of the text once, in order."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    expected = [] if text.startswith("#") else lines
    assert expected == [line.strip() for piece in pieces(text).values() for line in piece.split("\n") if line.strip()]


@pytest.mark.parametrize("framework", OWN)
@pytest.mark.parametrize("name", NAMES)
def test_no_line_of_an_implementation_is_lost(name: str, framework: str) -> None:
    """As above, of every text that is shown."""
    for path in sources(name, framework):
        text = path.read_text()
        found = [line.strip() for piece in pieces(text).values() for line in piece.split("\n") if line.strip()]
        assert [line.strip() for line in text.split("\n") if line.strip()] == found


def test_what_python_cannot_parse_is_shown_whole() -> None:
    """A text that is being edited is still shown."""
    assert pieces("def broken(:\n    pass\n") == {"text": "def broken(:\n    pass\n"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([["a", "b", "c"], ["a", "b", "c"]], ["a", "b", "c"]),
        ([["a", "c"], ["a", "b", "c"]], ["a", "b", "c"]),
        ([["a"], ["x", "a", "y"], ["y", "z"]], ["x", "a", "y", "z"]),
        ([["a", "b"], ["b", "a"]], ["a", "b"]),
        ([[], ["a"]], ["a"]),
    ],
)
def test_names_in_one_order(given: list[list[str]], expected: list[str]) -> None:
    """Each name once; a name of its own stands behind the one it follows."""
    assert expected == aligned(given)
