"""Base against head, one part after the other: numbers, quality, speed and memory. What is done is kept at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path

from msgspec import structs

from aebench import registry
from aebench.comparison import handing, numbers
from aebench.comparison.deadline import Deadline
from aebench.comparison.findings import blocks_of, question
from aebench.comparison.held import Held, feeding, held, taking_part
from aebench.comparison.parts import PARTS, TIMED, require_untimed
from aebench.comparison.quality import Asked as QualityAsked
from aebench.comparison.quality import each as each_quality
from aebench.comparison.sequential import Thresholds
from aebench.comparison.sides import offered, pairs, recorded
from aebench.comparison.speed import Blocks, Where, measured
from aebench.counted import counted
from aebench.errors import UsageError
from aebench.processes.differing import differences
from aebench.processes.environments import Environment
from aebench.processes.events import Listener
from aebench.processes.executors import Chosen, Handed
from aebench.processes.worker import FrameworkProcess
from aebench.records import documents
from aebench.records.asked import Options as RecordedOptions
from aebench.records.blocks import Pair
from aebench.records.comparisons import Comparison, Limits, Numbers, Sides, What
from aebench.records.conditions import Conditions
from aebench.records.documents import comparable
from aebench.records.fields import Float, checked, plain
from aebench.records.opened import FILES
from aebench.records.qualities import Quality
from aebench.records.reuse import require_same_document, require_same_options
from aebench.records.store import locked
from aebench.running.options import DTYPES, Options, check
from aebench.running.trainings import Trainings

FILE = FILES["comparison"]
ADVICE = "compare as then, or choose another --output"
# What fails once, such as a process that the system has killed, is bad luck and no difference between two sides.
ATTEMPTS = 2
# Of the options: what a second call asks for as the first did.
SAME = ("autoencoders", "frameworks", "dataset", "schedule", "device", "seeds", "dtype")


@dataclass(frozen=True)
class Asked:
    """What is compared. frameworks: without environments; empty: all that both sides hold. timed: autoencoders whose
    speed and memory are compared; empty: all. limit: seconds for it all, after which nothing more begins. executor: who
    climbs and trains, where it is not done here."""

    base: Environment
    head: Environment
    options: Options
    frameworks: tuple[str, ...] = ()
    only: tuple[What, ...] = PARTS
    timed: tuple[str, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)
    limit: float | None = None
    executor: Chosen | None = None


@dataclass(frozen=True)
class Common:
    """What comparisons with one base share. traces, trials: folders, so that base is climbed and trained once; traces
    are of base and of the reference, and hold only as long as one call lasts. handed: to the executor, if there is
    one."""

    traces: Path
    trials: Path
    handed: Handed | None = None


@dataclass(frozen=True)
class Plan:
    """What is asked, once it is known what there is. options: with both sides' subjects. held: what a bundle says."""

    asked: Asked
    pairs: tuple[Sides, ...]
    left_out: tuple[str, ...]
    options: Options
    held: Held | None = None

    def todo(self) -> Iterator[tuple[str, Sides]]:
        """Every autoencoder with every framework that has it on both sides."""
        for name, sides in product(self.options.autoencoders, self.pairs):
            if registry.offers(sides.framework, name):
                yield name, sides

    def timed(self) -> dict[str, list[str]]:
        """By framework, the autoencoders that are timed, where any are."""
        found: dict[str, list[str]] = {}
        wanted = (self.asked.timed or self.options.autoencoders) if _times(self.asked) else ()
        for name, sides in self.todo():
            if name in wanted:
                found.setdefault(sides.framework, []).append(name)
        return found


def planned(asked: Asked) -> Plan:
    """What will be compared.

    Raises:
        AebenchError: there is nothing to compare or to time, a framework is missing, data are missing; an executor is
            asked for what is timed, or for a bundle.
    """
    require_untimed(asked.only, asked.executor)
    found, left_out = pairs(asked.base, asked.head, asked.frameworks)
    subjects = tuple(name for sides in found for name in sides.names)
    names = asked.options.autoencoders or tuple(n for n in registry.autoencoders() if registry.offering(n, subjects))
    names, unoffered = offered(names, asked.base, asked.head, subjects, named=bool(asked.options.autoencoders))
    _require_timed(asked, names)
    options = replace(asked.options, autoencoders=names, frameworks=subjects)
    known = held(asked.base, asked.head, asked.only, subjects, asked.options)
    if known is not None and asked.executor is not None:
        raise UsageError("what a bundle holds is climbed here: leave --executor out")
    if known is None:
        check(options)
    not_held = known.left_out() if known else ()
    return Plan(asked, tuple(found), (*left_out, *unoffered, *not_held), known.options if known else options, known)


