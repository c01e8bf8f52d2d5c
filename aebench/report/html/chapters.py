"""A chapter for each autoencoder: its idea, its mathematics, its texts side by side, its pictures and its curves."""

from __future__ import annotations

import ast
import base64
import math
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from statistics import mean
from typing import Any, Literal

from latex2mathml.converter import convert
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from aebench import registry
from aebench.errors import AebenchError
from aebench.records.baselines import curves
from aebench.records.opened import Opened, Unreadable
from aebench.registry import ARBITER
from aebench.report.gallery import Missing, Picture, pictures
from aebench.report.html import charts
from aebench.report.html.content import Block, Folded, Listing, Plot, Prose, Section, Still, readable, shown
from aebench.report.html.qualities import autoencoders
from aebench.report.published import FIGURES
from aebench.report.side_by_side import aligned, pieces
from aebench.report.side_by_side import sources as texts_of

HIGHLIGHTED = HtmlFormatter(nowrap=True, classprefix="py-")
PUBLISHED = "published"
Shown = Literal["first", "all", "none"]


def section(sources: Sequence[Opened | Unreadable], whose: Shown = "first") -> Section | None:
    """A part for each autoencoder that any record speaks of; None where none does. whose: the runs with pictures."""
    found = [_chapter(name, sources, whose) for name in autoencoders(sources)]
    lead = "The idea of each, its mathematics, what the frameworks' texts look like, and what came of them."
    return Section("autoencoders", "The autoencoders", lead, (), found) if found else None


def _chapter(name: str, sources: Sequence[Opened | Unreadable], whose: Shown) -> Section:
    known = registry.autoencoders().get(name)
    blocks = [*_idea(name), *_pictures(name, sources, whose), *_curves(name, sources), *_texts(name)]
    return Section(f"autoencoder-{name}", name, known.title if known else "", blocks)


@cache
def _about() -> dict[str, dict[str, Any]]:
    return tomllib.loads(resources.files("aebench.report.html").joinpath("about.toml").read_text(encoding="utf-8"))


def _idea(name: str) -> Iterator[Block]:
    """Three sentences and the formulas; of an autoencoder from outside what its own text says."""
    if name in _about():
        about = _about()[name]
        yield Prose([about["idea"]], [convert(formula, display="block") for formula in about["formulas"]])
        return
    for framework in registry.variants():
        for path in _paths(name, framework)[:1]:
            said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
            if said:
                yield Prose(said.split("\n\n"))
                return


def _pictures(name: str, sources: Sequence[Opened | Unreadable], whose: Shown) -> Iterator[Block]:
    """Every picture of the runs that are shown; of those that are missing, why."""
    runs = [source for source in readable(sources, "run") if _has(source, name)]
    for number, source in enumerate(runs if whose != "none" else []):
        if whose == "first" and number:
            more = " ".join(shlex.quote(str(it.folder)) for it in runs[1:])
            yield Prose([f"The pictures of {more} are left out: aebench report --pictures all, or aebench plot."])
            return
        of = f", {source.name}" if len(runs) > 1 else ""
        found = _drawn(source, name)
        yield from (_still(it, of) for it in found if isinstance(it, Picture))
        missing = [f"{it.name.rpartition('/')[2]}: {it.why}" for it in found if isinstance(it, Missing)]
        if missing:
            yield Folded("Pictures that are missing, and why", [Prose(missing)])


def _has(source: Opened, name: str) -> bool:
    return any(row["autoencoder"] == name for row in source.content["trials"])


def _drawn(source: Opened, name: str) -> list[Picture | Missing]:
    """What the run's folder gives; one that cannot be read gives nothing, and says why."""
    try:
        return pictures(source.folder, [name])
    except AebenchError as error:
        return [Missing(name, str(error))]


def _still(picture: Picture, of: str) -> Still:
    content = base64.b64encode(picture.bytes(picture.kind)).decode()
    kind = {"png": "image/png", "svg": "image/svg+xml"}[picture.kind]
    return Still(f"{picture.title}{of}", picture.alt, f"data:{kind};base64,{content}", picture.caption)


