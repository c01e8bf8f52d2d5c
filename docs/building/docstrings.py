"""This project's docstrings as reStructuredText.

A docstring here is plain text: a sentence, then paragraphs in which `name: what it is` tells of an argument or a field,
and `Raises:`, `Source:` and `Deviates:` of the rest. Stars and bars are arithmetic. Each becomes an entry of a field
list, and arithmetic stays as it is written.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SECTIONS = ("Source", "Deviates", "Usage")
LABEL = re.compile(r"(?P<name>[A-Z][a-z]+|[a-z_]\w*(?:, [a-z_]\w*)*): +(?=\S)")
RAISED = re.compile(r" {4}(?P<name>[A-Z]\w+): (?P<text>.*)")


def escaped(text: str) -> str:
    """The text with code between backticks as literals, and all other characters as they are."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(f"``{part[1:-1]}``\\ " if part.startswith("`") and len(part) > 2 else _plain(part) for part in parts)


def _plain(text: str) -> str:
    # What stands around an @ would be the address of a letter.
    return re.sub(r"([\\*|`@])|_(?=\W|$)", lambda found: f"\\{found[0]}", text)


def names(found: Any) -> set[str]:
    """What a docstring may tell of in the midst of a line: the arguments of a function, the fields of a class."""
    if dataclasses.is_dataclass(found):
        return {field.name for field in dataclasses.fields(found)}
    try:
        return set(inspect.signature(found).parameters)
    except (TypeError, ValueError):
        return set()


def converted(lines: list[str], known: set[str]) -> list[str]:
    """The docstring's lines as reStructuredText. known: the names that begin an entry in the midst of a line."""
    found: list[str] = []
    for block in re.split(r"\n\s*\n", "\n".join(lines).strip("\n")):
        found += [*_block(block.split("\n"), known), ""]
    return found


def _block(lines: list[str], known: set[str]) -> list[str]:
    if lines[0].strip() == "Raises:":
        return _raised(lines[1:])
    if all(line.startswith((" ", "from ", "import ", "Test")) for line in lines):
        return ["::", "", *(f"    {line}" for line in lines)]
    text, entries = _parted(" ".join(lines), known)
    said = [escaped(text), ""] if text else []
    fields = [f":{name}: {escaped(value)}" for name, value in entries if name in SECTIONS]
    listed = [f"- **{_plain(name)}**: {escaped(value)}" for name, value in entries if name not in SECTIONS]
    return [*said, *listed, "", *fields]


def _parted(text: str, known: set[str]) -> tuple[str, list[tuple[str, str]]]:
    """What stands before the first entry, and the entries by name."""
    begins = [match for match in LABEL.finditer(text) if _begins(text, match, known)]
    if not begins:
        return text, []
    ends = [*(match.start() for match in begins[1:]), len(text)]
    entries = [(match["name"], text[match.end() : end].strip()) for match, end in zip(begins, ends, strict=True)]
    return text[: begins[0].start()].strip(), entries


def _begins(text: str, match: re.Match[str], known: set[str]) -> bool:
    """Whether this is the beginning of an entry: of a section, or of a name that is known, after a sentence's end."""
    before, name = text[: match.start()], match["name"]
    if before and not before.endswith((". ", ") ", "; ")):
        return False
    return name in SECTIONS or set(name.split(", ")) <= known


def _raised(lines: list[str]) -> list[str]:
    found = [":Raises:"]
    for line in lines:
        match = RAISED.fullmatch(line)
        said = f"- :py:exc:`.{match['name']}`: {escaped(match['text'])}" if match else f"  {escaped(line.strip())}"
        found.append(f"    {said}")
    return found


def process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """The docstring of whatever autodoc found, in place."""
    lines[:] = converted(lines, names(obj))


def signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, arguments: str | None, result: str | None
) -> tuple[str | None, str | None] | None:
    """What a network is made with, which a stand-in hides; types and defaults as their texts have them."""
    if what == "class" and name.startswith("aebench.implementations."):
        return "(autoencoder: Autoencoder)", None
    as_written = partial(re.sub, r"TypeAliasForwardRef\('(\w+)'\)|<factory>", lambda found: found[1] or "...")
    return (as_written(arguments), as_written(result) if result else result) if arguments else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", process)
    app.connect("autodoc-process-signature", signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
