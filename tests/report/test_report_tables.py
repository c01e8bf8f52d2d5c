"""Tables show every character of every cell at whatever width the screen has."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from aebench.report.tables import Column, Table

WIDTHS = (20, 40, 60, 80, 120, 200)
FRAMEWORKS = ("reference", "tensorflow", "pytorch", "tensorflow-eager", "pytorch-compiled")
ROWS = (
    ("layerwise_separate", "agree ×11.5", "accuracy, finetuned"),
    ("denoising_gaussian", "not [compared]", "MSE"),
)


def _table(frameworks: int) -> Table:
    named = FRAMEWORKS[:frameworks]
    columns = [Column("autoencoder"), Column("float64", over="agreement"), Column("on test data", wraps=True)]
    columns += [Column(name, over=over, right=True) for over in ("quality", "ms/1,000") for name in named]
    table = Table("Everything at once", columns)
    for number, row in enumerate(ROWS):
        table.add(*row, *(f"{number}.{10 * column}7654321" for column in range(2 * len(named))))
    return table


def _shown(table: Table, width: int, **console: object) -> str:
    out = io.StringIO()
    table.print(Console(file=out, width=width, highlight=False, **console))
    return out.getvalue()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("frameworks", [1, 2, 3, 5])
def test_every_cell_is_there_and_no_line_is_wider_than_the_screen(frameworks: int, width: int) -> None:
    """Rows, headings and numbers stand in the output letter by letter, whatever form the table takes."""
    table = _table(frameworks)
    shown = _shown(table, width)
    words = {word for row in table.rows for cell in row for word in cell.split()}
    words |= {word for column in table.columns[1:] for word in column.title.split()}
    assert set() == {word for word in words if word not in shown}
    assert "…" not in shown
    assert [] == [line for line in shown.splitlines() if len(line) > width]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_number_stands_in_one_line_even_where_it_must_be_turned(width: int) -> None:
    """A number that is broken over two lines is as good as cut: it is read as two."""
    table = _table(3)
    lines = _shown(table, width).splitlines()
    numbers = [cell for row in table.rows for cell in row[3:]]
    assert numbers == [number for number in numbers if any(number in line.split() for line in lines)]


@pytest.mark.parametrize(
    ("width", "parts"),
    [
        (200, [[0, 1, 2, 3, 4, 5, 6]]),
        (80, [[0, 1, 2, 3, 4], [0, 5, 6]]),
        (60, [[0, 1, 2], [0, 3, 4], [0, 5, 6]]),
        (35, [[0, 1], [0, 2], [0, 3], [0, 4], [0, 5], [0, 6]]),
        (34, []),
    ],
)
def test_parts_keep_together_what_belongs_together(width: int, parts: list[list[int]]) -> None:
    """Each part repeats the names of the rows; the columns under one heading are parted last; no part: it is turned."""
    columns = [Column("autoencoder"), Column("float64"), Column("float32")]
    columns += [Column(name, over=over) for over in ("quality", "ms/1,000") for name in ("tensorflow", "pytorch")]
    table = Table("", columns)
    table.add("layerwise_separate", "agree ×11.5", "agree ×8.0", "0.0156221234567", "0.015551", "22.6", "39.2")
    assert parts == table.parts(width)


def test_prose_is_broken_between_words_before_a_table_comes_in_parts() -> None:
    """What is no number gives way first."""
    table = Table("", [Column("name"), Column("what it is", wraps=True), Column("layers", right=True)])
    table.add("tied", "the decoder's weights are the encoder's, transposed, in every one of the layers", "784-300-784")
    assert [[0, 1, 2]] == table.parts(45)
    assert 3 == len([line for line in _shown(table, 45).split("─\n")[1].splitlines() if line.strip()])


def test_turned_rows_leave_out_what_is_empty() -> None:
    """A row that ends early, such as a heading among the rows, has no lines of empty cells."""
    table = Table("T", [Column("framework"), Column("seconds", over="time"), Column("")])
    table.add("tensorflow-eager", "1.25", Text("failed", "red"))
    table.add("pytorch-compiled")
    assert "T\n\ntensorflow-eager\n  time seconds: 1.25\n  failed\n\npytorch-compiled\n\n" == _shown(table, 22)


def test_colour_changes_no_character() -> None:
    """With colours forced, as in CI, the same text is there."""
    table = Table("T", [Column("name"), Column("state")])
    table.add("tied", Text("parts", "red"))
    plain, coloured = _shown(table, 40), _shown(table, 40, force_terminal=True, color_system="standard")
    assert "\x1b[31mparts" in coloured
    assert plain.rstrip("\n") == Text.from_ansi(coloured).plain.rstrip("\n")


def test_what_is_compared_stays_beside_each_other() -> None:
    """Values of two sides come in no parts, one far below the other: a row is a paragraph where they do not fit."""
    table = Table("T", [Column("name"), Column("base"), Column("head")], compares=True)
    table.add("keras", "3.11.3 of 2025", "3.13.0 of 2026")
    assert [[0, 1, 2]] == table.parts(37)
    assert "T\n\nkeras\n  base: 3.11.3 of 2025\n  head: 3.13.0 of 2026\n\n" == _shown(table, 36)
