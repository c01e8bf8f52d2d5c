"""What the notebook shows is what its execution left: nothing of its outputs is changed, exchanged or kept by hand.

`docs/story.py` writes a digest of the cells with their outputs into the notebook. It is worked out anew here, from the
file alone.
"""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

STORY = Path(__file__).parents[1] / "docs" / "story.ipynb"

Notebook = dict[str, Any]


@pytest.fixture(scope="module")
def committed() -> Notebook:
    """The notebook as it stands in the repository."""
    found: Notebook = json.loads(STORY.read_text(encoding="utf-8"))
    return found


def _digest(notebook: Notebook) -> str:
    """SHA-256 of the cells with their outputs, in one spelling of JSON."""
    return hashlib.sha256(json.dumps(notebook["cells"], ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def stale(notebook: Notebook) -> list[str]:
    """What to do about outputs that are not those of the last execution."""
    if _digest(notebook) == notebook["metadata"].get("executed", {}).get("outputs"):
        return []
    return ["the notebook shows what its last execution did not; execute it anew: python docs/story.py"]


def test_what_is_committed_is_what_was_executed(committed: Notebook) -> None:
    """Each number, table and picture, with the words of it."""
    assert [] == stale(committed)


def _cell(notebook: Notebook, name: str) -> dict[str, Any]:
    return next(cell for cell in notebook["cells"] if cell["id"] == name)


def _data(notebook: Notebook, name: str) -> dict[str, Any]:
    found: dict[str, Any] = _cell(notebook, name)["outputs"][0]["data"]
    return found


def _another_number(notebook: Notebook) -> None:
    """One digit of what is said of `tied`."""
    output = _cell(notebook, "tied-number")["outputs"][0]
    said = "".join(output["text"])
    digit = next(letter for letter in said if letter in "123456789")
    output["text"] = [said.replace(digit, str(int(digit) % 9 + 1), 1)]


def _another_picture(notebook: Notebook) -> None:
    """That of `stacked`, below the words of `tied`."""
    picture = _data(notebook, "stacked-reconstructions")["image/png"]
    _data(notebook, "tied-reconstructions")["image/png"] = picture


PLANTED: dict[str, Callable[[Notebook], object]] = {
    "a number": _another_number,
    "a picture": _another_picture,
    "a table": lambda it: _data(it, "table").update({"text/html": ["<table></table>"]}),
    "words of a picture": lambda it: _cell(it, "tied-reconstructions")["outputs"][0]["metadata"].clear(),
    "words on the page": lambda it: _cell(it, "tied-reconstructions")["metadata"].clear(),
    "an output": lambda it: _cell(it, "train").update(outputs=[]),
    "a cell": lambda it: it["cells"].pop(),
    "the digest": lambda it: it["metadata"].pop("executed"),
}


@pytest.mark.parametrize("what", PLANTED)
def test_another_output_is_seen(what: str, committed: Notebook) -> None:
    """Planted: an output that no execution has left makes the complaint, whatever is changed of it."""
    notebook = copy.deepcopy(committed)
    notebook["metadata"]["executed"]["outputs"] = _digest(notebook)
    assert [] == stale(notebook)
    PLANTED[what](notebook)
    (complaint,) = stale(notebook)
    assert complaint.endswith("execute it anew: python docs/story.py")


def test_the_command_writes_the_digest_of_what_it_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the outputs as they are when they have been settled; settled once more, it stays the same to the byte."""
    for needed in ("nbclient", "nbformat"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed: pip install -c constraints.txt -e '.[test]'")
    from docs import story

    monkeypatch.setattr(story, "execute", lambda notebook: notebook.cells[2].metadata.update(execution={"at": "noon"}))
    story.main(tmp_path / "first.ipynb")
    text = (tmp_path / "first.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert [] == stale(notebook)
    assert {"cells", "outputs"} == set(notebook["metadata"]["executed"])
    monkeypatch.setattr(story, "NOTEBOOK", tmp_path / "first.ipynb")
    story.main(tmp_path / "second.ipynb")
    assert text == (tmp_path / "second.ipynb").read_text(encoding="utf-8")
