"""What `aebench calibrate` says: what can be gated here, what cannot and why, and what it takes, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from rich.console import Console
from rich.text import Text

from aebench.comparison.causes import of_machine
from aebench.comparison.foresight import MOST_UNDECIDED, SEEN, Foresight
from aebench.comparison.noise import CONFIDENCE
from aebench.comparison.sequential import LOOKS
from aebench.comparison.steadiness import GATED, Steadiness, Word
from aebench.counted import counted
from aebench.records.calibrations import Calibration
from aebench.report.prose import say
from aebench.report.tables import Column, Table

STYLES: dict[Word, str] = {
    "steady": "green", "too noisy": "bold yellow", "not measured": "bold yellow", "failed": "bold red"
}  # fmt: skip


def print_noise(found: Calibration, rows: Sequence[Steadiness], console: Console, *, everything: bool = False) -> None:
    """The verdict, what was measured beside what, a line for each reason, and a row for each measure.

    everything: also how each row varies, and what was foreseen in which noise.
    """
    steady = [row for row in rows if row.word == "steady"]
    style = "bold green" if len(steady) == len(rows) else "bold yellow" if steady else "bold red"
    say(verdict(rows), console, style)
    for line in measured(found, rows):
        say(line, console)
    for said in _unmeasured(rows):
        console.print()
        say(said, console)
    if noisy := [row for row in rows if row.word == "too noisy"]:
        console.print()
        _print_noisy(noisy, of_machine(found), console)
    known = [row for row in rows if row.foresights]
    if known:
        console.print()
        _needed(known).print(console)
        console.print(Text(_legend(), "dim"))
        if unsure := [row for row in known if not row.sure]:
            console.print()
            say(_unsure(unsure, found.wanted), console)
    if everything and known:
        console.print()
        _varying(known).print(console)
        _simulated(known).print(console)


def verdict(rows: Sequence[Steadiness]) -> str:
    """How many rows can be gated, and what became of the others."""
    counts = {word: sum(row.word == word for row in rows) for word in STYLES}
    said = [f"{counts['steady']} of {len(rows)} rows can be gated here"]
    said += [f"{count} {'is' if count == 1 else 'are'} {word}" for word, count in counts.items()
             if count and word in ("too noisy", "not measured")]  # fmt: skip
    return ", ".join([*said, *([f"{counts['failed']} failed"] if counts["failed"] else [])]) + "."


def measured(found: Calibration, rows: Sequence[Steadiness]) -> Iterator[str]:
    """What can be seen, what was measured, and what the machine did meanwhile."""
    for slowdown, thresholds in SEEN.items() if any(row.foresights for row in rows) else ():
        asked = [row for row in rows if not row.foresights or row.foresight(slowdown)]
        seen = [row for row in asked if row.word == "steady" and (it := row.foresight(slowdown)) and it.seen]
        yield (
            f"{slowdown:.0%} more can be seen in {len(seen)} of {len(asked)} rows: aebench compare … --tolerated "
            f"{thresholds.tolerated:g} --intolerable {thresholds.intolerable:g}"
        )
    sound = [block for block in found.blocks if not block.failed]
    if sound:
        blocks = counted(len(sound), "block")
        threads = "" if found.threads is None else f", {counted(found.threads, 'thread')}"
        seconds = float(np.mean([block.seconds for block in sound]))
        versions = ", ".join(_versions(found))
        yield f"Measured: {blocks} of base against base in {versions}, {seconds:.1f} s each{threads}."
        if all(row.word != "too noisy" for row in rows):
            yield f"Meanwhile {'; '.join(of_machine(found)) or 'nothing was to be seen that disturbs'}."


def _versions(found: Calibration) -> Iterator[str]:
    for name in found.options.frameworks:
        subject = found.conditions.subjects.get(name)
        yield f"{name} {(subject.version if subject else None) or ''}".strip()


def _unmeasured(rows: Sequence[Steadiness]) -> Iterator[Text]:
    """What failed or was not measured in time; what has one reason is one line."""
    same: dict[tuple[Word, tuple[str, ...]], list[str]] = {}
    for row in (row for row in rows if row.word in ("failed", "not measured")):
        same.setdefault((row.word, row.reasons), []).append(_named(row))
    for (word, reasons), names in same.items():
        yield Text.assemble((word, STYLES[word]), f": {', '.join(names)}: {'; '.join(reasons)}")


def _print_noisy(rows: Sequence[Steadiness], everywhere: Sequence[str], console: Console) -> None:
    """A line for each row with its own reasons, below those that all have."""
    word: Word = "too noisy"
    say(Text.assemble((word, STYLES[word]), f": {'; '.join(everywhere)}".rstrip(" ")), console)
    for row in rows:
        own = "; ".join(reason for reason in row.reasons if reason not in everywhere)
        foresight = row.foresight(GATED)
        undecided = f", {foresight.undecided:.0%} of calls undecided" if foresight and not foresight.seen else ""
        said = f"  {_named(row)}: ± {_percent(row.noise.deviation)}%{undecided}{'; ' * bool(own)}{own}"
        say(said, console)


def _named(row: Steadiness) -> str:
    return " ".join(filter(None, _keys(row)))


def _keys(row: Steadiness) -> tuple[str, str, str]:
    return row.noise.row.autoencoder or "", row.noise.subject, row.noise.row.measure


def _columns(*columns: Column) -> list[Column]:
    return [Column("autoencoder"), Column("subject"), Column("measure"), *columns]


def _needed(rows: Sequence[Steadiness]) -> Table:
    """What it takes to see each slow-down."""
    columns = [Column("deviation", right=True), Column(f"{CONFIDENCE:.0%} limits", right=True)]
    for slowdown in SEEN:
        columns += [Column(name, over=f"{slowdown:.0%}", right=True) for name in ("blocks", "min")]
    table = Table("What a slow-down takes to be seen", _columns(*columns), keys=3)
    for row in rows:
        low, high = row.noise.interval
        cells = [cell for slowdown in SEEN for cell in _takes(row.foresight(slowdown))]
        table.add(*_keys(row), f"{_percent(row.noise.deviation)}%", f"{_percent(low)}–{_percent(high)}%", *cells)
    return table


def _percent(part: float) -> str:
    """To two digits at least."""
    return f"{100 * part:.2g}" if part < 0.1 else f"{100 * part:.0f}"


def _takes(it: Foresight | None) -> tuple[str, str]:
    if it is None:
        return "", ""
    return (f"{it.blocks:.1f}", f"{it.minutes:.1f}") if it.seen else ("–", "–")


def _legend() -> str:
    return (
        "deviation: of a block's log ratio. blocks, min: on average until so much more is found; the minutes are those "
        f"of one autoencoder, with null controls. –: more than {MOST_UNDECIDED:.0%} of calls stay undecided after "
        f"{LOOKS[-1]} blocks, be it that there is more or not. Too noisy to be gated is what does not show {GATED:.0%}."
    )


def _unsure(rows: Sequence[Steadiness], wanted: int) -> str:
    """What so few blocks do not settle."""
    names = ", ".join(map(_named, rows))
    return f"Not sure after so few blocks: {names}. Go on with the same --output and --blocks {3 * wanted}."


def _varying(rows: Sequence[Steadiness]) -> Table:
    """In what way each row varies."""
    columns = [
        Column(name, right=True) for name in ("blocks", "seconds", "began first", "largest", "between", "within")
    ]
    # began first: how much slower such a process is; largest: deviations; between, within: processes, of the variance.
    table = Table("How blocks vary", _columns(*columns, Column("form", wraps=True)), keys=3)
    for row in rows:
        noise = row.noise
        shares = ("–", "–") if noise.within is None else (f"{1.0 - noise.within:.0%}", f"{noise.within:.0%}")
        table.add(
            *_keys(row), str(len(noise.values)), f"{noise.seconds:.1f}", f"{np.expm1(noise.order):+.1%}",
            f"{noise.largest:.1f}", *shares, noise.form or "",
        )  # fmt: skip
    return table


def _simulated(rows: Sequence[Steadiness]) -> Table:
    """What was foreseen, in noise that was drawn in either way."""
    numbers = ("found", "blocks", "passed", "blocks", "undecided")
    over = ("slower", "slower", "as before", "as before", "")
    columns = [Column(name, over=above, right=True) for name, above in zip(numbers, over, strict=True)]
    table = Table("What was foreseen", _columns(Column("more", right=True), Column("noise"), *columns), keys=5)
    for row in rows:
        for sight in (sight for it in row.foresights for sight in it.sights):
            table.add(
                *_keys(row), f"{sight.slowdown:.0%}", sight.drawn, f"{sight.found:.0%}", f"{sight.blocks:.1f}",
                f"{sight.passed:.0%}", f"{sight.passed_blocks:.1f}", f"{sight.undecided:.1%}",
            )  # fmt: skip
    return table
