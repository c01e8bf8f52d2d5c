"""What a run found, in a few sentences: who agrees, what is wrong, what is not known. It stands before every number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from aebench import registry
from aebench.counted import counted
from aebench.running.options import DTYPES, Options, ordered

Document = Mapping[str, Any]
AGREES, PARTS, VACUOUS = "agrees", "parts", "has a vacuous rung"
IN_PART, NOT_COMPARED = "was compared in part", "was not compared"
PLURAL = {
    PARTS: "part", VACUOUS: "have vacuous rungs", IN_PART: "were compared in part",
    NOT_COMPARED: "were not compared",
}  # fmt: skip
NAMED = 4  # names that a sentence lists before it only counts


def sentences(document: Document, verdicts: Sequence[str] = ()) -> Iterator[str]:
    """Whether the run is whole, who agrees, how many trainings failed, and the verdicts on quality by their number.

    verdicts: of each pair and metric over the seeds, such as "equivalent"; none where there is one seed.
    """
    options = document["options"]
    trained = [row for row in document["trials"] if "failure" not in row]
    asked = _asked(document)
    if not document["complete"]:
        yield f"Interrupted: {len(document['trials'])} of {counted(asked, 'training')} {_is(asked)} done."
    if options["agreement"]:
        yield from _agreement(document)
    else:
        yield "Agreement was not asked for."
    failed = len(document["trials"]) - len(trained)
    wrong = sum(1 for row in trained if row.get("invalid"))
    if failed:
        yield f"{failed} of {counted(asked, 'training')} failed."
    if wrong:
        yield f"{counted(wrong, 'training')} ended with metrics that are not numbers."
    if verdicts:
        counts = ", ".join(f"{number} {verdict}" for verdict, number in Counter(verdicts).most_common())
        over = counted(len(options["seeds"]), "seed")
        yield f"Quality over {over}: of {counted(len(verdicts), 'comparison')} {counts}."


def state(agreements: Sequence[Document], frameworks: Sequence[str]) -> str:
    """How the comparisons of one autoencoder in one dtype ended; what was not compared does not agree.

    frameworks: those that were asked for; every pair of them has to be there, and a single one in some pair.
    """
    if any(row["parting"] for row in agreements):
        return PARTS
    if any(row.get("vacuous") for row in agreements):
        return VACUOUS
    if not agreements:
        return NOT_COMPARED
    compared = {frozenset((row["left"], row["right"])) for row in agreements}
    pairs = {frozenset(pair) for pair in combinations(frameworks, 2)}
    return AGREES if compared >= pairs and set(frameworks) <= frozenset().union(*compared) else IN_PART


def least_headroom(agreements: Sequence[Document]) -> tuple[float, Document | None]:
    """The least headroom of all rungs, and the agreement that has it; infinite where nothing was compared."""
    found = [(float(rung["headroom"]), number) for number, row in enumerate(agreements) for rung in row["rungs"]]
    least, number = min(found, default=(float("inf"), None))
    return least, None if number is None else agreements[number]


def _agreement(document: Document) -> Iterator[str]:
    """What became of those that do not agree, the gravest first; then who does, with the least headroom."""
    names = _names(document)
    states = {name: _worst(document, name) for name in names}
    for other, plural in PLURAL.items():
        found = [name for name in names if states[name] == other]
        if found:
            listed = ", ".join(found) if len(found) <= NAMED else f"{len(found)} of {len(names)} autoencoders"
            yield f"{listed} {other if len(found) == 1 else plural}."
    agreeing = [name for name in names if states[name] == AGREES]
    dtypes = " and ".join(DTYPES)
    if agreeing:
        least, where = least_headroom([row for row in document["agreements"] if row["autoencoder"] in agreeing])
        who = names[0] if len(names) == 1 else _share(len(agreeing), len(names))
        at = f"; least headroom ×{least:.3g} ({where['autoencoder']}, {where['dtype']})" if where else ""
        yield f"{who} {'agrees' if len(agreeing) == 1 else 'agree'} in {dtypes}{at}."


def _worst(document: Document, name: str) -> str:
    """The state of an autoencoder over the dtypes, the worst one of them."""
    frameworks = document["options"]["frameworks"]
    mine = [row for row in document["agreements"] if row["autoencoder"] == name]
    found = {state([row for row in mine if row["dtype"] == dtype], frameworks) for dtype in DTYPES}
    if found == {AGREES, NOT_COMPARED}:
        return IN_PART
    return next(state for state in (*PLURAL, AGREES) if state in found)


def _asked(document: Document) -> int:
    """How many trainings the run consists of."""
    options = document["options"]
    return len(_names(document)) * len(options["seeds"]) * len(options["frameworks"])


def _names(document: Document) -> list[str]:
    """The autoencoders asked for; one that is not known here, as another machine's may be, is asked for alone."""
    options, known = document["options"], registry.autoencoders()
    names = dict.fromkeys(options["autoencoders"])
    here = ordered(Options(tuple(name for name in names if name in known), tuple(options["frameworks"])))
    return [*here, *(name for name in names if name not in known)]


def _share(some: int, every: int) -> str:
    if some < every:
        return f"{some} of {every} autoencoders"
    return "Both autoencoders" if every == 2 else f"All {every} autoencoders"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
