"""What the results of the Python interface show in a notebook and in a terminal, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from examples import OPTIONS, conditions, trial

from aebench import api
from aebench.quality.equivalence import Comparison
from aebench.quality.table import Pair, Row, Values
from aebench.records import documents
from aebench.report.frames import Field, Frame

ODD = "<b> & "  # what a page may not take for its own


@dataclass
class Grid:
    """A table of a page. head, rows: each cell's text, and whether it is flush right."""

    caption: str = ""
    head: list[tuple[str, bool]] = field(default_factory=list)
    rows: list[list[tuple[str, bool]]] = field(default_factory=list)

    @property
    def headings(self) -> list[str]:
        """The texts of the head."""
        return [text for text, _ in self.head]

    @property
    def texts(self) -> list[list[str]]:
        """The texts of the rows."""
        return [[text for text, _ in row] for row in self.rows]


class Seen(HTMLParser):
    """What a reader of HTML sees: paragraphs, those in bold, and tables. stray: tags that nothing here is made of."""

    KNOWN = frozenset(
        ("p", "strong", "table", "caption", "thead", "tbody", "tr", "th", "td", "br", "pre", "span", "div", "code")
    )

    def __init__(self, html: str) -> None:
        super().__init__()
        self.paragraphs: list[str] = []
        self.bold: list[str] = []
        self.tables: list[Grid] = []
        self.stray: list[str] = []
        self._text, self._right = "", False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.KNOWN:
            self.stray.append(tag)
        if tag == "table":
            self.tables.append(Grid())
        if tag == "tr":
            self.tables[-1].rows.append([])
        if tag in ("p", "caption", "th", "td"):
            self._text, self._right = "", "text-align: right" in (dict(attrs).get("style") or "")
        if tag == "br":
            self._text += "\n"

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "strong":
            self.bold.append(self._text)
        if tag == "p":
            self.paragraphs.append(self._text)
        if tag == "caption":
            self.tables[-1].caption = self._text
        if tag in ("th", "td"):
            self.tables[-1].rows[-1].append((self._text, self._right))
        if tag == "thead":
            self.tables[-1].head = self.tables[-1].rows.pop()


