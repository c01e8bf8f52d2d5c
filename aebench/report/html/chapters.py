"""A chapter for each autoencoder: its idea, its mathematics, its texts side by side, its pictures and its curves."""

from __future__ import annotations

import ast
import base64
import math
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
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
from aebench.report.side_by_side import compared, pieces
from aebench.report.side_by_side import sources as texts_of

HIGHLIGHTED = HtmlFormatter(nowrap=True, classprefix="py-")
PUBLISHED = "published"
Shown = Literal["first", "all", "none"]


def section(sources: Sequence[Opened | Unreadable], whose: Shown = "first") -> Section | None:
    """A part for each autoencoder that any record speaks of; None where none does. whose: the runs with pictures."""
    albums = [Album(run) for run in readable(sources, "run")]
    found = [_chapter(name, sources, albums, whose) for name in autoencoders(sources)]
    of_all = list(_pictures(None, albums, whose))
    lead = "The idea of each, its mathematics, what the frameworks' texts look like, and what came of them."
    return Section("autoencoders", "The autoencoders", lead, of_all, found) if found else None


def _chapter(name: str, sources: Sequence[Opened | Unreadable], albums: Sequence[Album], whose: Shown) -> Section:
    known = registry.autoencoders().get(name)
    blocks = [*_idea(name), *_pictures(name, albums, whose), *_curves(name, sources), *_texts(name)]
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


@dataclass(frozen=True)
class Album:
    """A run, and its pictures, of all autoencoders; they are looked for once, when they are first asked for."""

    run: Opened

    @cached_property
    def pictures(self) -> Sequence[Picture | Missing]:
        """What the run's folder gives; where it cannot be read, why, for each autoencoder."""
        try:
            return pictures(self.run.folder)
        except AebenchError as error:
            return [Missing(f"{name}/pictures", str(error)) for name in autoencoders([self.run])]

    def of(self, name: str | None) -> list[Picture | Missing]:
        """Those of the autoencoder; None: those of all of them together."""
        return [it for it in self.pictures if (it.name.partition("/")[0] if "/" in it.name else None) == name]


def _pictures(name: str | None, albums: Sequence[Album], whose: Shown) -> Iterator[Block]:
    """Every picture of the autoencoder in the runs that are shown, or of all of them; of what is missing, why."""
    mine = [album for album in albums if name is None or _has(album.run, name)]
    for album in {"none": [], "first": mine[:1], "all": mine}[whose]:
        found, of = album.of(name), f"{album.run.name}: " if len(mine) > 1 else ""
        yield from (_still(it, of) for it in found if isinstance(it, Picture))
        missing = [f"{it.name.rpartition('/')[2]}: {it.why}" for it in found if isinstance(it, Missing)]
        if missing:
            yield Folded("Pictures that are missing, and why", [Prose(missing)])
    if whose == "first" and len(mine) > 1:
        more = " ".join(shlex.quote(str(album.run.folder)) for album in mine[1:])
        yield Prose([f"The pictures of {more} are left out: aebench report --pictures all, or aebench plot."])


def _has(source: Opened, name: str) -> bool:
    return any(row["autoencoder"] == name for row in source.content["trials"])


def _still(picture: Picture, of: str) -> Still:
    content = base64.b64encode(picture.bytes(picture.kind)).decode()
    kind = {"png": "image/png", "svg": "image/svg+xml"}[picture.kind]
    return Still(picture.alt, f"data:{kind};base64,{content}", f"{of}{picture.caption}")


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
    return Listing(list(parts), [
        (label, differs, [highlight(text, PythonLexer(), HIGHLIGHTED) for text in row])
        for label, differs, row in compared(parts)
    ])  # fmt: skip


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
