"""One plain text out of several modules: a few definitions, and all that these need, in an order in which they run.

Names are followed as they are written: from a definition to what its module binds under the names in it, through
`from module import name`, as far as modules of the packages go that are followed; what comes from others stays an
import. Texts are copied with their comments, without annotations, whose names would have to be followed, too.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec, resolve_name
from pathlib import Path

from aebench.errors import ReproductionError

# What tells a tool how to read a line says nothing in another place.
FOR_TOOLS = re.compile(r"  # (?:fmt|noqa|type): ?.*$", re.MULTILINE)
Function = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Name:
    """What a module binds a name to by an import: `name` of `module`, or the module itself where name is None."""

    module: str
    name: str | None
    line: str


@dataclass
class Text:
    """A module, or a package's own text: its bytes, where each line of them begins, and what stands at its top."""

    source: bytes
    is_package: bool
    starts: list[int] = field(default_factory=list)
    bound: dict[str, Name | ast.stmt] = field(default_factory=dict)

    def at(self, line: int | None, column: int | None) -> int:
        """The place of a line and column, as ast gives them, among the bytes."""
        return self.starts[(line or 1) - 1] + (column or 0)


@dataclass
class Flattened:
    """imports: as lines. definitions: texts, each after what it needs to be made."""

    imports: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)


def flattened(
    roots: Sequence[tuple[str, str]], packages: Collection[str], left_out: Callable[[ast.stmt], bool] = lambda _: False
) -> Flattened:
    """The definitions (module, name), and all they need.

    packages: those whose modules are followed, by their first names. left_out: statements that are not copied, nor what
    they alone need.

    Raises:
        ReproductionError: a text is not there, two definitions have one name, or one needs a whole module.
    """
    work = _Flattening(packages, left_out)
    for module, name in roots:
        work.need(module, name)
    return Flattened(_grouped(work.imports), work.definitions)


def binds(module: str, name: str) -> bool:
    """Whether something stands under that name at the top of the module.

    Raises:
        ReproductionError: its text is not there.
    """
    return name in _read(module).bound


class _Flattening:
    """The work under way. owners: who has bound each name of the one text. taken: the statements that stand in it."""

    def __init__(self, packages: Collection[str], left_out: Callable[[ast.stmt], bool]) -> None:
        self.packages, self.left_out = packages, left_out
        self.texts: dict[str, Text] = {}
        self.owners: dict[str, tuple[str, str | None]] = {}
        self.imports: dict[str, Name] = {}
        self.taken: set[int] = set()
        self.definitions: list[str] = []

    def need(self, module: str, name: str) -> None:
        """Take over what the module binds to the name, after what that needs."""
        text = self._text(module)
        bound = text.bound.get(name)
        if bound is None:
            raise ReproductionError(f"{module} binds no {name} at its top, so its text cannot be made plain")
        if isinstance(bound, Name):
            self._imported(module, name, bound)
        elif self._is_new(name, (module, name)) and id(bound) not in self.taken:
            self.taken.add(id(bound))
            for other in sorted(set(self._names(bound)) & text.bound.keys() - {name}):
                self.need(module, other)
            self.definitions.append(self._copied(text, bound))

    def _text(self, module: str) -> Text:
        if module not in self.texts:
            self.texts[module] = _read(module)
        return self.texts[module]

    def _is_module(self, package: str, name: str) -> bool:
        text = self._text(package)
        return name not in text.bound and text.is_package and find_spec(f"{package}.{name}") is not None

    def _imported(self, module: str, name: str, found: Name) -> None:
        """An import: followed in the packages that are, kept in others."""
        if found.module.partition(".")[0] not in self.packages:
            if self._is_new(name, (found.module, found.name)):
                self.imports[name] = found
            return
        whole = found.module if found.name is None else f"{found.module}.{found.name}"
        if found.name is None or self._is_module(found.module, found.name):
            raise ReproductionError(
                f"{module} needs the module {whole} as a whole, so its text cannot be made plain; write "
                "`from MODULE import NAME` there"
            )
        self.need(found.module, found.name)
        if found.name != name and self._is_new(name, (module, name)):
            self.definitions.append(f"{name} = {found.name}")

    def _is_new(self, name: str, owner: tuple[str, str | None]) -> bool:
        """Whether the name is free; ReproductionError where something else has it."""
        known = self.owners.get(name)
        if known is not None and known != owner:
            raise ReproductionError(
                f"both {known[0]} and {owner[0]} define {name}, and a plain text has one place for it; rename one"
            )
        self.owners[name] = owner
        return known is None

    def _names(self, node: ast.AST) -> Iterator[str]:
        """Every name that the text reads, but those in annotations and in what is left out."""
        if isinstance(node, ast.Name):
            yield node.id
        if isinstance(node, ast.stmt) and self.left_out(node):
            return
        hidden = {id(annotation) for annotation in _annotations(node)}
        for child in ast.iter_child_nodes(node):
            if id(child) not in hidden:
                yield from self._names(child)

    def _copied(self, text: Text, node: ast.stmt) -> str:
        """The definition's text, as it is copied."""
        first = min((it.lineno for it in getattr(node, "decorator_list", ())), default=node.lineno)
        begin, end = text.at(first, 0), text.at(node.end_lineno, node.end_col_offset)
        copied = text.source[begin:end]
        for start, stop, instead in sorted(self._changes(text, node), reverse=True):
            copied = copied[: start - begin] + instead + copied[stop - begin :]
        lines = FOR_TOOLS.sub("", copied.decode()).rstrip()
        return re.sub(r"\n{3,}", "\n\n", lines)

    def _changes(self, text: Text, node: ast.AST, of: ast.AST | None = None) -> Iterator[tuple[int, int, bytes]]:
        """What is replaced: from where, to where, by what."""
        gone: set[ast.AST] = set()
        for body in (value for _, value in ast.iter_fields(node) if isinstance(value, list)):
            left = [it for it in body if isinstance(it, ast.stmt) and self.left_out(it)]
            for it in left:
                start, stop = text.at(it.lineno, 0), text.at((it.end_lineno or 0) + 1, 0)
                empty = len(left) == len(body) and it is left[0]
                yield start, stop, b" " * it.col_offset + b"pass\n" if empty else b""
            gone.update(left)
        if isinstance(node, Function):
            yield from _without_annotations(text, node)
        if isinstance(node, ast.AnnAssign):
            yield _unannotated(text, node, of)
        for child in ast.iter_child_nodes(node):
            if child not in gone:
                yield from self._changes(text, child, node)