def seen(shown: Any) -> Seen:
    """What a notebook shows of it, with no tag but those that paragraphs and tables are made of."""
    found = Seen(shown._repr_html_())
    assert [] == found.stray
    return found


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal in which no table comes in parts."""
    monkeypatch.setenv("COLUMNS", "400")


@pytest.fixture
def table() -> api.Table:
    """A table with every kind of field, one without a value, and texts that a page would take for tags."""
    fields = (
        Field("autoencoder", "text"), Field("empty", "number", "nats"), Field("loss", "number", f"{ODD}nats"),
        Field("note", "text"), Field("epoch", "integer"), Field("warm", "flag"),
    )  # fmt: skip
    rows: list[tuple[Any, ...]] = [
        ("tied", None, 0.123456789, f"{ODD}one", 3, True),
        ("sparse", None, None, None, 20, False),
        ("tied", None, 98765.4321, "two\nlines", 100, None),
    ]
    return api.Table(Frame("odd", f"{ODD}caption", fields, rows))


def test_a_notebook_shows_every_cell_under_its_heading(table: api.Table) -> None:
    """Every row to the last, five digits, nothing where a value is missing, no empty column; texts as they are, flush
    left, and all else flush right, as are their headings."""
    (grid,) = seen(table).tables
    assert f"{ODD}caption" == grid.caption
    aligned = [False, True, False, True, True]
    assert list(zip(["autoencoder", f"loss, {ODD}nats", "note", "epoch", "warm"], aligned, strict=True)) == grid.head
    expected = [
        ["tied", "0.12346", f"{ODD}one", "3", "True"],
        ["sparse", "", "", "20", "False"],
        ["tied", "98765", "two\nlines", "100", ""],
    ]
    assert expected == grid.texts
    assert [aligned] * 3 == [[right for _, right in row] for row in grid.rows]


def test_a_terminal_shows_the_same_rows(table: api.Table) -> None:
    """Numbers end where their heading ends; texts begin where theirs does."""
    lines = repr(table).splitlines()
    assert f"{ODD}caption" in lines
    head = next(line for line in lines if line.startswith("autoencoder"))
    first, second, third, fourth = lines[-4:]
    assert ["tied", "sparse", "tied"] == [line.split()[0] for line in (first, second, third)]
    assert head.index("nats") + 4 == first.index("0.12346") + 7 == third.index("98765") + 5
    assert head.index("note") == first.index(f"{ODD}one") == third.index("two") == fourth.index("lines")
    assert ["sparse", "20", "False"] == second.split() == repr(table.of("sparse")).splitlines()[-1].split()


def test_the_rows_of_one_autoencoder_are_all_of_them(table: api.Table) -> None:
    """In their order, the first and the last among them; the caption and the columns stay; another has none."""
    found = table.of("tied")
    assert [3, 100] == [row["epoch"] for row in found.rows]
    assert [0.123456789, 98765.4321] == [row["loss"] for row in found.rows]
    assert (table.columns, table.frame.title) == (found.columns, found.frame.title)
    assert [20] == [row["epoch"] for row in table.of("sparse").rows]
    assert [] == table.of("stacked").rows


def different(left: str, right: str, n: int) -> Pair:
    """Two frameworks that differ by more than the margin."""
    return Pair(left, right, Comparison(n, -0.008, 0.001, -0.009, -0.007, 0.005, 0.004), 0.004)


@pytest.fixture
def quality() -> api.Quality:
    """Metrics of two autoencoders, among each other: one that differs, and one of two formulas."""
    mse = {"tensorflow": Values({0: 0.010, 1: 0.014}), "pytorch": Values({0: 0.02, 1: 0.02})}
    purity = {"tensorflow": Values({0: 0.5}), "pytorch": Values({})}
    other = {"tensorflow": Values({}), "pytorch": Values({0: 0.75})}
    return api.Quality([
        Row("tied", "test_mse", 1, "squared intensity", None, mse, (different("tensorflow", "pytorch", 2),)),
        Row("tied", "purity", 1, "fraction", None, purity, ()),
        Row("tied", "purity", 2, f"{ODD}fraction", None, other, ()),
        Row("sparse", "activation", 1, "nats", None, {"pytorch": Values({3: 7.25})}, ()),
    ])  # fmt: skip


def test_quality_shows_what_differs_before_its_tables(quality: api.Quality) -> None:
    """The verdict in bold, a paragraph for each difference and for what is not compared, a table for each autoencoder
    with each value under its framework. Student's t for two seeds of deviation 0.002 * sqrt(2): 12.706 * 0.002."""
    found = seen(quality)
    assert [quality.verdict] == found.bold == found.paragraphs[:1]
    assert found.paragraphs[1:] == [
        "tied, test_mse: tensorflow 0.012 ± 0.025, pytorch 0.02 ± 0: -0.008 (-0.009 … -0.007), margin 0.005: different "
        "(p 0.004)",
        "tied, purity: not compared between formulas (version 1 in tensorflow; version 2 in pytorch); train again with "
        "one aebench",
    ]
    assert all(line in " ".join(repr(quality).split()) for line in found.paragraphs)
    tied, sparse = found.tables
    assert ("tied", "sparse") == (tied.caption, sparse.caption)
    assert ["metric", "unit", "tensorflow", "pytorch", "difference"] == tied.headings[:5]
    assert [row[:5] for row in tied.texts] == [
        ["test_mse", "squared intensity", "0.012 ± 0.025", "0.02 ± 0", "-0.008"],
        ["purity", "fraction", "0.5", "–", "–"],
        ["purity (formula 2)", f"{ODD}fraction", "–", "0.75", "–"],
    ]
    assert ["different (p 0.004)", "not compared", "not compared"] == [row[-1] for row in tied.texts]
    assert [["activation", "nats", "7.25"]] == [row[:3] for row in sparse.texts]


def test_the_quality_of_one_autoencoder_is_every_row_of_it(quality: api.Quality) -> None:
    """In their order, and none of another's."""
    assert ["test_mse", "purity", "purity"] == [row.metric for row in quality.of("tied").found]
    assert [1, 1, 2] == [row.version for row in quality.of("tied").found]
    assert ["activation"] == [row.metric for row in quality.of("sparse").found]
    expected = (
        "Quality of tensorflow and pytorch over 2 seeds, 1 comparison: 1 different, none equivalent, none undecided."
    )
    assert expected == quality.of("tied").verdict


def agreed(dtype: str, arrays: int, headroom: float, sees: float, **changes: Any) -> dict[str, Any]:
    """One pair of frameworks, of one rung."""
    rung = {
        "rung": "forward", "place": "p", "arrays": arrays, "headroom": headroom, "sensitivity": sees, "relative": 1e-7,
        "bound": 1e-6, "reason": "rounding",
    }  # fmt: skip
    row = {
        "autoencoder": "tied", "seed": 0, "dtype": dtype, "left": "tensorflow", "right": "pytorch",
        "arbiter": "reference", "parting": None, "vacuous": [], "blind": {}, "rungs": [rung],
    }  # fmt: skip
    return {**row, **changes}


PARTED = {"parting": f"step 3 of {ODD}phase1", "command": "aebench agree tied"}
LOST = {"autoencoder": "sparse", "framework": "pytorch", "failure": f"lost {ODD}it"}


