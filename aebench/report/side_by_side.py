"""The texts of one autoencoder in every framework side by side, one definition to a row.

A text is split into its pieces: docstring, imports, and class by class its header and its methods. Pieces of the same
name stand in one row; what a framework lacks leaves a gap. Texts are read, never imported, so no framework loads.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import dedent

from rich.console import Console, ConsoleOptions, RenderResult
from rich.style import Style
from rich.syntax import ANSISyntaxTheme, Syntax
from rich.table import Table
from rich.text import Text

from aebench import networks, registry
from aebench.errors import UnknownNameError
from aebench.protocol import Framework

SHARED = "network"  # the base of every network of a framework, which tells nothing of a single autoencoder
DIFFERS = "*"
BREAK = re.compile(r"[ ,(\[]|(?=\.)")  # where a line that is too long may go on below

# Colours that dark and light terminals both show well, by Pygments' token types.
COLOURS = ANSISyntaxTheme(
    {
        ("Keyword",): Style(color="magenta"),
        ("Operator", "Word"): Style(color="magenta"),
        ("Literal", "String"): Style(color="green"),
        ("Literal", "Number"): Style(color="cyan"),
        ("Name", "Function"): Style(bold=True),
        ("Name", "Class"): Style(bold=True),
        ("Comment",): Style(italic=True, dim=True),
    }
)


def show(name: str, frameworks: Sequence[str], *, console: Console, bases: bool = True) -> None:
    """Print the texts of one autoencoder, a column for each framework, then those that it builds on.

    A row is marked where its texts differ by more than the framework's own name. A framework without such a text has
    no column, but a line below the table that says where it was looked for.

    bases: also print the modules of the same folder that the autoencoder inherits from, nearest first.

    Raises:
        UnknownNameError: no autoencoder, or no framework, has that name.
    """
    found = modules(name, frameworks)
    for number, (title, paths) in enumerate(found.items() if bases else [*found.items()][:1]):
        if number:
            console.print()
        if paths:
            console.print(table(title, paths))
        for line in lacking(name, frameworks) if number == 0 else ():
            console.print(Text(line))


def modules(name: str, frameworks: Sequence[str]) -> dict[str, dict[str, Path]]:
    """Title -> the texts by framework: the autoencoder's first, then those that it builds on, nearest first.

    Raises:
        UnknownNameError: no autoencoder, or no framework, has that name.
    """
    chains = {framework: sources(name, framework) for framework in frameworks}
    found = {name: {framework: chain[0] for framework, chain in chains.items() if chain}}
    for module in dict.fromkeys(path.stem for chain in chains.values() for path in chain[1:]):
        found[f"{module}, which {name} builds on"] = {
            framework: path for framework, chain in chains.items() for path in chain[1:] if path.stem == module
        }
    return found


def lacking(name: str, frameworks: Sequence[str]) -> list[str]:
    """A line for each framework without a text of the autoencoder: where it was looked for."""
    found = []
    for framework in (it for it in frameworks if not sources(name, it)):
        place = _framework(framework).place(name)
        missing = f"{framework}: no text found (looked for {place})"
        found.append(missing if place else networks.lacking(framework, name))
    return found


def sources(name: str, framework: str) -> list[Path]:
    """The text of an autoencoder in a framework, then those of the same folder it inherits from; empty without one.

    Raises:
        UnknownNameError: no autoencoder, or no framework, has that name.
    """
    registry.autoencoder(name)
    place = _framework(framework).place(name)
    path = networks.source(place) if place else None
    return _with_bases(path) if path else []


def table(title: str, paths: Mapping[str, Path]) -> Table:
    """One module of every framework as a table, its pieces in rows."""
    texts = {framework: pieces(path.read_text(encoding="utf-8")) for framework, path in paths.items()}
    drawn = Table(title=Text(title, "bold"), title_justify="left", show_lines=True, expand=True)
    drawn.add_column("", width=len(DIFFERS))
    for framework in texts:
        drawn.add_column(Text(framework), ratio=1, overflow="fold")
    for label, differs, row in compared(texts):
        drawn.add_row(DIFFERS if differs else "", *(Code(x, 0 if label == "docstring" else 4) for x in row))
    return drawn


def compared(texts: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, bool, list[str]]]:
    """The pieces of every framework's text in one order: a piece's name, whether it differs by more than the
    framework's own name, and what it is in each; empty where a framework lacks it."""
    for label in aligned([list(text) for text in texts.values()]):
        row = {framework: text.get(label, "") for framework, text in texts.items()}
        differs = len({text.replace(framework, "") for framework, text in row.items()}) > 1
        yield label, differs, list(row.values())


