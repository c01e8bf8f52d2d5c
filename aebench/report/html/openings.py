"""The verdict of each record in one sentence, and what is wrong or moved, each with what shows it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from aebench.audit.counting import status as audited
from aebench.comparison.findings import Finding, Weight
from aebench.comparison.steadiness import judged
from aebench.comparison.verdict import called
from aebench.counted import counted
from aebench.quality.table import Row, rows
from aebench.records.audits import Audit
from aebench.records.calibrations import Calibration
from aebench.records.comparisons import Comparison
from aebench.records.fields import checked
from aebench.records.matrices import Matrix
from aebench.records.measurements import Bench
from aebench.records.opened import Opened, Unreadable
from aebench.report import agreement, audit, noise, quality, sweep, verdict
from aebench.report.exported import Told, of_comparison, of_ladders, of_matrix
from aebench.report.gallery.material import listed
from aebench.report.html.content import Opening, State, gravest, words
from aebench.speed import shares

Document = Mapping[str, Any]
SHORT, MOST_NAMED = 60, 4  # characters of a difference that is told beside the verdict, and how many are
OF_STATUS: dict[int, State] = {0: "good", 1: "bad", 2: "undone", 125: "undecided"}


def opening(source: Opened | Unreadable) -> Opening:
    """What the record says; of one that cannot be read, why."""
    if isinstance(source, Unreadable):
        finding = Finding("numbers", (str(source.path),), "undone", source.why)
        return Opening(source.name, "not read", f"{source.name} could not be read.", "undone", (), (finding,))
    return _OF[source.kind](source)


def _run(source: Opened) -> Opening:
    content = source.content
    found = rows(content["trials"]) if len(content["options"]["seeds"]) > 1 else []
    verdicts = [pair.verdict for row in found for pair in row.pairs]
    findings = [*of_ladders(content, source.name).findings, *_differing(found, source)]
    said = " ".join(verdict.sentences(content, verdicts))
    # What was not asked for is neither right nor wrong.
    nothing: State = "plain" if not content["options"]["agreement"] else "good"
    state = gravest(findings, nothing if content["complete"] else "undone")
    compared = [*([agreement.compared(content["agreements"])] if content["agreements"] else []), _trained(content)]
    said = f"{said} Computed by {_subjects(content)}."
    return Opening(source.name, _of_options("run", content), said, state, compared, findings, list(_open(source)))


def _open(source: Opened) -> Iterator[str]:
    """What the run leaves open, and what would answer it."""
    content, folder = source.content, source.path.parent
    if not content["options"]["agreement"]:
        names = " ".join(content["options"]["autoencoders"])
        yield f"Whether the frameworks agree was not asked for; `aebench agree {names}` says it."
    if leapt := quality.leapt(rows(content["trials"])):
        yield f"{leapt} Their error jumped up on the way, and they may end anywhere."
    if len(content["options"]["frameworks"]) > 1 and len(content["options"]["seeds"]) == 1:
        seeds = ",".join(str(content["options"]["seeds"][0] + more) for more in (1, 2, 3, 4))
        yield (
            "From one seed nobody can say whether the frameworks end equally well; more come with "
            f"`aebench run --resume --output {folder} --seeds {seeds}`."
        )


def _agreements(source: Opened) -> Opening:
    content, told = source.content, of_ladders(source.content, source.name)
    said = f"{told.sentence} Computed by {_subjects(content)}."
    nothing: State = "good" if content["agreements"] else "undone"
    about = _of_options("agreement", content)
    return Opening(source.name, about, said, gravest(told.findings, nothing), told.compared, told.findings)


def _differing(found: Sequence[Row], source: Opened) -> Iterator[Finding]:
    """Metrics in which frameworks end differently, or by different formulas."""
    command = f"aebench quality {source.path}"
    for line in quality.differences(found):
        about, _, difference = line.partition(": ")
        yield Finding("quality", (about,), "regression", difference, command)
    for line in quality.mixed(found):
        about, _, difference = line.partition(": ")
        yield Finding("quality", (about,), "undecided", difference, command)


def _trained(content: Document) -> str:
    trials = content["trials"]
    names = dict.fromkeys(row["autoencoder"] for row in trials)
    seeds = ", ".join(map(str, content["options"]["seeds"]))
    return f"Trained: {len(trials)} trainings of {counted(len(names), 'autoencoder')}, seeds {seeds}."


def _subjects(content: Document) -> str:
    """Who computed, with versions."""
    subjects = content["conditions"]["subjects"]
    named = [
        f"{name} {subjects[name]['version'] or ''}".strip() if name in subjects else name
        for name in content["options"]["frameworks"]
    ]
    return listed(named) if named else "nobody"


def _of_options(what: str, content: Document) -> str:
    options = content["options"]
    return f"{what} on {options['dataset']}, schedule {options['schedule']}, {options['device']}"


def _told(
    source: Opened, told: Told, about: str, *, complete: bool = True, notes: Sequence[str] = ()
) -> Opening:  # fmt: skip
    nothing: State = "good" if complete else "undecided"
    state = gravest(told.findings, nothing)
    return Opening(source.name, about, told.sentence, state, told.compared, told.findings, notes)


def _comparison(source: Opened) -> Opening:
    found = checked(source.content, Comparison)
    about = f"comparison of {called(found.base)} and {called(found.head)}"
    notes = [_besides(found)] if found.differences else []
    return _told(source, of_comparison(found), about, complete=found.complete, notes=notes)


def _besides(found: Comparison) -> str:
    """How the two environments differ, in so many words as a line holds."""
    said = [f"{it.kind} {it.name} {it.base} → {it.head}" for it in found.differences if len(it.base + it.head) < SHORT]
    more = len(found.differences) - len(said[:MOST_NAMED])
    return f"The environments differ in: {'; '.join([*said[:MOST_NAMED], *([f'{more} more'] if more else [])])}."


def _matrix(source: Opened) -> Opening:
    found = checked(source.content, Matrix)
    return _told(source, of_matrix(found), f"versions against {called(found.base)}")


def _bench(source: Opened) -> Opening:
    found = checked(source.content, Bench)
    failed = [(case, key, why) for case in found.cases for key, why in shares.failures(case).items()]
    findings = [_undone("speed", f"{case.autoencoder}, {key[0]}", why) for case, key, why in failed]
    who = " and ".join((*found.options.frameworks, *found.options.peers))
    said = f"{who}: {counted(len(found.cases), 'case')} timed, {counted(found.blocks, 'block')} each."
    return Opening(source.name, "throughput", said, gravest(findings, "plain"), (), findings)


def _scale(source: Opened) -> Opening:
    done = source.content["rows"]
    findings = [_undone("quality", *line.split(": ", 1)) for line in sweep.problems(done)]
    names = counted(len(dict.fromkeys(row["autoencoder"] for row in done)), "autoencoder")
    said = f"{counted(len(done), 'training')} of {names} along images and widths."
    return Opening(source.name, "cost and quality by size", said, gravest(findings, "plain"), (), findings)


def _growth(source: Opened) -> Opening:
    grown = source.content["growth"]
    most = max(grown, key=lambda row: row["relative"][-1] if row["relative"] else 0.0, default=None)
    said = "Nothing was compared."
    if most is not None and most["relative"]:
        said = (
            f"After {most['steps'][-1]:,} steps the parameters are at most {words(most['relative'][-1], 2)} apart "
            f"({most['autoencoder']}, {most['dtype']}, {most['left']} – {most['right']})."
        )
    return Opening(source.name, "growth of the difference", said, "plain" if grown else "undone")


def _calibration(source: Opened) -> Opening:
    found = checked(source.content, Calibration)
    steady = judged(found)
    said = noise.verdict(steady)
    state: State = "good" if any(row.word == "steady" for row in steady) else "undecided"
    return Opening(source.name, "this machine's noise", said, state, tuple(noise.measured(found, steady)))


def _audit(source: Opened) -> Opening:
    found = checked(source.content, Audit)
    state = OF_STATUS.get(audited(found.cases, complete=found.complete), "undone")
    weight: Weight = "regression" if state == "bad" else "undecided"
    findings = [_undone("numbers", *line.split(": ", 1), weight=weight) for line in audit.problems(found, False)]
    return Opening(source.name, "audit by planted faults", " ".join(audit.sentences(found)), state, (), findings)


def _baseline(source: Opened) -> Opening:
    content = source.content
    found = rows(content["trials"])
    of = f"{content['dataset']}, schedule {content['schedule']}, {content['dtype']}, {content['device']}"
    said = f"{counted(len(content['trials']), 'accepted training')}. {quality.sentence(found)}"
    findings = list(_differing(found, source))
    return Opening(source.name, f"baseline of {of}", said, gravest(findings, "plain"), (), findings)


def _bundle(source: Opened) -> Opening:
    climbs = source.content["climbs"]
    names = dict.fromkeys(climb["specification"]["name"] for climb in climbs)
    said = f"Holds {counted(len(climbs), 'climb')} of {counted(len(names), 'autoencoder')}."
    return Opening(source.name, "bundle", said, "plain")


def _undone(what: Any, about: str, why: str = "", *, weight: Weight = "undone") -> Finding:
    return Finding(what, (about,), weight, why)


_OF: dict[str, Callable[[Opened], Opening]] = {
    "run": _run, "agreements": _agreements, "comparison": _comparison, "matrix": _matrix, "bench": _bench,
    "scale": _scale, "growth": _growth, "calibration": _calibration, "audit": _audit, "baseline": _baseline,
    "bundle": _bundle,
}  # fmt: skip