def _require_timed(asked: Asked, names: Sequence[str]) -> None:
    """UsageError where what is to be timed is not compared, or nothing is timed at all."""
    for name in asked.timed:
        if name not in names:
            raise UsageError(f"{name} is to be timed, and not compared; compared are {', '.join(names)}")
    if asked.timed and not _times(asked):
        raise UsageError(f"{', '.join(asked.timed)} cannot be timed where only {', '.join(asked.only)} is compared")


def _times(asked: Asked) -> bool:
    return bool(set(TIMED) & set(asked.only))


def compare(plan: Plan, folder: Path, listener: Listener, common: Common | None = None) -> Comparison:
    """Compare; the record, kept in the folder's `comparison.json` after each piece.

    A second call goes on, and does the parts that the first was asked for, too. common: of comparisons with one base.

    Raises:
        UsageError: the folder holds another comparison, or one under other conditions.
        ResultError: its document is damaged, or cannot be written.
    """
    deadline = Deadline(plan.asked.limit)
    with ExitStack() as opened:
        handed = common.handed if common else None
        if common is None and plan.asked.executor is not None:
            # First: a cluster that is not there is told at once, and nothing is written.
            handed = opened.enter_context(Handed(plan.asked.executor, listener))
        opened.enter_context(locked(folder))
        with taking_part(plan.held, plan.options, folder / "logs") as (processes, now):
            found = _begun(plan, folder / FILE, now)
            if "numbers" in found.only:
                _climb(plan, found, processes, folder, deadline, listener, common.traces if common else None, handed)
            if "quality" in found.only:
                trials = common.trials if common else folder / "trials"
                for trained in _quality(plan, found, processes, trials, deadline, listener, handed):
                    found.quality.append(trained)
                    _keep(folder, found)
        # What is timed has the machine to itself: the processes above are gone.
        for sides in plan.pairs if set(TIMED) & set(found.only) else ():
            _time(plan, sides, found, folder, deadline, listener)
        found.complete = "numbers" not in found.only or not _unclimbed(plan, found)
        _keep(folder, found)
    return found


def _begun(plan: Plan, path: Path, now: Conditions) -> Comparison:
    """The record so far: that of the folder, where it is of this comparison, else a new one."""
    before = documents.read_if_there(path, "comparison")
    asked = plan.asked
    found = Comparison(
        base=recorded(asked.base),
        head=recorded(asked.head),
        only=list(asked.only),
        options=checked(comparable(asdict(plan.options)), RecordedOptions),
        conditions=now,
        pairs=list(plan.pairs),
        differences=[],
        left_out=list(plan.left_out),
        complete=False,
        limits=Limits(**{name: Float(value) for name, value in asdict(asked.thresholds).items()}),
        timed=plan.timed(),
    )
    if before is None:
        found.differences = differences(asked.base, asked.head, [sides.framework for sides in plan.pairs])
        documents.write(path, "comparison", plain(found))
        return found
    fresh = plain(found)
    require_same_options(path, {side: before[side] for side in ("base", "head")}, fresh, ADVICE)
    then = {key: before["options"][key] for key in SAME}
    require_same_options(path, then, fresh["options"], ADVICE)
    merged = require_same_document(path, before, plain(now), ADVICE)
    kept = checked({**before, "conditions": merged}, Comparison)
    # What failed, or was not decided when the time was over, is taken up again.
    return structs.replace(
        found,
        only=[part for part in PARTS if part in (*kept.only, *asked.only)],
        timed={sides.framework: _timed(plan, found, kept, sides) for sides in plan.pairs},
        conditions=kept.conditions,
        differences=kept.differences,
        numbers=[row for row in kept.numbers if not row.failures],
        quality=[row for row in kept.quality if row.reason is None and not row.failures],
        blocks=[pair for pair in kept.blocks if not pair.failed],
    )


