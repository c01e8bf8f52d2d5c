"""What is known of outcomes: a difference that is known is marked, and one that no longer shows is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import structs

from aebench.agreement.ladder import RUNGS
from aebench.comparison.findings import MEASURES
from aebench.comparison.outcomes import CLIMB
from aebench.errors import ResultError, nearest
from aebench.records.known import Known
from aebench.records.matrices import Outcome
from aebench.speed.ratios import IMPORT, OF_AN_AUTOENCODER, PEAKS

Versions = Mapping[str, tuple[str, str]]
"""By framework, those of base and head."""
# Of what is so, nobody knows whether a difference shows.
OPEN = ("undecided", "undone")


ROWS: Mapping[str, tuple[str, ...]] = {
    "numbers": (*RUNGS, CLIMB),
    "speed": (*OF_AN_AUTOENCODER, IMPORT),
    "memory": tuple(MEASURES[measure] for measure in PEAKS),
}
"""What a row of a part can be called; one of quality is a metric."""


def require_rows(known: Iterable[Known], where: object) -> None:
    """Each known difference is of a row that a comparison may have.

    Raises:
        ResultError: one is not, and would excuse nothing, nor ever be called gone. where: the file.
    """
    for it in known:
        rows = ROWS.get(it.what)
        wrong = it.of not in rows if rows else any(it.of in others for others in ROWS.values())
        if wrong or (it.verdict == "failed") != (it.of == CLIMB):
            fitting = [CLIMB] if it.verdict == "failed" else [row for row in rows or () if row != CLIMB]
            near = "" if it.of == IMPORT else nearest(it.of, fitting)
            expected = f"; expected {', '.join(fitting)}" if fitting else "; expected a metric"
            raise ResultError(f"{where}: no row '{it.row}' can be {it.verdict}{near or expected}")


def marked(outcomes: Iterable[Outcome], versions: Versions, known: Sequence[Known]) -> list[Outcome]:
    """The outcomes, those that a known difference between the versions explains with its reason."""
    return [_marked(outcome, [it for it in known if _shows(it, outcome, versions)]) for outcome in outcomes]


def _marked(outcome: Outcome, explained: Sequence[Known]) -> Outcome:
    for it in explained[:1]:
        upstream = f" ({it.upstream})" if it.upstream else ""
        return structs.replace(outcome, weight="known", known=f"{it.reason}{upstream}")
    return outcome


def gone(outcomes: Sequence[Outcome], versions: Versions, known: Iterable[Known]) -> Iterator[tuple[str, str]]:
    """Each known difference that lies between the versions, whose row was compared, and that does not show: about what,
    and a sentence."""
    for it in known:
        beside = [outcome for outcome in outcomes if _is_beside(it, outcome, versions)]
        mine = [outcome for outcome in beside if outcome.row == it.of] or beside
        if mine and not any(_shows(it, outcome, versions) or outcome.weight in OPEN for outcome in mine):
            base, head = versions[it.framework]
            found = ", ".join(f"{outcome.row} {outcome.verdict}".strip() for outcome in mine)
            words = (
                f"known as {it.verdict} from {base} to {head}, and now it is {found}; take its entry away, or find out "
                f"why. It was known because: {it.reason}"
            )
            yield f"{it.framework} {it.versions}, {it.row}", words


def _shows(it: Known, outcome: Outcome, versions: Versions) -> bool:
    here = _is_beside(it, outcome, versions)
    return here and (outcome.row, outcome.verdict) == (it.of, it.verdict)


def _is_beside(it: Known, outcome: Outcome, versions: Versions) -> bool:
    """Whether the outcome is of the autoencoder and the part that could show the difference."""
    same = (outcome.framework, outcome.autoencoder, outcome.what) == (it.framework, it.autoencoder, it.what)
    return same and it.lies_between(*versions[it.framework])
