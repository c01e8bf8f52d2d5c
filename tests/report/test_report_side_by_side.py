"""`aebench show`: every line of every text stands in the table, each definition in one row, whatever the width."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from aebench import registry
from aebench.errors import UnknownNameError
from aebench.protocol import Framework
from aebench.report.side_by_side import show, sources, table

OWN = ("reference", "tensorflow", "pytorch")
NAMES = [name for name in registry.autoencoders() if sources(name, registry.ARBITER)]
BASES = {
    "linear": [],
    "stacked": [],
    "tied": [],
    "layerwise_separate": ["stacked"],
    "layerwise_joint": ["stacked"],
    "layerwise_cached": ["layerwise_joint", "stacked"],
    "pretrained": [],
    "denoising_gaussian": ["denoising", "tied"],
    "denoising_dropout": ["denoising", "tied"],
    "sparse": [],
    "variational": [],
    "variational_gamma": ["variational"],
}


def shown(name: str, frameworks: tuple[str, ...] = OWN, *, width: int = 400, **options: bool) -> str:
    """What `show` prints on a plain console of that width."""
    console = Console(file=io.StringIO(), width=width, highlight=False)
    show(name, frameworks, console=console, **options)
    return console.file.getvalue()


def columns(output: str) -> list[list[str]]:
    """The cells of each line inside a table, the mark first."""
    return [[cell.strip() for cell in line.strip("│\n").split("│")] for line in output.split("\n") if line[:1] == "│"]


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("framework", OWN)
@pytest.mark.parametrize("name", NAMES)
def test_sources_follow_inheritance_within_the_folder(name: str, framework: str) -> None:
    """The text, then its bases, nearest first; the base that all networks share is none of them."""
    found = sources(name, framework)
    assert [name, *BASES.get(name, [])] == [path.stem for path in found]
    assert {framework} == {path.parent.name for path in found}


@pytest.mark.parametrize("name", NAMES)
def test_every_method_stands_once_for_each_framework_in_one_row(name: str) -> None:
    """`def f(` is in every column of its line, or in those of the frameworks that have it, and in no other line."""
    methods = {f: re.findall(r"^    (def \w+\()", sources(name, f)[0].read_text(), re.M) for f in OWN}
    lines = columns(shown(name, bases=False))
    for method in dict.fromkeys(method for own in methods.values() for method in own):
        rows = [cells for cells in lines if any(cell.startswith(method) for cell in cells)]
        assert len(rows) == 1
        assert [method in methods[f] for f in OWN] == [cell.startswith(method) for cell in rows[0][1:]]


@pytest.mark.parametrize("width", [30, 62, 80, 119, 160])
@pytest.mark.parametrize("name", ["variational", "layerwise_separate"])
def test_no_character_is_lost_at_any_width(name: str, width: int) -> None:
    """However narrow, a column holds its framework's whole text, and no line is longer than the console."""
    output = shown(name, width=width, bases=False)
    assert max(map(len, output.split("\n"))) <= width
    reading = columns(output)
    for number, framework in enumerate(OWN, start=1):
        text = sources(name, framework)[0].read_text()
        assert squeezed(text) == squeezed("".join(cells[number] for cells in reading))


def test_what_a_line_continues_on_is_moved_in() -> None:
    """Python's indentation stays readable when a line is folded; prose of the module stays at the edge."""
    output = shown("sparse", ("pytorch",), width=50).split("\n")
    lines = [line[6:-2] for line in output if line.startswith("│")]
    start = next(i for i, line in enumerate(lines) if "return {" in line)
    assert lines[start].startswith("    return {")
    assert lines[start + 1].startswith("        ")
    assert lines[1].startswith("sigmoid codings")


def test_bases_follow_and_can_be_left_out() -> None:
    """`variational_gamma` is followed by `variational`; with bases=False by nothing."""
    titles = [line.strip() for line in shown("variational_gamma").split("\n") if line.startswith("variational")]
    assert titles == ["variational_gamma", "variational, which variational_gamma builds on"]
    assert "builds on" not in shown("variational_gamma", bases=False)


def test_rows_that_differ_are_marked() -> None:
    """A row is marked when more than the framework's name differs, and not when only that does."""
    marks = {cells[1]: cells[0] for cells in columns(shown("variational", ("tensorflow", "pytorch")))}
    assert marks["def deviation(self, log_variance: Tensor) -> Tensor:"] == "*"
    assert marks["def decode(self, codings: Tensor) -> Tensor:"] == ""
    marks = {cells[1]: cells[0] for cells in columns(shown("stacked", ("tensorflow", "pytorch")))}
    assert marks["from aebench.implementations.tensorflow.layers import Dense"] == ""