def pieces(text: str) -> dict[str, str]:
    """The pieces of a module by name, in its order, methods moved to the left edge.

    Every line is in exactly one piece but for blank ones between them; a comment goes with what follows it. Names:
    `docstring`, `imports`, `Class`, `Class.method`, `function`, the target of an assignment, or another statement's
    first line. What Python cannot parse is one piece, `text`.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return {"text": text}
    lines, done = text.split("\n"), 0
    found: dict[str, list[str]] = {}
    ends = list(_ends(tree))
    for number, (label, end) in enumerate(ends, start=1):
        last = len(lines) if number == len(ends) else end
        piece = dedent("\n".join(lines[done:last])).strip("\n")
        if piece:
            found.setdefault(label, []).append(piece)
        done = max(done, last)
    return {label: "\n".join(parts) for label, parts in found.items()}


def aligned(columns: Sequence[Sequence[str]]) -> list[str]:
    """All names in one order: the first column's, each further name after the one it follows in its own column."""
    order: list[str] = []
    for column in columns:
        place = 0
        for label in column:
            if label not in order:
                order.insert(place, label)
            place = order.index(label) + 1
    return order


def _ends(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Name and last line of every piece, in order."""
    for number, node in enumerate(tree.body):
        if isinstance(node, ast.ClassDef):
            yield from _class_ends(node)
        elif number == 0 and ast.get_docstring(tree, clean=False) is not None:
            yield "docstring", _end(node)
        else:
            yield _label(node), _end(node)


def _class_ends(node: ast.ClassDef) -> Iterator[tuple[str, int]]:
    """The header, which reaches to the first method, and each statement from there on."""
    methods = [x for x in node.body if isinstance(x, ast.FunctionDef | ast.AsyncFunctionDef)]
    if not methods:
        yield node.name, _end(node)
        return
    first = min(x.lineno for x in (methods[0], *methods[0].decorator_list))
    yield node.name, first - 1
    for statement in node.body[node.body.index(methods[0]) :]:
        yield f"{node.name}.{_label(statement)}", _end(statement)


def _label(node: ast.stmt) -> str:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return "imports"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
    return ast.unparse(node).split("\n")[0]


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _framework(name: str) -> Framework:
    """The framework of that name, installed or not.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in registry.variants():
        raise UnknownNameError("framework", name, registry.variants())
    return registry.variants()[name]


def _with_bases(path: Path) -> list[Path]:
    """A text and, one after the other, those of the same folder that its classes inherit from."""
    found, waiting = [path], [path]
    while waiting:
        for base in _bases(waiting.pop(0)):
            if base not in found and base.stem != SHARED:
                found.append(base)
                waiting.append(base)
    return found


def _bases(path: Path) -> Iterator[Path]:
    """The texts of the same folder from which a text imports what its classes inherit from."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError:
        return
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    inherited = {ast.unparse(base).split(".")[0] for node in classes for base in node.bases}
    for node in (node for node in tree.body if isinstance(node, ast.ImportFrom)):
        within = _within(node, path.parent.name)
        for name in (alias.name for alias in node.names if (alias.asname or alias.name) in inherited):
            base = path.with_name(f"{[*within, name][0]}.py") if within is not None else None
            if base is not None and base.is_file():
                yield base


def _within(node: ast.ImportFrom, folder: str) -> list[str] | None:
    """What an import names below the folder that it stands in; None when it reaches elsewhere."""
    parts = node.module.split(".") if node.module else []
    if node.level:
        return parts if node.level == 1 else None
    return parts[parts.index(folder) + 1 :] if folder in parts else None


class Code:
    """Python text in colours, folded to the width there is: what a line continues on is moved in from its beginning.

    Rich's own `Syntax` continues at the left edge, and cuts off a word that is longer than the column.
    """

    def __init__(self, text: str, moved_in: int = 4) -> None:
        self._text = Syntax("", "python", theme=COLOURS, background_color="default").highlight(text)
        self._text.rstrip()
        self._moved_in = moved_in

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self._text.split("\n", allow_blank=True):
            indent = len(line.plain) - len(line.plain.lstrip())
            margin, rest = min(indent, options.max_width // 3), line[indent:]
            cut = _cut(rest.plain, max(1, options.max_width - margin))
            yield Text(" " * margin) + rest[:cut]
            margin += min(self._moved_in, options.max_width // 3)
            while rest := rest[cut:]:
                cut = _cut(rest.plain, max(1, options.max_width - margin))
                yield Text(" " * margin) + rest[:cut]


def _cut(line: str, width: int) -> int:
    """How much of a line stands within the width: all, or up to a space near its end, or up to where a name ends."""
    if len(line) <= width:
        return len(line)
    cuts = [match.end() for match in BREAK.finditer(line, 1) if match.end() <= width]
    spaces = [cut for cut in cuts if line[cut - 1] == " " and cut > 0.6 * width]
    return max(spaces or cuts, default=width)
