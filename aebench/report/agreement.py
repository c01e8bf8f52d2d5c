"""What `aebench agree` says: the verdict first, then what parts or could not be judged, then a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from aebench.records.archive import SUFFIX
from aebench.report.prose import say
from aebench.report.summary import print_problems
from aebench.report.tables import Column, Table

Document = Mapping[str, Any]
DTYPES = ("float64", "float32")


def print_agreements(document: Document, console: Console, *, everything: bool = False) -> None:
    """One line of verdict, one of what was compared, then what is wrong or could not be judged, then the least headroom
    of each autoencoder and dtype.

    everything: a row for each pair and rung.
    """
    rows = document["agreements"]
    console.print(Text(verdict(document), "bold red" if at_fault(document) else "bold green"))
    if rows:
        console.print(Text(compared(rows)))
    print_problems(wrong(document), console)
    for found in unjudged(rows):
        say(found.sentence(), console, "dim")
    if rows:
        console.print()
        (_every_rung(rows) if everything else overview(rows)).print(console)
        console.print(Text(EXPLAINED, "dim"))


EXPLAINED = (
    "×8: the frameworks could differ 8 times as much before they part. sees 3e-6: every rung shows a relative fault of "
    "that size in one of its arrays at least. Least of all pairs and rungs; each with --all."
)


def verdict(document: Document) -> str:
    """The outcome in one sentence."""
    rows, failures = document["agreements"], document["failures"]
    if not rows:
        return "Nothing was compared: two must have the autoencoder, two frameworks or one and the reference."
    names = list(dict.fromkeys(row["autoencoder"] for row in rows))
    parted = list(dict.fromkeys(row["autoencoder"] for row in rows if row["parting"]))
    vacuous = list(dict.fromkeys(row["autoencoder"] for row in rows if row.get("vacuous")))
    if parted:
        return f"{len(parted)} of {len(names)} part: {', '.join(parted)}."
    lost = list(dict.fromkeys(failure["autoencoder"] for failure in failures))
    if lost:
        return f"Not everything was compared: {', '.join(lost)} failed; nothing else parts."
    if vacuous:
        return f"Nothing parts, but {', '.join(vacuous)} has a rung that is vacuous."
    row, rung = min(((row, rung) for row in rows for rung in row["rungs"]), key=lambda found: found[1]["headroom"])
    sees = max(_sees(row) for row in rows)
    many = "Both" if len(names) == 2 else f"All {len(names)}"
    whole = f"{many} agree" if len(names) > 1 else f"{names[0]} agrees"
    least = f"least headroom ×{rung['headroom']:.3g} at {row['autoencoder']}, {row['dtype']}, rung {rung['rung']}"
    return f"{whole} in {_within(rows)}; {least}; every rung sees faults from {sees:.0e}."


def _within(rows: Sequence[Document]) -> str:
    dtypes = [dtype for dtype in DTYPES if any(row["dtype"] == dtype for row in rows)]
    return "both dtypes" if len(dtypes) == 2 else dtypes[0]


def compared(rows: Sequence[Document]) -> str:
    """Who was compared, in how many arrays, and how many of these say nothing."""
    subjects = list(dict.fromkeys(name for row in rows for name in (row["left"], row["right"])))
    arrays = sum(rung.get("arrays", 0) for row in rows for rung in row["rungs"])
    alone = sum(row.get("arbiter", "") is None for row in rows)
    judged = "" if not alone else f", {'all' if alone == len(rows) else 'some'} without an arbiter"
    who = f"{', '.join(subjects)}, {arrays:,} pairs of arrays in {_within(rows)}"
    blind = sum(len(row.get("blind", ())) for row in rows)
    return f"Compared: {who}{judged}; {blind or 'none'} decided by rounding alone."


def at_fault(document: Document) -> bool:
    """Whether something failed, parts, or is judged by a rung that lets anything through."""
    return bool(document["failures"]) or any(row["parting"] or row.get("vacuous") for row in document["agreements"])


def wrong(document: Document) -> Iterator[str]:
    """What parts and how to see it again, and what failed; a line each."""
    for row in document["agreements"]:
        if row["parting"]:
            yield f"{row['autoencoder']}, {row['dtype']}: {row['parting']}"
        if row["parting"] and "command" in row:
            yield f"  again with: {row['command']}"
            yield from _as_script(row["command"])
        for rung in row.get("vacuous", ()):
            pair = f"{row['left']} – {row['right']}"
            yield f"{row['autoencoder']}, {row['dtype']}, {pair}: rung {rung} is vacuous, it lets anything through"
    for failure in document["failures"]:
        yield f"{failure['autoencoder']}, {failure['framework']}: {failure['failure']}"


def _as_script(command: str) -> Iterator[str]:
    """The command that makes a script of what parts, where both sides can be computed with."""
    start, others = "aebench agree ", ("--teacher-forced", SUFFIX)
    if command.startswith(start) and not any(word in command for word in others):
        yield f"  as a script: aebench reproduce {command.removeprefix(start)} -o issue"


class Unjudged(NamedTuple):
    """Arrays, by place, of one autoencoder that rounding alone decides in a dtype; judge: the dtype that judges all."""

    autoencoder: str
    dtype: str
    places: list[str]
    judge: str | None

    def sentence(self) -> str:
        """Which they are, and who judges them."""
        arrays = list(dict.fromkeys("/".join(place.split("/")[1::2]) for place in self.places))
        more = f" and {len(arrays) - 4} more" if len(arrays) > 4 else ""
        judged = f"{self.judge} judges" if self.judge else "nothing judges"
        return (
            f"{self.autoencoder}, {self.dtype}: rounding hides a fault of a tenth here, which {judged}: "
            f"{', '.join(arrays[:4])}{more}"
        )


def unjudged(rows: Sequence[Document]) -> Iterator[Unjudged]:
    """What no bound can judge, for each autoencoder and dtype."""
    for name in dict.fromkeys(row["autoencoder"] for row in rows):
        blind: dict[str, dict[str, None]] = {}
        for row in rows:
            if row["autoencoder"] == name:
                blind.setdefault(row["dtype"], {}).update(dict.fromkeys(row.get("blind", ())))
        for dtype, places in blind.items():
            judge = next((other for other in blind if blind[other].keys().isdisjoint(places)), None)
            if places:
                yield Unjudged(name, dtype, list(places), judge)


def overview(rows: Sequence[Document]) -> Table:
    """A row for each autoencoder, a column for each dtype."""
    dtypes = [dtype for dtype in DTYPES if any(row["dtype"] == dtype for row in rows)]
    table = Table("Least headroom and sensitivity", [Column("autoencoder"), *map(Column, dtypes)])
    for name in dict.fromkeys(row["autoencoder"] for row in rows):
        of_dtype = [[row for row in rows if (row["autoencoder"], row["dtype"]) == (name, dtype)] for dtype in dtypes]
        table.add(name, *map(_cell, of_dtype))
    return table


def _every_rung(rows: Sequence[Document]) -> Table:
    """A row for each autoencoder, dtype, pair and rung."""
    columns = ["autoencoder", "dtype", "pair", "rung", "difference", "headroom", "sees"]
    table = Table("Every pair and rung, at the array with the least headroom", [Column(name) for name in columns], 4)
    for row in rows:
        pair = f"{row['left']} – {row['right']}"
        for rung in row["rungs"]:
            numbers = f"{rung['relative']:.0e}", f"×{rung['headroom']:.3g}", f"{_of(rung):.0e}"
            table.add(row["autoencoder"], row["dtype"], pair, rung["rung"], *numbers)
    return table


def _cell(rows: Sequence[Document]) -> Text:
    if not rows:
        return Text("–")
    if any(row["parting"] for row in rows):
        return Text("parts", "red")
    if any(row.get("vacuous") for row in rows):
        return Text("vacuous", "red")
    least = min(rung["headroom"] for row in rows for rung in row["rungs"])
    alone = "" if any(row.get("arbiter", "") is not None for row in rows) else ", no arbiter"
    return Text(f"×{least:.3g}, sees {max(map(_sees, rows)):.0e}{alone}")


def _sees(row: Document) -> float:
    """The smallest relative fault that each rung of a pair would show."""
    return max(map(_of, row["rungs"]))


def _of(rung: Document) -> float:
    """What a rung shows; NaN in a record that does not say it."""
    return float(rung.get("sensitivity", "nan"))