def _annotations(node: ast.AST) -> Iterator[ast.AST]:
    """What of the node's own parts says a type only."""
    if isinstance(node, (ast.AnnAssign, ast.arg)) and node.annotation is not None:
        yield node.annotation
    if isinstance(node, Function) and node.returns is not None:
        yield node.returns


def _without_annotations(text: Text, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[int, int, bytes]]:
    """The changes that take the annotations out of a function's first lines."""
    arguments = node.args
    ordered = [*arguments.posonlyargs, *arguments.args]
    defaults = dict(zip(reversed(ordered), reversed(arguments.defaults), strict=False))
    defaults |= {a: d for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None}
    every = [*ordered, *arguments.kwonlyargs, *filter(None, (arguments.vararg, arguments.kwarg))]
    for argument in (it for it in every if it.annotation is not None):
        start = text.at(argument.lineno, argument.col_offset) + len(argument.arg.encode())
        default = defaults.get(argument)
        if default is None:
            yield start, text.at(argument.end_lineno, argument.end_col_offset), b""
        else:
            yield start, text.at(default.lineno, default.col_offset), b"="
    if node.returns is not None:
        stop = text.at(node.returns.end_lineno, node.returns.end_col_offset)
        arrow = text.source.rindex(b"->", 0, text.at(node.returns.lineno, node.returns.col_offset))
        yield len(text.source[:arrow].rstrip()), stop, b""


def _unannotated(text: Text, node: ast.AnnAssign, of: ast.AST | None) -> tuple[int, int, bytes]:
    """The change that takes a variable's annotation out; a dataclass needs some, so a class keeps `object`."""
    annotation = node.annotation
    start, stop = text.at(node.target.end_lineno, node.target.end_col_offset), annotation.end_lineno
    end = text.at(stop, annotation.end_col_offset)
    if isinstance(of, ast.ClassDef):
        return text.at(annotation.lineno, annotation.col_offset), end, b"object"
    return (start, end, b"") if node.value is not None else (start, end, b" = None")


def _read(module: str) -> Text:
    """The module's text; nothing of it is run."""
    try:
        spec = find_spec(module)
        source = Path(spec.origin).read_bytes() if spec and spec.origin else None
        tree = ast.parse(source) if source is not None else None
    except (ImportError, OSError, SyntaxError, ValueError) as error:
        raise ReproductionError(f"the text of {module} cannot be read: {error}") from error
    if source is None or tree is None or spec is None:
        raise ReproductionError(f"there is no text of {module} that could be made plain")
    text = Text(source + b"\n", is_package=bool(spec.submodule_search_locations))
    text.starts = [0, *(match.end() for match in re.finditer(rb"\n", text.source))]
    package = module if text.is_package else module.rpartition(".")[0]
    for node in tree.body:
        text.bound |= dict(_bound(node, package))
    return text


def _bound(node: ast.stmt, package: str) -> Iterator[tuple[str, Name | ast.stmt]]:
    """The names that a statement at the top binds."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            module = alias.name if alias.asname else name
            yield name, Name(module, None, ast.unparse(ast.Import([alias])))
    elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
        module = resolve_name("." * node.level + (node.module or ""), package)
        for alias in node.names:
            yield alias.asname or alias.name, Name(module, alias.name, ast.unparse(alias))
    elif isinstance(node, (*Function, ast.ClassDef)):
        yield node.name, node
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            names = (it for it in ast.walk(target) if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store))
            yield from ((it.id, node) for it in names)


def _grouped(imports: dict[str, Name]) -> list[str]:
    """The imports as lines, in order, those of one module together: the standard library's, then others."""
    lines = {found.line for found in imports.values() if found.name is None}
    for module in {found.module for found in imports.values() if found.name is not None}:
        names = sorted(found.line for found in imports.values() if found.module == module and found.name is not None)
        lines.add(f"from {module} import {', '.join(names)}")
    ordered = sorted(lines, key=lambda line: (line.startswith("from"), line))
    ours = [line for line in ordered if re.split(r"[ .]", line)[1] in sys.stdlib_module_names]
    return [*ours, *([""] if ours else []), *(line for line in ordered if line not in ours)]