def test_a_planted_difference_is_marked(tmp_path: Path) -> None:
    """Planted fault: one sign changed in one framework marks that row, and only that one."""
    paths = {framework: tmp_path / f"{framework}.py" for framework in OWN}
    for path in paths.values():
        path.write_text("def one():\n    return 1\n\n\ndef two():\n    return 2\n")
    paths["pytorch"].write_text(paths["pytorch"].read_text().replace("return 2", "return -2"))
    console = Console(file=io.StringIO(), width=100)
    console.print(table("planted", paths))
    marks = {cells[1]: cells[0] for cells in columns(console.file.getvalue())}
    assert (marks["def one():"], marks["def two():"]) == ("", "*")


def test_colours_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours on a terminal; none with NO_COLOR or in a file; the text is the same."""
    outputs = {}
    for case in ("colour", "no_color", "file"):
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.delenv("NO_COLOR", raising=False)
        if case == "no_color":
            monkeypatch.setenv("NO_COLOR", "1")
        console = Console(file=io.StringIO(), width=120, highlight=False, force_terminal=case != "file")
        show("tied", OWN, console=console)
        outputs[case] = console.file.getvalue()
    assert re.search(r"\x1b\[3\dm|\x1b\[3\d;", outputs["colour"])
    assert not re.search(r"\x1b\[3\dm|\x1b\[3\d;", outputs["no_color"])
    assert "\x1b" not in outputs["file"]
    plain = [re.sub(r"\x1b\[[\d;]*m", "", output) for output in outputs.values()]
    assert plain[0] == plain[1] == plain[2]


@pytest.mark.parametrize(
    ("name", "frameworks", "message"),
    [
        ("variatonal", OWN, "did you mean 'variational'"),
        ("tied", ("pytorhc",), "did you mean 'pytorch'"),
        ("network", OWN, "unknown autoencoder 'network'"),
    ],
)
def test_unknown_names(name: str, frameworks: tuple[str, ...], message: str) -> None:
    """UnknownNameError with the nearest match, before anything is printed."""
    console = Console(file=io.StringIO())
    with pytest.raises(UnknownNameError, match=message):
        show(name, frameworks, console=console)
    assert console.file.getvalue() == ""
    with pytest.raises(UnknownNameError, match=message):
        sources(name, frameworks[0])


def outside(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """Register a framework `outside` whose class lives in that module."""
    members = {"__module__": module, "name": "outside", "devices": None, "make": None}
    known = {**registry.variants(), "outside": type("Outside", (Framework,), members)()}
    monkeypatch.setattr(registry, "variants", lambda: known)


def test_a_framework_without_texts_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no column, but a line that says so."""
    outside(monkeypatch, "alone")
    output, line = shown("tied", ("pytorch", "outside")), "outside has no tied: no package offers it\n"
    assert output.endswith(line)
    assert {2} == {len(cells) for cells in columns(output)}
    assert line == shown("tied", ("outside",))


def test_a_framework_with_texts_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Beside the class it registers, the same file names are found, with their bases; what is lacking is a gap."""
    folder, both = tmp_path / "outer_texts", "def encode(self, x: Tensor, noise: Tensor | None = None) -> Tensor:"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "tied.py").write_text(
        "from .common import Common\nfrom torch import linear\n\n\nclass Tied(Common, linear):\n"
        f"    {both}\n        return x\n\n    def own(self):\n        return 1\n"
    )
    (folder / "common.py").write_text("raise RuntimeError('a text is read, never imported')\n")
    (folder / "linear.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("outer_texts")
    outside(monkeypatch, "outer_texts.backend")
    assert [folder / "tied.py", folder / "common.py"] == sources("tied", "outside")
    lines = columns(shown("tied", ("pytorch", "outside"), bases=False))
    assert ["", both, both] in [["", *c[1:]] for c in lines]
    assert ["*", "def decode(self, codings: Tensor) -> Tensor:", ""] in lines
    assert ["*", "", "def own(self):"] in lines


def test_no_framework_is_loaded_and_no_state_of_pyplot(tmp_path: Path) -> None:
    """Neither the texts nor the figures load torch, tensorflow, keras or pyplot."""
    program = """
import io, sys
from pathlib import Path
import numpy as np
from rich.console import Console
from aebench import registry
from aebench.report import side_by_side
from aebench.report.gallery.listing import of
from aebench.report.gallery.material import Material
for name in registry.autoencoders():
    console = Console(file=io.StringIO(), width=120)
    side_by_side.show(name, list(registry.frameworks()), console=console)
    assert len(console.file.getvalue()) > 1000
folder = Path(sys.argv[1])
for picture in of(Material(registry.autoencoder("sparse"), {"pytorch": ({"samples": np.ones((60, 36))}, {})})):
    if hasattr(picture, "save"):
        picture.save(folder / f"{picture.name}.png")
heavy = {"torch", "tensorflow", "keras", "jax", "matplotlib.pyplot"}
heavy |= {f"aebench.implementations.{f}.{a}" for f in registry.frameworks() for a in registry.autoencoders()}
print(sorted(heavy & set(sys.modules)))
"""
    run = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "[]\n", "")
    assert (tmp_path / "sparse" / "generated.png").exists()
