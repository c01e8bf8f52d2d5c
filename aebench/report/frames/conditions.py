"""Tables of what was asked for, and of the conditions under which numbers were measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aebench.report.frames.frame import Content, Frame, frame, integer, text, without

# Parts of conditions that hold several things by name.
NAMED = ("subjects", "specifications", "data", "variables", "packages")
OPTIONS = (text("option", "its path in the record"), text("value", "one row for each, where there are several"))
FIELDS = (
    integer("conditions", "number of the set, which other tables name"),
    text("part", "what of: a subject, the machine, a package …"),
    text("name", "which one, where there are several"),
    text("property", "what of it"),
    text("value", "as text; missing where it is unknown"),
)


Facts = tuple[tuple[tuple[str, ...], str | None], ...]


class Sets:
    """The conditions of a record, each set once, numbered from 0. known: those that have a number already."""

    def __init__(self, *known: Content | None) -> None:
        self._sets: list[Facts] = [_facts(each) for each in known if each is not None]

    def number(self, conditions: Content | None) -> int | None:
        """The number of these, but for how busy the machine was meanwhile; None where they are unknown."""
        if conditions is None:
            return None
        facts = _facts(without(conditions, "busy"))
        if facts not in self._sets:
            self._sets.append(facts)
        return self._sets.index(facts)

    def frame(self) -> Frame:
        """A row for each fact of each set."""
        rows = (
            {"conditions": number, **_placed(path), "value": value}
            for number, facts in enumerate(self._sets)
            for path, value in facts
        )
        return frame("conditions", "Under which conditions", FIELDS, rows)


def _facts(conditions: Content) -> Facts:
    """Every fact; how busy the machine was is none where it is not on record."""
    return tuple(flattened(conditions if conditions.get("busy") else without(conditions, "busy")))


def options(asked: Content) -> Frame:
    """What was asked for: a row for each scalar."""
    rows = ({"option": ".".join(path), "value": value} for path, value in flattened(asked))
    return frame("options", "What was asked for", OPTIONS, rows)


def flattened(value: object, *path: str) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """Every scalar of plain data under its path, as text; the items of a list have one path."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from flattened(item, *path, str(key))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from flattened(item, *path)
    else:
        yield path, None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _placed(path: tuple[str, ...]) -> dict[str, str | None]:
    """The path by its fields."""
    part, *rest = path
    name = rest.pop(0) if part in NAMED and rest else None
    return {"part": part, "name": name, "property": ".".join(rest) or None}
