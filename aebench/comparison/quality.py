"""Do head's trainings end as well as base's? Both are trained seed by seed, as far as the verdict needs.

Judged is every metric that has a margin. The metrics of one autoencoder depend on each other: Holm's method, under
which they share the rate of false alarms, holds whatever they have to do with each other. Trainings that leapt are
counted, compared by an exact test, and take no part in the other metrics. Where the first seed ends in the same bits on
both sides nothing has moved, and one seed is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from aebench.comparison.metrics import Candidate, Margins, Pair, rows
from aebench.comparison.noninferior import LOOKS, Rates, verdicts
from aebench.errors import UsageError
from aebench.records.fields import Float
from aebench.records.qualities import Quality, QualityRow, Verdict
from aebench.spec import Autoencoder

Train = Callable[[str, int], Mapping[str, Any]]
"""The trial's document of a subject, by name, from a seed: trained now, or known from before."""
# The gravest first. What has no margin is not judged.
GRAVEST: tuple[Verdict, ...] = ("worse", "not compared", "undecided", "better", "not worse", "identical")


@dataclass(frozen=True)
class Asked:
    """How far a comparison goes. seeds: taken in this order, as many as decide. parts: so many comparisons of a call,
    each of one autoencoder in one framework, share the rate of false alarms evenly. margins: as in `metrics.rows`.

    Raises:
        UsageError: no seed, one of them twice, or no part.
    """

    rates: Rates = field(default_factory=Rates)
    seeds: Sequence[int] = range(LOOKS[-1])
    parts: int = 1
    margins: Margins | None = None

    def __post_init__(self) -> None:
        if not self.seeds or len(set(self.seeds)) < len(self.seeds) or self.parts < 1:
            raise UsageError(
                f"quality is compared at different seeds, one at least, in one part at least; found "
                f"{', '.join(map(str, self.seeds)) or 'none'} in {self.parts}"
            )

    @property
    def false_alarms(self) -> float:
        """The rate that the rows of one comparison share."""
        return self.rates.false_alarms / self.parts


def compare(
    autoencoder: Autoencoder, base: str, head: str, train: Train, asked: Asked,
    out_of_time: Callable[[], bool] = lambda: False,
) -> Quality:  # fmt: skip
    """Train base and head from one seed after the other until it is decided.

    It ends, too, where a training fails, where a metric is worse, and where seeds or time are used up.
    base, head: the subjects' names. out_of_time: asked before each seed.
    """
    pairs: list[Pair] = []
    found = judge(autoencoder, base, head, pairs, asked)
    for seed in asked.seeds:
        if out_of_time():
            return structs.replace(
                found, reason=f"the time was up after {len(pairs)} of up to {len(asked.seeds)} seeds"
            )
        pairs.append(Pair(seed, train(base, seed), train(head, seed)))
        found = judge(autoencoder, base, head, pairs, asked)
        so_far = {row.verdict for row in found.rows}
        if found.failures or "worse" in so_far or "undecided" not in so_far:
            return found
    return structs.replace(found, reason=f"{len(pairs)} seeds do not decide it")


def judge(autoencoder: Autoencoder, base: str, head: str, pairs: Sequence[Pair], asked: Asked) -> Quality:
    """What these pairs of trials say, in their order; a trial may have failed."""
    failures = {
        side: f"seed {pair.seed}: {trial['failure']}"
        for pair in pairs
        for side, trial in zip((base, head), pair.sides, strict=True)
        if "failure" in trial
    }
    trained = [pair for pair in pairs if not any("failure" in trial for trial in pair.sides)]
    judged = _judged(list(rows(autoencoder, trained, asked.rates.misses, asked.margins)), asked)
    if trained and all(pair.identical for pair in trained):
        judged = [_identical(row) for row in judged]
    found = [row.verdict for row in judged if row.verdict != "no margin"]
    if failures:
        found.append("not compared" if base in failures else "worse")
    nothing: Verdict = "not compared" if trained else "undecided"
    return Quality(
        autoencoder=autoencoder.name,
        base=base,
        head=head,
        verdict=min(found, key=GRAVEST.index, default=nothing),
        seeds=[pair.seed for pair in trained],
        false_alarms=Float(asked.false_alarms),
        misses=Float(asked.rates.misses),
        rows=judged,
        failures=failures,
        reason="none of its metrics has a margin" if trained and not found else None,
    )


def _judged(found: Sequence[Candidate], asked: Asked) -> list[QualityRow]:
    """The rows with their verdicts, those with evidence as one family."""
    given = iter(verdicts([evidence for _, evidence in found if evidence is not None], asked.false_alarms))
    judged = []
    for row, evidence in found:
        if evidence is not None:
            verdict, p = next(given)
            row = structs.replace(row, verdict=verdict, p=Float(p))
        judged.append(row)
    return judged


def _identical(row: QualityRow) -> QualityRow:
    """The row of trainings that end in the same bits: nothing is left to chance, unless it is a number in neither."""
    if row.verdict == "not compared":
        return row
    nought = Float(0.0)
    return structs.replace(row, verdict="identical", difference=nought, low=nought, high=nought, p=None)
