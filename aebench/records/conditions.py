"""All that a number depends on and that is not the number's own name; and how two such conditions differ, in words.

Every place that reuses numbers, or puts numbers together, asks `differences`. What is not on record is None, and what
was not on record then but is now counts as a difference: nobody can say that it was the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import structs

from aebench.records.fields import Number, Part

Matter = Literal["numbers", "quality", "speed"]
ALL: tuple[Matter, ...] = ("numbers", "quality", "speed")
# What only says how fast: the clock and the memory decide no bit.
SPEED_ONLY = {("machine", "memory_gib"), ("machine", "governor"), ("machine", "system")}
# Fields that hold several things by name: what only one side has is no difference.
NAMED = ("subjects", "specifications", "data")
# A sentence about a long text (a build's configuration) shows so many characters of it.
SHOWN = 60
MOST_SENTENCES = 4


class Harness(Part):
    """aebench itself. modified: its files differ from the commit's. sources: digest of its texts. None: unknown."""

    version: str | None = None
    commit: str | None = None
    modified: bool | None = None
    sources: str | None = None


class Machine(Part):
    """What is computed on. quota: processors that the control group may use; memory in GiB."""

    processor: str | None = None
    instruction_sets: list[str] | None = None
    cores: int | None = None
    quota: Number | None = None
    memory_gib: Number | None = None
    gpus: list[str] | None = None
    governor: str | None = None
    system: str | None = None
    libc: str | None = None


class Subject(Part):
    """Who computes: a framework in one mode and environment, as its own process describes it.

    settings: what only the loaded framework knows, such as its build, its threads and its libraries.
    """

    framework: str
    mode: str | None = None
    environment: str = "here"
    package: str | None = None
    version: str | None = None
    python: str | None = None
    settings: dict[str, str] | None = None


class Busy(Part):
    """What else the machine did while it measured.

    load: mean of the last minute. steal: share of the processors' time that the host gave to other machines. others:
    share that other programs had, which neither this process nor any that it started and ended meanwhile used.
    """

    load: Number | None = None
    steal: Number | None = None
    others: Number | None = None


class Conditions(Part):
    """Subjects, specifications and data by name, each with its digest, and the rest, which they share.

    busy is noted, and is no difference. None: not on record.
    """

    aebench: Harness
    machine: Machine
    variables: dict[str, str] | None = None
    packages: dict[str, str] | None = None
    subjects: dict[str, Subject] = {}
    specifications: dict[str, str | None] = {}
    data: dict[str, str | None] = {}
    schedule: str | None = None
    device: str | None = None
    dtype: str | None = None
    busy: Busy | None = None


@dataclass(frozen=True)
class Difference:
    """One condition that is not as it was, in words, and what that matters for."""

    sentence: str
    matters: tuple[Matter, ...] = ALL


def differences(then: Conditions, now: Conditions, *, but: Sequence[str] = ()) -> list[Difference]:
    """How the conditions differ; of subjects, specifications and data only those that both speak of.

    but: fields of `Conditions` that are left out, because what is put together has several of them.
    """
    before, after = (dict(_facts(conditions)) for conditions in (then, now))
    found = []
    for path in sorted(before | after):
        if path[0] in but or before.get(path) == after.get(path):
            continue
        if path[0] in NAMED and not all(path[1] in getattr(c, path[0]) for c in (then, now)):
            continue
        values = [_shown(path, each.get(path)) for each in (before, after)]
        skipped = _alike(*values)
        then_shown, now_shown = (_cut(value, skipped) for value in values)
        sentence = f"{_label(path)}: {then_shown} then, {now_shown} now"
        found.append(Difference(sentence, ("speed",) if path in SPEED_ONLY else ALL))
    return found


def facts(conditions: Conditions) -> list[tuple[str, str]]:
    """Every condition on record, in words: what it is called, and its value."""
    return [(_label(path), _shown(path, value)) for path, value in _facts(conditions) if value != "on record"]


def other_machine(then: Machine, now: Machine) -> str | None:
    """Why two machines are not of one kind, in words: processor, number of cores or GPU; None where they are."""
    for name in ("processor", "cores", "gpus"):
        values = [getattr(machine, name) for machine in (then, now)]
        if None in values or values[0] != values[1]:
            before, after = (_shown(("machine", name), value) for value in values)
            return f"{_label(('machine', name))}: {before} then, {after} now"
    return None


def _facts(conditions: Conditions) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every condition under its path."""
    for part in ("aebench", "machine"):
        values = getattr(conditions, part)
        yield from (((part, name), getattr(values, name)) for name in values.__struct_fields__)
    yield from (((name,), getattr(conditions, name)) for name in ("schedule", "device", "dtype"))
    for part in ("variables", "packages"):
        yield from _facts_of((part,), getattr(conditions, part))
    for name, subject in conditions.subjects.items():
        described = (key for key in subject.__struct_fields__ if key != "settings")
        yield from ((("subjects", name, key), getattr(subject, key)) for key in described)
        yield from _facts_of(("subjects", name), subject.settings, "settings")
    for part in ("specifications", "data"):
        yield from (((part, name), digest) for name, digest in getattr(conditions, part).items())


def _facts_of(
    path: tuple[str, ...], known: Mapping[str, str] | None, *part: str
) -> Iterator[tuple[tuple[str, ...], object]]:
    """The entries under the path, and whether there are any on record."""
    yield (*path, *part), None if known is None else "on record"
    yield from (((*path, *part, name), value) for name, value in (known or {}).items())


def _label(path: tuple[str, ...]) -> str:
    """The path as words: `pytorch: version`, `variable OMP_NUM_THREADS`, `commit of aebench`."""
    part, *names = path
    if part == "subjects":
        return f"{names[0]}: {' '.join(names[2:] or names[1:])}"
    labels = {"aebench": "{} of aebench", "variables": "variable {}", "packages": "package {}",
              "specifications": "specification of {}", "data": "bytes of {}"}  # fmt: skip
    if not names:
        return part
    return labels.get(part, "{}").format(names[-1].replace("_", " ") if part == "machine" else names[-1])


def _shown(path: tuple[str, ...], value: object) -> str:
    """A value in a sentence; a variable that is missing was not set, anything else is unknown."""
    if value is None:
        return "not set" if path[:1] == ("variables",) and len(path) > 1 else "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else str(value)


def _alike(one: str, other: str) -> int:
    """So many characters at the beginning of two long texts are the same; 0 for short ones."""
    if max(len(one), len(other)) <= SHOWN:
        return 0
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _cut(text: str, skipped: int) -> str:
    """A part of a long text, from a little before the place where it differs."""
    begin = max(0, skipped - SHOWN // 4)
    cut = text[begin : begin + SHOWN].replace("\n", " ")
    return f"{'…' if begin else ''}{cut}{'…' if len(text) > begin + SHOWN else ''}"


def in_words(found: Iterable[Difference]) -> str:
    """The first few sentences, and how many there are besides; empty without any."""
    sentences = [difference.sentence for difference in found]
    more = len(sentences) - MOST_SENTENCES
    return "; ".join([*sentences[:MOST_SENTENCES], *([f"and {more} more"] if more > 0 else [])])


def merged(then: Conditions | None, now: Conditions) -> Conditions:
    """The conditions now, with the subjects, specifications and data that only those of then speak of."""
    if then is None:
        return now
    return structs.replace(now, **{name: {**getattr(then, name), **getattr(now, name)} for name in NAMED})
