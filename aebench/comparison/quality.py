"""Do head's trainings end as well as base's? Both are trained seed by seed, as far as the verdict needs.

Judged is every metric that has a margin. The metrics of one autoencoder depend on each other: Holm's method, under
which they share the rate of false alarms, holds whatever they have to do with each other. Trainings that leapt are
counted, compared by an exact test, and take no part in the other metrics. Where the first seed ends in the same bits on
both sides nothing has moved, and one seed is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from aebench import registry
from aebench.comparison.metrics import Candidate, Margins, Pair, rows
from aebench.comparison.noninferior import LOOKS, Rates, verdicts
from aebench.errors import UsageError
from aebench.processes.worker import FrameworkProcess
from aebench.records.comparisons import Sides
from aebench.records.fields import Float
from aebench.records.qualities import Quality, QualityRow, Verdict
from aebench.running.trainings import Trainings
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
    under_way = Comparing(autoencoder, base, head, asked)
    while (seed := under_way.seed) is not None:
        if out_of_time():
            return under_way.out_of_time()
        under_way.take(train(base, seed), train(head, seed))
    return under_way.found


def each(
    todo: Iterable[tuple[str, Sides]], trainings: Trainings, asked: Asked, processes: Mapping[str, FrameworkProcess],
    out_of_time: Callable[[], bool],
) -> Iterator[Quality]:  # fmt: skip
    """The same of each autoencoder on its two sides, trained in these processes, both at the same time."""
    for name, sides in todo:
        both = {subject: processes[subject] for subject in sides.names}

        def train(subject: str, seed: int, name: str = name, both: Any = both) -> dict[str, Any]:
            return trainings.at_once(name, seed, both)[subject]

        yield compare(registry.autoencoder(name), *sides.names, train, asked, out_of_time)


class Comparing:
    """The same under way, for whoever trains in their own way. seed: to train both from next; None: it has ended.
    found: what is known."""

    def __init__(self, autoencoder: Autoencoder, base: str, head: str, asked: Asked) -> None:
        self.autoencoder, self.subjects, self._asked = autoencoder, (base, head), asked
        self._pairs: list[Pair] = []
        self.seed: int | None = asked.seeds[0]
        self.found = self._judged()

    def take(self, base: Mapping[str, Any], head: Mapping[str, Any]) -> None:
        """Take in the trials of base and head from the seed."""
        if self.seed is None:
            raise UsageError(f"{self.autoencoder.name}: the comparison has ended, and takes no other seed")
        self._pairs.append(Pair(self.seed, base, head))
        self.found, done = self._judged(), len(self._pairs)
        so_far = {row.verdict for row in self.found.rows}
        if self.found.failures or "worse" in so_far or "undecided" not in so_far:
            self.seed = None
        elif done < len(self._asked.seeds):
            self.seed = self._asked.seeds[done]
        else:
            self.seed, self.found = None, structs.replace(self.found, reason=f"{done} seeds do not decide it")

    def out_of_time(self) -> Quality:
        """What is known where the time is up."""
        reason = f"the time was up after {len(self._pairs)} of up to {len(self._asked.seeds)} seeds"
        return structs.replace(self.found, reason=reason)

    def _judged(self) -> Quality:
        return judge(self.autoencoder, *self.subjects, self._pairs, self._asked)


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