def _paths(name: str, framework: str) -> list[Any]:
    """The framework's texts of it; none where that is not known here."""
    try:
        return texts_of(name, framework)
    except AebenchError:
        return []


def _texts(name: str) -> Iterator[Block]:
    """The texts of all frameworks, one definition to a row."""
    found = {framework: paths[0] for framework in registry.frameworks() if (paths := _paths(name, framework))}
    ordered = sorted(found, key=lambda framework: framework == ARBITER)  # the parallel ones first
    parts = {framework: pieces(found[framework].read_text(encoding="utf-8")) for framework in ordered}
    if parts:
        yield Folded(f"The texts of {', '.join(parts)} side by side", [_listing(parts)])


def _listing(parts: Mapping[str, Mapping[str, str]]) -> Listing:
    rows = []
    for label in aligned([list(text) for text in parts.values()]):
        row = {framework: text.get(label, "") for framework, text in parts.items()}
        alike = len({text.replace(framework, "") for framework, text in row.items()}) == 1
        rows.append((label, not alike, [highlight(text, PythonLexer(), HIGHLIGHTED) for text in row.values()]))
    return Listing(list(parts), rows)


def _curves(name: str, sources: Sequence[Opened | Unreadable]) -> Iterator[Block]:
    """The learning curves of all subjects and seeds over each other, and what was published beside them."""
    trained = readable(sources, "run", "baseline")
    rows = [
        row
        for source in trained
        for trial in source.content["trials"]
        if trial["autoencoder"] == name and "failure" not in trial
        for row in _of_trial(trial, source.name if len(trained) > 1 else "")
    ]
    for term in dict.fromkeys(row["term"] for row in rows):
        mine = [row for row in rows if row["term"] == term]
        phases = {row["phase"] for row in mine}
        mine += [row for row in _published(name, term) if row["phase"] in phases]
        drawn = [{key: value for key, value in row.items() if key != "term"} for row in mine]
        plot = Plot(f"{term.replace('_', ' ')} by epoch", _alt(name, term, mine), charts.curves(drawn, term))
        # The loss that is minimised is what one looks for first.
        yield plot if term == "total" else Folded(plot.title, [plot])


def _of_trial(trial: Mapping[str, Any], of: str) -> Iterator[dict[str, Any]]:
    subject = " ".join(filter(None, (trial["framework"], of)))
    for phase, terms in curves(trial).items():
        for term, values in terms.items():
            if term != "epoch":
                for epoch, value in zip(terms["epoch"], values, strict=True):
                    yield {
                        "subject": subject, "series": f"{subject}, seed {trial['seed']}", "phase": phase, "term": term,
                        "epoch": epoch, "value": shown(value) if math.isfinite(value) else None, "published": False,
                    }  # fmt: skip


def _published(name: str, term: str) -> Iterator[dict[str, Any]]:
    for figure in (it for it in FIGURES if (it.autoencoder, it.term, it.kind) == (name, term, "epochs") and it.phase):
        for epoch, value in enumerate(figure.values, start=1):
            yield {
                "subject": PUBLISHED, "series": f"{PUBLISHED}: {figure.what}, {figure.differs}", "phase": figure.phase,
                "term": term, "epoch": epoch, "value": value, "published": True,
            }  # fmt: skip


def _alt(name: str, term: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Where each subject's curves end, in a sentence."""
    ends: dict[tuple[str, str], dict[float, list[float]]] = {}
    for row in rows:
        if row["value"] is not None:
            ends.setdefault((row["subject"], row["phase"]), {}).setdefault(row["epoch"], []).append(row["value"])
    said = [f"{subject} at {mean(found[max(found)]):.4g} in {phase}" for (subject, phase), found in ends.items()]
    return f"Learning curves of {name}, {term}: at the last epoch {', '.join(said)}."
