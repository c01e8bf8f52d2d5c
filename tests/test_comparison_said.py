"""docs/comparison.md says of audits and matrices on record what they hold: its tables are made of their data."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from number_words import NUMBERS

from aebench.audit.counting import false_alarms, kinds
from aebench.comparison.findings import most
from aebench.records import documents
from aebench.records.audits import Audit
from aebench.records.comparisons import Comparison, Numbers
from aebench.records.fields import checked

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
# A row of the table, and what an audit calls it.
PLANTED = {
    "20 % slower": "20 % slower",
    "10 % slower": "10 % slower",
    "5 % slower, at the thresholds 1 and 5 %": "5 % slower, thresholds 1 and 5 %",
    "5 % slower, which may be called either way": "5 % slower",
    "3 % slower, likewise": "3 % slower",
    "10 % more memory": "10 % more",
}


def row_of(name: str, header: str) -> list[str]:
    """The cells of the row of that name in the table below the header."""
    table = TEXT[TEXT.index(header) :].partition("\n\n")[0]
    (line,) = (line for line in table.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")[1:]]


def audit_of(name: str) -> Audit:
    """An audit on record."""
    return checked(documents.read(ROOT / "results" / "audit" / name / "audit.json", "audit"), Audit)


@pytest.mark.parametrize(("folder", "first"), [("reference", 0), ("reference-avx2", 3)])
@pytest.mark.parametrize("name", PLANTED)
def test_what_was_planted_was_caught_so_often(name: str, folder: str, first: int) -> None:
    """Of the rows that can be gated, of those that are too noisy, and the seconds of the middle call."""
    found = {kind.name: kind for kind in kinds(audit_of(folder).cases)}
    kind, noisy = found[PLANTED[name]], found.get(f"{PLANTED[name]}, in rows too noisy to gate")
    open_ = f", {NUMBERS[kind.undecided]} undecided" if kind.undecided and "which may" not in name else ""
    expected = [
        f"{kind.caught.said} of {kind.caught.of}{open_}",
        f"{noisy.caught.said} of {noisy.caught.of}" if noisy else "",
        f"{kind.seconds:.0f}",
    ]
    assert expected == row_of(name, "| planted in `linear`, reference |")[first : first + 3]


@pytest.mark.parametrize(("folder", "first"), [("reference", 0), ("reference-avx2", 3)])
def test_false_alarms_are_counted_and_bounded(folder: str, first: int) -> None:
    """Their number, and the exact bound of the sentence below the table."""
    found = audit_of(folder)
    alarms = false_alarms(found.cases)
    header = "| planted in `linear`, reference |"
    cells = row_of("false alarms, in verdicts on rows in which nothing was planted", header)
    assert f"{alarms.said} of {alarms.of}" == cells[first]
    assert f"{100 * alarms.at_most():.2f} % on the" in " ".join(TEXT.split())
    assert f"[{len(found.cases)} " in TEXT


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("tensorflow/tf219", "TensorFlow 2.19.1"),
        ("tensorflow/tf220", "TensorFlow 2.20.0"),
        ("tensorflow/tf221", "TensorFlow 2.21.0"),
        ("pytorch/torch2141", "PyTorch 2.14.1"),
    ],
)
def test_what_a_version_moved_is_what_its_record_holds(folder: str, name: str) -> None:
    """How many climbs became what; how far, by the largest share of a bound; at which rung most autoencoders begin."""
    content = documents.read(ROOT / "results" / "matrix" / folder / "comparison.json", "comparison")
    rows = checked(content, Comparison).numbers
    climbs, said = row_of(name, "| against TensorFlow 2.18.1, PyTorch 2.13.0 |")
    ((verdict, count),) = Counter(row.verdict for row in rows).items()
    assert f"{count} of {len(rows)} {verdict}" == climbs
    if verdict == "identical":
        return
    of = {dtype: [row for row in rows if row.dtype == dtype] for dtype in ("float32", "float64")}
    shares = [f"{max(most(row).share for row in mine):.0%}".replace("%", " %") for mine in of.values()]
    assert all(share in said for share in shares), shares
    where, head = folder.split("/")
    heads = documents.read(ROOT / "results" / "matrix" / where / "matrix.json", "matrix")["heads"]
    (found,) = ([it["row"] for it in each["outcomes"]] for each in heads if each["name"] == head)
    ((rung, times),) = Counter(found).most_common(1)
    words = {"losses": "the loss is the first", "forward": "the forward pass"}
    assert f"in {NUMBERS[times]}" in said.partition(words[rung])[2].partition(",")[0]


def losses(name: str, version: str) -> float:
    """How far head's loss is from the reference in float32, over base's distance."""
    path = ROOT / "results" / "matrix" / "tensorflow" / version / "comparison.json"
    rows: list[Numbers] = checked(documents.read(path, "comparison"), Comparison).numbers
    (row,) = (row for row in rows if (row.autoencoder, row.dtype) == (name, "float32"))
    (rung,) = (rung for rung in row.rungs if rung.rung == "losses")
    return rung.head / rung.base


def test_the_two_losses_that_are_named_moved_so_far() -> None:
    """One away from the reference, one towards it."""
    header = "| against TensorFlow 2.18.1, PyTorch 2.13.0 |"
    further, nearer = losses("tied", "tf219"), 1 / losses("variational_gamma", "tf220")
    said = row_of("TensorFlow 2.19.1", header)[1]
    assert f"in `tied` the loss is {further:.1f} times further from the reference" in said
    assert f"the loss of `variational_gamma` is {nearer:.0f} times nearer" in row_of("TensorFlow 2.20.0", header)[1]
