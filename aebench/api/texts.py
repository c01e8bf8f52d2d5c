"""The texts of an autoencoder in every framework, side by side: `aebench show` from Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from aebench import registry
from aebench.api import asking
from aebench.api.shown import printed
from aebench.report import side_by_side

# Colours stand in the text itself, on their own ground: a notebook takes no style sheet, and may be dark.
HIGHLIGHTED = HtmlFormatter(nowrap=True, noclasses=True, style="default")
GROUND = "background: #ffffff; color: #24292e"
CELL = f'style="text-align: left; vertical-align: top; border: 1px solid #d0d7de; padding: 4px 8px; {GROUND}"'
# Notebooks show `pre` in the font of prose, and break words in their midst.
CODE = (
    'style="margin: 0; padding: 0; border: 0; background: none; color: inherit; font: 12px/1.4 monospace; '
    'white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere"'
)


@dataclass(frozen=True, repr=False)
class Texts:
    """The texts, one definition to a row. name: of the autoencoder. modules: title -> framework -> file, the
    autoencoder's own first, then what it builds on. lacking: a line for each framework that has no such text.

    `print` shows what `aebench show` prints.
    """

    name: str
    frameworks: tuple[str, ...]
    modules: Mapping[str, Mapping[str, Path]]
    lacking: tuple[str, ...]

    def __repr__(self) -> str:
        found = [
            f"  {title}: {', '.join(f'{framework} {_length(path)} lines' for framework, path in paths.items())}"
            for title, paths in self.modules.items()
        ]
        return "\n".join([f"Texts of {self.name}; print() shows them side by side.", *found, *self.lacking])

    def __str__(self) -> str:
        bases = len(self.modules) > 1
        return printed(lambda screen: side_by_side.show(self.name, self.frameworks, console=screen, bases=bases))

    def _repr_html_(self) -> str:
        tables = [_table(title, paths) for title, paths in self.modules.items() if paths]
        return "\n".join([*tables, *(f"<p>{escape(line)}</p>" for line in self.lacking)])


def texts(name: str, frameworks: asking.Names = (), *, bases: bool = True) -> Texts:
    """The texts of one autoencoder. frameworks: default: all, the reference among them. bases: also those it builds on.

    They are read and not imported, and need no framework.

    Raises:
        UnknownNameError: no autoencoder, or no framework, has that name.
    """
    chosen = asking.each(frameworks) or list(registry.frameworks())
    modules = side_by_side.modules(name, chosen)
    kept = modules if bases else {name: modules[name]}
    return Texts(name, tuple(chosen), kept, tuple(side_by_side.lacking(name, chosen)))


def _length(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _table(title: str, paths: Mapping[str, Path]) -> str:
    parts = {framework: side_by_side.pieces(path.read_text(encoding="utf-8")) for framework, path in paths.items()}
    width = f"{100 // len(parts)}%"
    head = "".join(f'<th {CELL} width="{width}">{escape(framework)}</th>' for framework in parts)
    lines = [f'<table style="table-layout: fixed; width: 100%; {GROUND}">']
    lines += [f"<caption>{escape(title)}</caption>", f"<thead><tr>{head}</tr></thead><tbody>", *_rows(parts)]
    return "\n".join([*lines, "</tbody></table>"])


def _rows(parts: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for _, _, row in side_by_side.compared(parts):
        cells = (highlight(text, PythonLexer(), HIGHLIGHTED).rstrip("\n") if text else "" for text in row)
        yield f"<tr>{''.join(f'<td {CELL}><pre {CODE}>{cell}</pre></td>' for cell in cells)}</tr>"
