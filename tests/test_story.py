"""The notebook of the story is executed from nothing, and what is committed of it is whole and of its present cells.

It is executed by `docs/story.py`, the command that also writes it back, in a process of its own: plug-ins that collect
notebooks as tests would run it under these tests' options, in which every warning is an error, those of Jupyter, too.
"""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import json
import platform
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aebench import registry
from aebench.errors import FrameworkError

ROOT = Path(__file__).parents[1]
STORY = ROOT / "docs" / "story.ipynb"
ABOUT = tomllib.loads((ROOT / "aebench" / "report" / "html" / "about.toml").read_text(encoding="utf-8"))
NAMES = list(registry.autoencoders())[:12]
FRAMEWORKS = ("tensorflow", "pytorch")
SECONDS = 2400
MOST_BYTES = 2_000_000
MOST_LINES = 10
PATHS = re.compile(r"/(tmp|home|root|usr|opt|var|work|mnt|Users)/|[A-Z]:\\\\|site-packages")

Notebook = dict[str, Any]
Cell = dict[str, Any]


@pytest.fixture(scope="module")
def committed() -> Notebook:
    """The notebook as it stands in the repository."""
    found: Notebook = json.loads(STORY.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Notebook:
    """The notebook as an execution leaves it, far from the repository."""
    for needed in ("nbclient", "nbformat", "ipykernel"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed: pip install -c constraints.txt -e '.[test]'")
    for name in FRAMEWORKS:
        try:
            registry.framework(name)
        except FrameworkError as error:
            pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("story")
    command = [sys.executable, str(ROOT / "docs" / "story.py"), str(folder / "executed.ipynb")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=SECONDS)
    assert 0 == done.returncode, done.stderr
    found: Notebook = json.loads((folder / "executed.ipynb").read_text(encoding="utf-8"))
    return found


def faults(notebook: Notebook) -> list[str]:
    """What is wrong with an executed notebook, whatever it is about."""
    return [*_unfinished(notebook), *_noisy(notebook), *_of_a_machine(notebook), *_long(notebook)]


def _text(cell: Cell) -> str:
    return "".join(cell["source"])


def _code(notebook: Notebook) -> list[Cell]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _unfinished(notebook: Notebook) -> Iterator[str]:
    """Cells that were not executed, not in order, or changed since; that show nothing, or several things."""
    counts = [cell["execution_count"] for cell in _code(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"cells were executed as {counts}"
    cells = [[cell["cell_type"], _text(cell)] for cell in notebook["cells"]]
    digest = hashlib.sha256(json.dumps(cells, ensure_ascii=False).encode()).hexdigest()
    if digest != notebook["metadata"].get("executed", {}).get("cells"):
        yield "cells were changed since they were executed: python docs/story.py"
    for cell in _code(notebook):
        if len(cell["outputs"]) != 1:
            yield f"{cell['id']} shows {len(cell['outputs'])} things"


def _noisy(notebook: Notebook) -> Iterator[str]:
    """Errors, and whatever was said on standard error."""
    for cell in _code(notebook):
        for output in cell["outputs"]:
            if output["output_type"] == "error" or output.get("name") == "stderr":
                yield f"{cell['id']} has an output of kind {output.get('name', 'error')}"


def _of_a_machine(notebook: Notebook) -> Iterator[str]:
    """Names of a machine's folders or of the machine, times of execution."""
    for cell in notebook["cells"]:
        kept = copy.deepcopy(cell)
        for output in kept.get("outputs", ()):
            output.get("data", {}).pop("image/png", None)
        text = json.dumps(kept, ensure_ascii=False)
        for found in (*PATHS.finditer(text), *re.finditer(rf"\b{re.escape(platform.node() or 'nobody')}\b", text)):
            yield f"{cell['id']} names {found[0]}"
        if "execution" in cell["metadata"]:
            yield f"{cell['id']} says when it was executed"


def _long(notebook: Notebook) -> Iterator[str]:
    """Cells of code that no reader takes in at once, and a file that is too large to be kept."""
    yield from (f"{c['id']} is long" for c in _code(notebook) if len(_text(c).splitlines()) > MOST_LINES)
    size = len(json.dumps(notebook))
    if size > MOST_BYTES:
        yield f"{size:,} bytes"


def told(notebook: Notebook) -> list[str]:
    """What the story lacks: an autoencoder in its place, or a part of its section."""
    sections: dict[str, list[Cell]] = {}
    name = ""
    for cell in notebook["cells"]:
        if heading := re.match(r"## (?:.*: `(\w+)`)?", _text(cell)):
            name = heading[1] or ""
        if name:
            sections.setdefault(name, []).append(cell)
    if list(sections) != NAMES:
        return [f"sections of {', '.join(sections)}"]
    return [f"{name}: {lack}" for name, cells in sections.items() for lack in _lacks(name, cells)]


def _lacks(name: str, cells: list[Cell]) -> Iterator[str]:
    """What the section of one autoencoder has not, or has wrong."""
    heading, *_ = _text(cells[0]).split("\n\n")
    idea, *rest = _text(cells[0]).removeprefix(heading).strip().split("\n\n")
    if len(re.split(r"(?<=[.?!])\s", idea.replace("\n", " "))) != 3:
        yield "the idea in three sentences"
    if [part.strip("$\n") for part in rest] != ABOUT[name]["formulas"]:
        yield "the formulas of about.toml"
    outputs = [(cell, output) for cell in cells for output in cell.get("outputs", ())]
    html = "".join("".join(output.get("data", {}).get("text/html", "")) for _, output in outputs)
    yield from (f"the text of {framework}" for framework in FRAMEWORKS if f">{framework}</th>" not in html)
    pictures = [(cell, output) for cell, output in outputs if "image/png" in output.get("data", {})]
    if not pictures:
        yield "a picture"
    for cell, picture in pictures:
        alt = picture["metadata"].get("image/png", {}).get("alt", "")
        if len(alt) < 20 or cell["metadata"].get("mystnb", {}).get("image", {}).get("alt") != alt:
            yield f"the words of {cell['id']}"
    said = "".join("".join(output.get("text", "")) for _, output in outputs)
    number = r"\d[\d.]*( \(leapt\))? in {}"
    numbers = " and ".join(number.format(framework) for framework in FRAMEWORKS)
    if not re.search(rf"^{name} on test data \(.*\): {numbers}; (lower|higher) is better\.$", said, re.MULTILINE):
        yield "its number"


def test_it_runs_from_nothing(executed: Notebook) -> None:
    """Every cell, in an empty folder: without an error, without a word on standard error, without a machine's names."""
    assert [] == faults(executed)
    assert [] == told(executed)


def test_what_is_committed_is_whole(committed: Notebook) -> None:
    """Outputs of the cells as they are, of all of them, in order; small, and of no machine; the twelve in order."""
    assert [] == faults(committed)
    assert [] == told(committed)
    assert MOST_BYTES > STORY.stat().st_size


def test_an_execution_shows_what_is_committed(executed: Notebook, committed: Notebook) -> None:
    """The same kinds of outputs of the same cells, so that it is not the outputs of an older aebench."""
    assert _shapes(committed) == _shapes(executed)


def _shapes(notebook: Notebook) -> list[Any]:
    return [(cell["id"], [sorted(output.get("data", {"text": 0})) for output in cell.get("outputs", ())])
            for cell in notebook["cells"]]  # fmt: skip


def _cell(notebook: Notebook, name: str) -> Cell:
    return next(cell for cell in notebook["cells"] if cell["id"] == name)


def _output(notebook: Notebook, name: str) -> dict[str, Any]:
    found: dict[str, Any] = _cell(notebook, name)["outputs"][0]
    return found


STREAM = {"output_type": "stream", "name": "stderr", "text": ["a warning"]}
ERROR = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
PATH = {"output_type": "stream", "name": "stdout", "text": ["/home/somebody/run"]}
HOST = "host-of-somebody-17"
STALE = "cells were changed since they were executed: python docs/story.py"
PLANTED: dict[str, tuple[Callable[[Notebook], object], list[str]]] = {
    "a warning": (lambda it: _cell(it, "train").update(outputs=[STREAM]), ["train has an output of kind stderr"]),
    "an error": (lambda it: _cell(it, "train").update(outputs=[ERROR]), ["train has an output of kind error"]),
    "a path": (lambda it: _cell(it, "train").update(outputs=[PATH]), ["train names /home/"]),
    "the machine": (lambda it: _output(it, "tied-number").update(text=[f"by {HOST}"]), [f"tied-number names {HOST}"]),
    "a time": (
        lambda it: _cell(it, "train")["metadata"].update(execution={}), ["train says when it was executed"]
    ),
    "an edited cell": (lambda it: _cell(it, "title").update(source="# Another title"), [STALE]),
    "another order": (
        lambda it: [c.update(execution_count=1) for c in _code(it)],
        ["cells were executed as [1, 1, "],
    ),
    "no output": (lambda it: _cell(it, "train").update(outputs=[]), ["train shows 0 things"]),
    "a table twice": (
        lambda it: _cell(it, "table")["outputs"].append(_output(it, "table")), ["table shows 2 things"]
    ),
    "a long cell": (lambda it: _cell(it, "train").update(source="x = 1\n" * 11), [STALE, "train is long"]),
    "a large file": (
        lambda it: _output(it, "linear-curve")["data"].update({"image/png": "A" * MOST_BYTES}), ["bytes"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", PLANTED)
def test_a_fault_of_the_notebook_is_seen(fault: str, committed: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: each makes its own complaint, and no other."""
    monkeypatch.setattr(platform, "node", lambda: HOST)
    plant, expected = PLANTED[fault]
    notebook = copy.deepcopy(committed)
    plant(notebook)
    found = faults(notebook)
    assert len(expected) == len(found)
    assert all(part in said for part, said in zip(expected, found, strict=True))


OMITTED: dict[str, tuple[Callable[[Notebook], object], str]] = {
    "a section": (lambda it: _cell(it, "tied-idea").update(source="## Tied"), "sections of linear, stacked, layerwise"),
    "a sentence": (
        lambda it: _cell(it, "tied-idea").update(source=_text(_cell(it, "tied-idea")).replace("overfitting. ", "")),
        "tied: the idea in three sentences",
    ),
    "a formula": (
        lambda it: _cell(it, "tied-idea").update(source=_text(_cell(it, "tied-idea")).replace("W_3", "W_4")),
        "tied: the formulas of about.toml",
    ),
    "a framework's text": (
        lambda it: _output(it, "tied-texts")["data"].update({"text/html": "<th>tensorflow</th>"}),
        "tied: the text of pytorch",
    ),
    "a picture": (lambda it: _output(it, "tied-reconstructions")["data"].pop("image/png"), "tied: a picture"),
    "its words": (
        lambda it: _output(it, "tied-reconstructions")["metadata"].clear(),
        "tied: the words of tied-reconstructions",
    ),
    "its words on the page": (
        lambda it: _cell(it, "tied-reconstructions")["metadata"].clear(),
        "tied: the words of tied-reconstructions",
    ),
    "a number": (
        lambda it: _output(it, "tied-number").update(text=["tied on test data (MSE): – in tensorflow"]),
        "tied: its number",
    ),
}


@pytest.mark.parametrize("what", OMITTED)
def test_what_the_story_lacks_is_seen(what: str, committed: Notebook) -> None:
    """Planted: a part of a section that is missing or wrong makes one complaint."""
    plant, expected = OMITTED[what]
    notebook = copy.deepcopy(committed)
    plant(notebook)
    found = told(notebook)
    assert expected in found[-1]
    assert 1 == len(found)
