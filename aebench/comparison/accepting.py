"""Accepting: finished runs become the baseline, and the limits are brought in line with it."""

from __future__ import annotations

import datetime
import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aebench.comparison.noninferior import LOOKS
from aebench.comparison.rows import SECONDS, accepted, costs, rows
from aebench.errors import UsageError
from aebench.records import documents, limits
from aebench.records.baselines import FOLDER, PAGE, RESULTS, SAME, command, compact, path_of, require_once, trials_of
from aebench.records.documents import comparable
from aebench.records.fields import Float, plain
from aebench.records.limiting import brought_in_line
from aebench.records.reuse import require_alike
from aebench.records.store import locked, write_text
from aebench.records.trials import Change

Content = Mapping[str, Any]
SECONDS_FOR_ANOTHER = 60.0  # another `accept` has ended by then


@dataclass(frozen=True)
class Acceptance:
    """What was written. changes: of rows that the baseline held before. expired: entries of the limits, by name, that
    had expired, and still have."""

    baseline: Path
    limits: Path
    changes: tuple[Change, ...]
    expired: tuple[str, ...]


def accept(
    runs: Sequence[Path], *, reason: str, folder: Path = RESULTS, expires: datetime.date | None = None
) -> Acceptance:
    """Make the runs' trials the baseline, in place of what it held of the same autoencoders.

    runs: folders of complete runs with equal data set, schedule, dtype, device and conditions. reason: kept in the
    baseline's history, with each value that changed. folder: of results. expires: the last day on which the limits of
    these autoencoders hold; without it, their expiry stays as it stands.

    Raises:
        UsageError: runs that do not belong together, or that are incomplete, part, or failed; a trial that stands in
            two of them; an expiry that is past; or another process that accepts for longer than a minute.
        ResultError: a run, the present baseline or the file of limits is missing, damaged or of another version.
    """
    today = datetime.date.today()
    if expires is not None and expires < today:
        raise UsageError(f"limits that expire on {expires} have expired before they are written; name a day to come")
    read = [documents.read(_result_of(run), "run") for run in runs]
    kinds = [{key: document["options"][key] for key in SAME} for document in read]
    if any(kind != kinds[0] for kind in kinds):
        raise UsageError(f"these runs are no one baseline, they differ: {kinds}; accept them one after the other")
    trials = _sound_trials(runs, read)
    named, advice = ", ".join(map(str, runs)), "accept them one after the other"
    conditions = require_alike((t["conditions"] for t in trials), named, advice)
    path, limited = path_of(kinds[0], folder), folder / limits.FILE
    _require_no_folders(path, limited, folder / PAGE)
    with locked(folder / FOLDER, seconds=SECONDS_FOR_ANOTHER):
        before = documents.read_if_there(path, "baseline") or {"trials": [], "history": [], "conditions": []}
        content, changes = _renewed(before, read, conditions, reason, today)
        renewed = {trial["autoencoder"] for trial in trials}
        # Where the limits cannot be brought in line, the baseline stays, too.
        text = documents.text("baseline", comparable({**kinds[0], **content}))
        sha256, wanted = hashlib.sha256(text.encode()).hexdigest(), rows(content["trials"])
        in_line = brought_in_line(limited, path.stem, sha256, wanted, today=today, renewed=renewed, expires=expires)
        write_text(path, text)
        write_text(limited, in_line)
        return Acceptance(path, limited, tuple(changes), tuple(_expired(limited, path.stem, today)))


def _sound_trials(runs: Sequence[Path], read: Sequence[Content]) -> list[Content]:
    """The trials of all runs, each of which is sound, and each trial in one of them."""
    for run, document in zip(runs, read, strict=True):
        _require_sound(run, document)
    trials = [trial for document in read for trial in document["trials"]]
    require_once(trials, runs)
    return trials


def _require_no_folders(*places: Path) -> None:
    for place in places:
        if place.is_dir():
            raise UsageError(f"{place} is a folder, and a file of that name is to be written; move it away")


