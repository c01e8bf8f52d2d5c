"""Tables of blocks: the blocks, the processes in them, and their rounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from aebench.report.frames.frame import (
    AUTOENCODER,
    BUSY,
    FAILURE,
    Content,
    Field,
    Frame,
    busy,
    flag,
    frame,
    integer,
    number,
    text,
    without,
)

PAIR = (AUTOENCODER, flag("control", "both sides are base, and what differs is chance"))
BLOCK = integer("block", "its number, counted from 1")
BLOCKS = (
    BLOCK,
    integer("first", "number of the process that began, counted from 1"),
    number("seconds", "all of it", "s"),
    *BUSY,
    integer("core", "that everything timed ran on"),
)
CIRCUMSTANCES = (
    number("clock_before", "processor time of a fixed amount of work, right before", "s"),
    number("clock_after", "the same, right after", "s"),
    number("held_back", "share of the periods in which a quota was used up"),
    number("waiting", "share of the time in which some program waited for memory"),
    number("available", "share of the memory that was left"),
)
PROCESS = (
    BLOCK,
    integer("process", "its number in the block, counted from 1; of a pair, 1 is base and 2 is head"),
    text("subject", "who was timed"),
    text("kind", "framework, peer, or a part of the ceiling: products, traffic"),
)
PROCESSES = (
    *PROCESS,
    number("import_seconds", "of the framework, devices looked for", "s"),
    number("import_pace", "processor time of a small piece of work meanwhile", "s"),
    integer("peak_bytes", "most that the process has held at once", "bytes"),
    integer("peak_device_bytes", "most that its tensors have held on the GPU", "bytes"),
    FAILURE,
)
ROUNDS = (
    *PROCESS,
    text("work", "training or a use"),
    flag("warm", "false: one of the rounds that make the process warm, the first of which compiles"),
    integer("round", "its number, counted from 1"),
    integer("images", "of the round"),
    number("seconds", "of the round", "s"),
    number("pace", "processor time of a small piece of work during the first round", "s"),
)


class Numbered(NamedTuple):
    """A block, with the fields that say of what it is, and its number among those."""

    key: dict[str, Any]
    number: int
    block: Content


def of_pairs(blocks: Sequence[Content], *more: Field) -> Iterator[Frame]:
    """Of blocks of two subjects. more: fields of circumstances, where they are known."""
    keys = tuple(field.name for field in PAIR)
    numbered = [Numbered({key: it[key] for key in keys}, n, without(it, *keys)) for n, it in enumerate(blocks, start=1)]
    yield from of_blocks(PAIR, numbered, *more)


def of_blocks(keys: Sequence[Field], blocks: Sequence[Numbered], *more: Field) -> Iterator[Frame]:
    """Of any blocks. keys: the fields that say of what a block is."""
    yield frame("blocks", "Blocks of fresh processes", (*keys, *BLOCKS, *more), map(_block, blocks))
    processes = (row for it in blocks for row in _processes(it))
    yield frame("processes", "Processes of every block", (*keys, *PROCESSES), processes)
    rounds = (row for it in blocks for row in _rounds(it))
    yield frame("rounds", "Rounds of every process", (*keys, *ROUNDS), rounds)


def _block(it: Numbered) -> dict[str, Any]:
    rest = without(it.block, "subjects", "busy", "circumstances", "first")
    return {
        **it.key,
        "block": it.number,
        **rest,
        **busy(it.block["busy"]),
        "first": it.block["first"] + 1,
        **_beside(it),
    }


def _beside(it: Numbered) -> dict[str, Any]:
    """What a block was measured beside, where that is known."""
    if "circumstances" not in it.block:
        return {}
    known = it.block["circumstances"]
    clock = dict(zip(("clock_before", "clock_after"), known["clock"], strict=False))
    return {**clock, **without(known, "clock")}


def _subjects(it: Numbered) -> Iterator[tuple[dict[str, Any], Content]]:
    for place, subject in enumerate(it.block["subjects"], start=1):
        who = {"process": place, "subject": subject["name"], "kind": subject["kind"]}
        yield {**it.key, "block": it.number, **who}, subject


def _processes(it: Numbered) -> Iterator[dict[str, Any]]:
    yield from ({**key, **without(subject, "name", "kind", "works")} for key, subject in _subjects(it))


def _rounds(it: Numbered) -> Iterator[dict[str, Any]]:
    for key, subject in _subjects(it):
        for name, work in subject["works"].items():
            known = {**key, "work": name, "images": work["images"]}
            for part in ("warm_up", "rounds"):
                for place, seconds in enumerate(work[part], start=1):
                    first = part == "warm_up" and place == 1
                    pace = work.get("pace") if first else None
                    yield {**known, "warm": part == "rounds", "round": place, "seconds": seconds, "pace": pace}
