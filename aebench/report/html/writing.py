"""A report as one HTML file that needs nothing else: no network, no font, no script from elsewhere."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from pygments.formatters import HtmlFormatter

from aebench import __version__
from aebench.data.places import cache_dir
from aebench.errors import AebenchError, DataError
from aebench.records.opened import Opened, Unreadable
from aebench.records.store import whole, write_text
from aebench.report.html import (
    agreeing,
    chapters,
    circumstances,
    content,
    everything,
    openings,
    qualities,
    require_page,
    speeds,
)
from aebench.report.html.chapters import Shown
from aebench.report.html.content import GRAVEST, Block, Folded, Opening, Page, Plot, Section, worst

CACHED = f"vega-{metadata.version('vl-convert-python')}.js.gz"
ENTRANCE = "window.vegaEmbed = vegaEmbed;"  # what the page's own script calls
# What the states are called beside their colours, which not everybody tells apart.
WORDS = {
    "good": "as it should be", "bad": "wrong", "undone": "not done", "undecided": "undecided", "plain": "information",
}  # fmt: skip


def write(
    sources: Sequence[Opened | Unreadable], path: Path, whose: Shown = "first", dashboard: str | None = None
) -> Page:
    """Write the report of the records; what it says. whose: the runs with pictures. dashboard: asv's, its address.

    Raises:
        UsageError: the path is not that of a page.
        UnwritableError: the folder cannot be written, or the disk is full.
    """
    require_page(path)
    page = replace(paged(sources, whose), dashboard=dashboard)
    write_text(path, rendered(page))
    return page


def paged(sources: Sequence[Opened | Unreadable], whose: Shown = "first") -> Page:
    """What a report of the records says. whose: the runs with pictures."""
    found = [openings.opening(source) for source in sources]
    sections = [
        agreeing.section(sources), qualities.section(sources), speeds.section(sources),
        circumstances.section(sources), chapters.section(sources, whose), everything.section(sources),
    ]  # fmt: skip
    names = ", ".join(dict.fromkeys(source.name for source in sources))
    made = f"aebench {__version__}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    state = worst([it.state for it in found])
    return Page(f"aebench: {names}", _sentence(found), state, found, [it for it in sections if it], made)


def _sentence(found: Sequence[Opening]) -> str:
    """The verdict over all records: the gravest one's own, and how many others there are to look at."""
    first = min(found, key=lambda it: GRAVEST.index(it.state))
    if len(found) == 1:
        return first.sentence
    if first.state in ("plain", "good"):
        return f"Nothing is wrong in {len(found)} records."
    others = [it.name for it in found if it is not first and it.state in ("bad", "undone", "undecided")]
    also = f" Look also at {', '.join(others)}." if others else ""
    return f"{first.name}: {first.sentence}{also}"


def rendered(page: Page) -> str:
    """The page as HTML. What is folded, and every plot, is packed beside it."""
    templates = Environment(
        loader=PackageLoader("aebench.report.html"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    templates.tests["kind"] = lambda block, name: type(block).__name__ == name
    apart = [block for block in _blocks(page.sections) if isinstance(block, Plot | Folded)]
    numbers = {id(block): f"{type(block).__name__.lower()}-{number}" for number, block in enumerate(apart)}

    def number_of(block: Block) -> str:
        return numbers[id(block)]

    macros: Any = templates.get_template("blocks.html.j2").module
    folds = {
        number_of(fold): "".join(macros.block(block, number_of) for block in fold.blocks)
        for fold in apart if isinstance(fold, Folded)
    }  # fmt: skip
    plots = {number_of(plot): plot.spec for plot in apart if isinstance(plot, Plot)}
    return templates.get_template("report.html.j2").render(
        page=page, words=WORDS, states=content.STATES, labels=content.LABELS, highlighting=_highlighting(),
        number_of=number_of,
        folds=packed(folds), plots=packed(plots), library=library() if plots else "",
    )  # fmt: skip


def _blocks(sections: Sequence[Section]) -> Iterator[Block]:
    """Every block, in order, and what is folded in it."""
    for section in sections:
        yield from _within(section.blocks)
        yield from _blocks(section.sections)


def _within(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Folded):
            yield from _within(block.blocks)


def packed(value: Any) -> str:
    """Plain data as JSON, compressed, in base 64: nothing in it is read as HTML."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def library() -> str:
    """The script that draws plots, compressed, in base 64. Bundling it takes seconds, so it is kept in the cache."""
    with suppress(OSError, EOFError, zlib.error, DataError):
        kept = (cache_dir("report") / CACHED).read_bytes()
        if gzip.decompress(kept):  # one that was cut short is made anew
            return base64.b64encode(kept).decode()
    made = gzip.compress(vl_convert.javascript_bundle(ENTRANCE).encode(), 9, mtime=0)
    with suppress(OSError, AebenchError), whole(cache_dir("report") / CACHED) as temporary:
        temporary.write_bytes(made)
    return base64.b64encode(made).decode()


def _highlighting() -> str:
    """The styles of the texts, for light and for dark pages."""
    light, dark = (_style(name) for name in ("default", "github-dark"))
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"


def _style(name: str) -> str:
    found: str = HtmlFormatter(style=name, classprefix="py-").get_style_defs(".code")  # type: ignore[no-untyped-call] # its stubs leave it open
    return found