def test_agreement_shows_what_was_compared_and_what_is_wrong() -> None:
    """The verdict in bold, then who was compared in how many arrays, then a paragraph for each thing that is wrong;
    the table holds each dtype under its name."""
    blind = {"blind": {"place": 0.5, "other": 0.25}}
    rows = [agreed("float64", 1_200, 8.0, 3e-6, **blind), agreed("float32", 34, 5.0, 2e-4, left="reference")]
    sound = api.Agreement({"agreements": rows, "failures": []})
    found = seen(sound)
    assert [sound.verdict] == found.bold
    compared = (
        "Compared: tensorflow, pytorch, reference, 1,234 pairs of arrays in both dtypes; 2 decided by rounding alone."
    )
    assert [sound.verdict, compared] == found.paragraphs
    assert compared in repr(sound)
    (grid,) = found.tables
    assert (["autoencoder", "float64", "float32"], [["tied", "×8, sees 3e-06", "×5, sees 2e-04"]]) == (
        grid.headings, grid.texts
    )  # fmt: skip
    parted = api.Agreement({"agreements": [agreed("float32", 7, 8.0, 3e-6, **PARTED)], "failures": [LOST]})
    assert seen(parted).paragraphs == [
        "1 of 1 part: tied.",
        "Compared: tensorflow, pytorch, 7 pairs of arrays in float32; none decided by rounding alone.",
        f"tied, float32: step 3 of {ODD}phase1",
        "  again with: aebench agree tied",
        "  as a script: aebench reproduce tied -o issue",
        f"sparse, pytorch: lost {ODD}it",
    ]
    nothing = api.Agreement({"agreements": [], "failures": [LOST]})
    nothing_said = "Nothing was compared: two must have the autoencoder, two frameworks or one and the reference."
    assert [nothing_said, f"sparse, pytorch: lost {ODD}it"] == seen(nothing).paragraphs
    assert [] == seen(nothing).tables


def test_a_run_shows_each_problem(tmp_path: Path) -> None:
    """The verdict in bold, a paragraph for each: what parts, a training that failed, a metric that is not a number;
    then the table, each framework's value under its name."""
    broken = {"autoencoder": "sparse", "framework": "pytorch", "seed": 5, "failure": f"no {ODD}memory"}
    document = {
        "options": {**OPTIONS, "autoencoders": ["tied", "sparse"], "seeds": [5], "agreement": True},
        "conditions": conditions(), "complete": True, "failures": [],
        "agreements": [agreed("float32", 7, 8.0, 3e-6, **PARTED), agreed("float64", 7, 9.0, 3e-6)],
        "trials": [trial("tensorflow", 5, 0.25), broken, trial("pytorch", 5, 0.5, invalid={"x": f"x is {ODD}NaN"})],
    }  # fmt: skip
    documents.write(tmp_path / "result.json", "run", document)
    result = api.result(tmp_path)
    found, problems = seen(result), [
        f"tied, float32: step 3 of {ODD}phase1", f"sparse, pytorch: no {ODD}memory",
        f"tied, pytorch, seed 5: x is {ODD}NaN",
    ]  # fmt: skip
    assert [result.verdict] == found.bold
    assert [result.verdict, *problems] == found.paragraphs
    lines = repr(result).splitlines()
    assert problems == [line for line in lines if line in problems]
    (grid,) = found.tables
    expected = ["autoencoder", "agreement\nfloat64", "agreement\nfloat32", "on test data", "quality\ntensorflow"]
    assert [*expected, "quality\npytorch"] == grid.headings
    assert ["tied", "agree ×9", "parts", "MSE", "0.25", "0.5"] == grid.texts[0]
    assert ["–", "failed"] == grid.texts[1][-2:]
    assert [False, False, False, False, True, True] == [right for _, right in grid.head]


def test_each_text_stands_under_its_framework(tmp_path: Path) -> None:
    """A row for each definition, the text of a framework in its own column, a gap where it has none."""
    given = {
        "toy": f'"""Of <toy>."""\n\n\ndef decode() -> str:\n    return "toy {ODD}"\n',
        "other": '"""Of other."""\n\n\ndef encode() -> int:\n    return 1\n\n\ndef decode() -> int:\n    return 2\n',
    }
    paths = {name: tmp_path / f"{name}.py" for name in given}
    for name, text in given.items():
        paths[name].write_text(text, encoding="utf-8")
    (grid,) = seen(api.Texts("tied", tuple(given), {f"{ODD}title": paths}, ())).tables
    assert (f"{ODD}title", ["toy", "other"]) == (grid.caption, grid.headings)
    assert grid.texts == [
        ['"""Of <toy>."""', '"""Of other."""'],
        ["", "def encode() -> int:\n    return 1"],
        [f'def decode() -> str:\n    return "toy {ODD}"', "def decode() -> int:\n    return 2"],
    ]