def left_open(baseline: Path) -> Iterator[str]:
    """What a baseline of few seeds, or of seconds at some of them, leaves open, in words."""
    least = LOOKS[1]  # after the first look hardly anything is called worse
    trials = trials_of(baseline)
    seeds = Counter((trial["autoencoder"], trial["framework"]) for trial in trials)
    taken = accepted(trials)
    timed = [trial for trial in trials if SECONDS in dict(costs(trial))]
    without = [it for it in timed if it["framework"] not in taken.get((it["autoencoder"], SECONDS), {})]
    if names := ", ".join(dict.fromkeys(trial["autoencoder"] for trial in without)):
        yield f"No seconds are accepted of {names}: not every training had a machine alone, and an epoch that was warm."
    names = ", ".join(dict.fromkeys(autoencoder for (autoencoder, _), count in seeds.items() if count < least))
    if names:
        yield (
            f"Of fewer than {least} seeds: {names}. What does not end in the same bits may stay undecided; accept a "
            f"run with --seeds {','.join(map(str, range(least)))}."
        )


def _result_of(run: Path) -> Path:
    """The document of a run, which is named by its folder or by itself."""
    return run if run.name == "result.json" and not run.is_dir() else run / "result.json"


def _require_sound(run: Path, document: Content) -> None:
    """What is incomplete, failed, parts or is not a number is no baseline.

    Raises:
        UsageError: names the first fault.
    """
    if not document["complete"]:
        raise UsageError(f"{run} is not complete; go on with: aebench run --resume --output {run}")
    wrong = [f"{row['autoencoder']}, {row['framework']}: {row['failure']}" for row in document["failures"]]
    parted = [row for row in document["agreements"] if row["parting"]]
    wrong += [f"{row['autoencoder']}, {row['dtype']}: {row['parting']}" for row in parted]
    measured: dict[tuple[str, str], set[str]] = {}
    for trial in document["trials"]:
        reasons = [trial["failure"]] if "failure" in trial else list(_invalid(trial))
        if "@" in trial["framework"]:
            reasons.append("it is of another environment, whose name means nothing elsewhere")
        mine = set(trial.get("metrics", ()))
        usual = measured.setdefault((trial["autoencoder"], trial["framework"]), mine)
        reasons += [f"another seed has {name} or lacks it" for name in sorted(usual ^ mine)]
        wrong += [f"{trial['autoencoder']}, {trial['framework']}, seed {trial['seed']}: {why}" for why in reasons]
    if wrong:
        raise UsageError(f"{run}: {wrong[0]}; what failed or parts is no baseline: run it again, or leave it out")
    if not document["trials"]:
        raise UsageError(f"{run} holds no finished trial; go on with: aebench run --resume --output {run}")


def _invalid(trial: Content) -> Iterator[str]:
    """Why metrics are no numbers: as the trial says, and as they stand."""
    yield from trial["invalid"].values()
    for name, metric in trial["metrics"].items():
        if name not in trial["invalid"] and not math.isfinite(metric["value"]):
            yield f"{name} is {metric['value']}"


def _renewed(
    before: Content, runs: Sequence[Content], conditions: dict[str, Any] | None, reason: str, today: datetime.date
) -> tuple[dict[str, Any], list[Change]]:
    """The baseline's content with the runs' trials and without those that they replace, and what changed."""
    known = list(before["conditions"])
    if conditions is not None and conditions not in known:
        known.append(conditions)
    place = None if conditions is None else known.index(conditions)
    trials = [compact(trial, place) for run in runs for trial in run["trials"]]
    renewed = {trial["autoencoder"] for trial in trials}
    replaced = [trial for trial in before["trials"] if trial["autoencoder"] in renewed]
    changes = list(_changes(replaced, trials))
    entry = {
        "date": today.isoformat(),
        "reason": reason,
        "autoencoders": sorted(renewed),
        "commands": [command(run["options"]) for run in runs],
        "conditions": [place for _ in runs],
        "changes": [plain(change) for change in changes],
    }
    kept = [trial for trial in before["trials"] if trial["autoencoder"] not in renewed]
    content = {"history": [*before["history"], entry], "conditions": known, "trials": [*kept, *trials]}
    return content, changes


def _changes(old: Sequence[Content], new: Sequence[Content]) -> Iterator[Change]:
    """Every row of old trials whose value is another one now, or that is no more."""
    now = accepted(new)
    for (autoencoder, metric), before in accepted(old).items():
        for framework, value in before.items():
            after = now.get((autoencoder, metric), {}).get(framework)
            if after != value:
                yield Change(
                    autoencoder=autoencoder, framework=framework, metric=metric, old=Float(value),
                    new=None if after is None else Float(after),
                )  # fmt: skip


def _expired(path: Path, baseline: str, today: datetime.date) -> Iterator[str]:
    for key, entry in limits.read(path).of[baseline].items():
        if isinstance(entry, limits.Limit) and entry.expires is not None and entry.expires < today:
            yield ", ".join(key)
