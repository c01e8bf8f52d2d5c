"""Records of former versions as those of today: what they did not say is unknown, and none of it is guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aebench.records.conditions import Conditions, Harness, Machine, Subject
from aebench.records.fields import checked, plain

Content = dict[str, Any]


def converted(kind: str, content: Content, version: int) -> Content:
    """The document's content, without its format line, as the present version of that kind has it.

    Raises:
        KeyError, TypeError, AttributeError, msgspec.ValidationError: it is no document of that version either.
    """
    for step in _CONVERSIONS.get(kind, ())[version - 1 :]:
        content = step(content)
    return content


def present(kind: str) -> int:
    """The version of that kind that is written today."""
    return 1 + len(_CONVERSIONS.get(kind, ()))


def conditions(
    environment: Mapping[str, Any], frameworks: Sequence[str], options: Mapping[str, Any] | None = None
) -> Content:
    """An environment of version 1 as conditions, with one subject for each of the frameworks.

    options: of the same document: data set, schedule, device and dtype, where all of it has the same.
    """
    versions, known = environment["frameworks"], options or {}
    subjects = {}
    for name in frameworks:
        framework = next((f for f in versions if name == f or name.startswith(f"{f}-")), name)
        subjects[name] = Subject(framework=framework, version=versions.get(framework), python=environment["python"])
    commit = environment["commit"]
    found = Conditions(
        # Where git could not be asked, version 1 wrote that nothing was modified.
        aebench=Harness(
            version=environment["aebench"], commit=commit, modified=environment["modified"] if commit else None
        ),
        machine=Machine(
            processor=environment["processor"], cores=environment["cores"], memory_gib=environment["memory_gib"],
            gpus=environment["gpus"], system=environment["platform"],
        ),
        variables=environment["variables"],
        packages=environment["packages"],
        subjects=subjects,
        data={known["dataset"]: None} if "dataset" in known else {},
        schedule=known.get("schedule"),
        device=known.get("device"),
        dtype=known.get("dtype"),
    )  # fmt: skip
    return plain(checked(plain(found), Conditions))


def _renamed(options: Mapping[str, Any]) -> Content:
    """With what was called `profile` once under its present name, `schedule`."""
    return {"schedule" if key == "profile" else key: value for key, value in options.items()}


def _with_conditions(content: Content) -> Content:
    """A plan, a run, climbs, a sweep or timings: options and, in place of the environment, conditions."""
    options = _renamed(content["options"])
    if "agreement" in options:
        options.setdefault("importance_samples", [])
    rest = {key: value for key, value in content.items() if key not in ("environment", "earlier_environments")}
    found = conditions(content["environment"], options["frameworks"], options)
    if content.get("earlier_environments"):
        # Some rows were measured by an earlier state of aebench, and which of them is not on record.
        found["aebench"] = plain(Harness())
    return {**rest, "options": options, "conditions": found}


def _plan(content: Content) -> Content:
    return {**_with_conditions(content), "begun": None}


def _trial(content: Content) -> Content:
    return content if "failure" in content else {**content, "conditions": None}


def _run(content: Content) -> Content:
    return {**_with_conditions(content), "trials": [_trial(trial) for trial in content["trials"]]}


def _agreement(content: Content) -> Content:
    return {**content, "conditions": None}


def _agreements(content: Content) -> Content:
    return {**_with_conditions(content), "climbing": None}


def _growth(content: Content) -> Content:
    measurement = _renamed(content["measurement"])
    found = conditions(content["environment"], measurement["frameworks"], measurement)
    return {"measurement": measurement, "conditions": found, "growth": content["growth"]}


def _baseline(content: Content) -> Content:
    """Each environment once; a trial's is known where all runs that were accepted with it had the same."""
    content = _renamed(content)
    found: list[Content] = []
    of_autoencoder: dict[str, int | None] = {}
    history = []
    for entry in content["history"]:
        environments = [conditions(e, [n for n, version in e["frameworks"].items() if version], content)
                        for e in entry["environments"]]  # fmt: skip
        found += [e for n, e in enumerate(environments) if e not in found and e not in environments[:n]]
        places = [found.index(e) for e in environments]
        of_autoencoder |= dict.fromkeys(entry["autoencoders"], places[0] if len(set(places)) == 1 else None)
        kept = {key: value for key, value in entry.items() if key != "environments"}
        history.append({**kept, "conditions": places})
    trials = [{**trial, "conditions": of_autoencoder.get(trial["autoencoder"])} for trial in content["trials"]]
    return {**content, "history": history, "conditions": found, "trials": trials}


def _bench(content: Content) -> Content:
    """Rounds within one process are no blocks, and stay what they were."""
    kept = {key: content[key] for key in ("options", "conditions")}
    return {**kept, "blocks": 0, "cases": [], "former": {key: content[key] for key in ("rounds", "cases")}}


# From each version to the next, the first of them to version 2.
_CONVERSIONS: dict[str, tuple[Callable[[Content], Content], ...]] = {
    "plan": (_plan,), "trial": (_trial,), "agreement": (_agreement,), "agreements": (_agreements,),
    "growth": (_growth,), "run": (_run,), "scale": (_with_conditions,), "bench": (_with_conditions, _bench),
    "baseline": (_baseline,),
}  # fmt: skip