def _timed(plan: Plan, found: Comparison, kept: Comparison, sides: Sides) -> list[str]:
    """The autoencoders of a framework that either call timed, in their order."""
    either = {*found.timed.get(sides.framework, ()), *kept.timed.get(sides.framework, ())}
    return [name for name in plan.options.autoencoders if name in either]


def _quality(
    plan: Plan, found: Comparison, processes: Mapping[str, FrameworkProcess], trials: Path, deadline: Deadline,
    listener: Listener, handed: Handed | None,
) -> Iterator[Quality]:  # fmt: skip
    """The trainings of everything that is not decided yet; those that are there already are not done again."""
    options, every = plan.options, list(plan.todo())
    now = structs.replace(found.conditions, dtype=options.dtype)
    trainings = Trainings(options, trials, listener, conditions=now, attempts=ATTEMPTS)
    asked = QualityAsked(seeds=options.seeds, parts=len(every))
    known = {(row.autoencoder, row.base, row.head) for row in found.quality}
    todo = [(name, sides) for name, sides in every if (name, *sides.names) not in known]
    if handed is None:
        rows = each_quality(todo, trainings, asked, processes, deadline.over)
    else:
        rows = handing.trained(todo, trainings, asked, processes, handed, deadline)
    framework = {sides.base: sides.framework for sides in plan.pairs}
    for row in rows:
        what = f"{row.autoencoder}, {framework[row.base]}: quality"
        listener.finished(what, f"{row.verdict} over {counted(len(row.seeds), 'seed')}")
        yield row


def _time(plan: Plan, sides: Sides, found: Comparison, folder: Path, deadline: Deadline, listener: Listener) -> None:
    """Blocks of one framework, until every row is decided or the time is over."""
    options = plan.options
    asked = question(found, sides, deadline.left())
    if not asked.autoencoders:
        return
    where = Where(options.dataset, options.data_dir, options.schedule, options.device, options.dtype)

    def keep(block: Pair) -> None:
        found.blocks.append(block)
        _keep(folder, found)

    measured(asked, Blocks(asked, where, folder / "logs"), blocks_of(found, sides), keep, listener)


def _keep(folder: Path, found: Comparison) -> None:
    """Write the record; its rows in the order in which they are asked for, whoever was done first."""
    names, frameworks = found.options.autoencoders, [sides.framework for sides in found.pairs]
    bases = [sides.base for sides in found.pairs]
    found.numbers.sort(
        key=lambda it: (names.index(it.autoencoder), frameworks.index(it.framework), DTYPES.index(it.dtype))
    )
    found.quality.sort(key=lambda it: (names.index(it.autoencoder), bases.index(it.base)))
    documents.write(folder / FILE, "comparison", plain(found))


def _climb(
    plan: Plan, found: Comparison, processes: Mapping[str, FrameworkProcess], folder: Path, deadline: Deadline,
    listener: Listener, common: Path | None, handed: Handed | None,
) -> None:  # fmt: skip
    """The ladder of everything that is not there yet."""

    def keep(row: Numbers) -> None:
        found.numbers.append(row)
        _keep(folder, found)

    due, traces = _unclimbed(plan, found), folder / handing.TRACES
    if handed is not None:
        climbs = handing.Climbs(plan.options, found.conditions, folder, common)
        for row in handing.climbed(due, climbs, handed, deadline.over, listener):
            keep(row)
        return
    feed = feeding(plan.held, plan.options, traces)
    numbers.measured(due, feed, processes, traces, keep, deadline.over, listener, common)


def _unclimbed(plan: Plan, found: Comparison) -> list[numbers.Due]:
    """The climbs of which the record holds no numbers."""
    known = {(row.autoencoder, row.framework, row.dtype, row.seed) for row in found.numbers}
    return [
        numbers.Due(name, sides, dtype)
        for (name, sides), dtype in product(plan.todo(), DTYPES)
        if (name, sides.framework, dtype, plan.options.seeds[0]) not in known
    ]
