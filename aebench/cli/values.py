"""The kinds of values that options take. What stands for nothing, such as a variable that is not set, is refused."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from aebench.checks import MOST
from aebench.errors import UsageError
from aebench.records.store import require_folder

Number = TypeVar("Number", int, float)
WIDEST = 10_000.0  # factor on every hidden layer
NOTHING = "there is nothing where a value is expected; is a variable not set?"
Callback = Callable[[click.Context, click.Parameter, Any], Any]
# Where a value comes from that nobody said on the command line: from the option, or from the project's file; of an
# option that the command does not have, nowhere.
UNSAID = (None, click.core.ParameterSource.DEFAULT, click.core.ParameterSource.DEFAULT_MAP)


def typed(context: click.Context, name: str) -> bool:
    """Whether the option was said on the command line."""
    return context.get_parameter_source(name) not in UNSAID


class Place(click.Path):
    """A path. An empty one is not the present folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click's, for a path that is said."""
        if not os.fspath(value).strip():
            self.fail(NOTHING, param, ctx)
        return super().convert(value, param, ctx)


class Folder(Place):
    """A folder to write to, which need not be there yet."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A path that is a folder, or can become one."""
        found: Path = super().convert(value, param, ctx)
        try:
            require_folder(found)
        except UsageError as error:
            self.fail(str(error), param, ctx)
        return found


class Share(click.FloatRange):
    """A part of something: a number above 0 that is finite."""

    def __init__(self) -> None:
        super().__init__(0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click's range, which nan passes."""
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is not a number above 0", param, ctx)
        return found


class Minutes(Share):
    """Minutes on the command line, seconds to whoever asked for them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The seconds."""
        return 60.0 * super().convert(value, param, ctx)


def text(_: click.Context, __: click.Parameter, value: str) -> str:
    """A callback for a text that says something; bytes of another encoding than the locale's are read as UTF-8."""
    if not value.strip():
        raise click.BadParameter(NOTHING)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(value).decode("utf-8", "replace")
    return value


def data_set(_: click.Context, __: click.Parameter, value: str) -> str:
    """A callback for the name of a data set, whether or not anything that is asked for reads it."""
    from aebench import data

    if not value.strip():
        raise click.BadParameter(NOTHING)
    data.check(value)
    return value


def names(kind: str) -> Callback:
    """A callback that splits names at commas and checks each against the registry."""

    def check(_: click.Context, __: click.Parameter, value: Any) -> tuple[str, ...]:
        return named(kind, value if isinstance(value, tuple) else () if value is None else (value,))

    return check


def named(kind: str, texts: Iterable[str]) -> tuple[str, ...]:
    """The names between the texts' commas, each once and known; click.BadParameter where one is empty.

    kind: `autoencoder`, `framework`, which computes, or `subject`, which may also be one that a bundle holds.
    """
    found = tuple(dict.fromkeys(name.strip() for text in texts for name in text.split(",")))
    if "" in found:
        raise click.BadParameter(NOTHING)
    if kind in ("framework", "subject"):
        from aebench.processes import probing

        called = probing.subject if kind == "subject" else probing.computing
        return tuple(dict.fromkeys(called(name) for name in found))
    from aebench import registry

    return tuple(dict.fromkeys(name for it in found for name in registry.called(it)))


# The executor that --processes means, where its number waits, and where it is kept whether a file alone asks for one.
POOL, WORKERS, OF_FILE = "processes", "aebench.workers", "aebench.executor-of-file"


def workers(context: click.Context, _: click.Parameter, value: int | None) -> None:
    """Keep the number for the executor, which is looked at after this."""
    context.meta[WORKERS] = value


def executor(context: click.Context, _: click.Parameter, value: str | None) -> Any:
    """The executor of that name, as `aebench.processes.executors.find` gives it; with so many workers, if it was said.

    Raises:
        click.UsageError: how many another one has stands elsewhere; a project's file says both.
    """
    from dataclasses import replace

    from aebench.processes.executors import find

    if value is not None and not value.strip():
        raise click.BadParameter(NOTHING)
    number = context.meta.get(WORKERS)
    context.meta[OF_FILE] = not (typed(context, "executor") or typed(context, "processes"))
    if value not in (None, POOL) and typed(context, "executor"):
        if number is not None and typed(context, "processes"):
            raise click.UsageError(f"--processes is for --executor {POOL}; how many {value} has stands in aebench.toml")
        number = None  # a project's file says it of another one
    if number is None:
        return None if value is None else find(value)
    if value not in (None, POOL) and not typed(context, "processes"):
        raise click.UsageError(f"the project's file says executor = '{value}' and processes = {number}; leave one out")
    return replace(find(POOL), settings={"workers": number}, place=f"--processes {number}")


def no_executor(context: click.Context, _: click.Parameter, value: str | None) -> None:
    """Refuse an executor: a click.UsageError with the reason."""
    if value is not None:
        raise click.UsageError(
            f"`{context.info_name}` takes no executor: what is timed has its machine to itself, and what trains beside "
            "it would slow it down. `aebench run --executor NAME` trains elsewhere."
        )


def affinity(_: click.Context, __: click.Parameter, value: str | None) -> None:
    """Keep this process, and all that it begins, on the cores between the text's commas."""
    if value is None:
        return
    wanted = set(whole_numbers(value, "0,2"))
    if not hasattr(os, "sched_setaffinity"):
        raise click.BadParameter("this system lets no process choose its cores")
    allowed = os.sched_getaffinity(0)
    if lacking := wanted - allowed:
        shown = ", ".join(map(str, sorted(allowed)))
        raise click.BadParameter(f"core {min(lacking)} is none of those that this process may use: {shown}")
    os.sched_setaffinity(0, wanted)


def timeout(context: click.Context, parameter: click.Parameter, value: float) -> None:
    """From now on a process that says nothing for so many seconds hangs."""
    if context.get_parameter_source(parameter.name or "") is not click.core.ParameterSource.DEFAULT:
        from aebench.processes import worker

        worker.SILENCE_SECONDS = value


def rehearsal(context: click.Context, _: click.Parameter, value: bool) -> bool:
    """A callback: what is only rehearsed downloads nothing."""
    if value:
        from aebench.data.download import without_downloads

        context.with_resource(without_downloads())
    return value


def words(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    """A callback that splits words at commas, each once; what they may be is somebody else's affair."""
    found = () if value is None else tuple(dict.fromkeys(word.strip() for word in value.split(",")))
    if "" in found:
        raise click.BadParameter(NOTHING)
    return found


def listed(texts: Iterable[str], kind: Callable[[str], Number], otherwise: str) -> tuple[Number, ...]:
    """The numbers that the texts stand for, each once; click.BadParameter with the message `otherwise` for others."""
    try:
        read: Callable[[str], Any] = _counted if kind is int else kind
        return tuple(dict.fromkeys(read(text) for text in texts))
    except ValueError:
        raise click.BadParameter(otherwise) from None


def _counted(text: str) -> int:
    """A whole number as people write it; Python would take '1_0', too, and other scripts' digits."""
    if not re.fullmatch(r"-?[0-9]+", text.strip(), re.ASCII):
        raise ValueError(text)
    return int(text)


def whole(example: str) -> Callback:
    """A callback that splits whole numbers at commas; no value gives none."""

    def check(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, ...]:
        return () if value is None else whole_numbers(value, example)

    return check


def whole_numbers(value: str, example: str) -> tuple[int, ...]:
    """The whole numbers between the text's commas, up to `MOST`; click.BadParameter for another text."""
    found = listed(value.split(","), int, f"'{value}' is no list of whole numbers such as {example}")
    if max(found, default=0) > MOST:
        raise click.BadParameter(f"numbers up to {MOST:,} are expected, found {value}")
    return found


def numbers(kind: Callable[[str], Number]) -> Callback:
    """A callback that splits positive numbers at commas: of things, up to `MOST`; factors, up to `WIDEST`."""
    most = MOST if kind is int else WIDEST

    def check(_: click.Context, __: click.Parameter, value: str | None) -> tuple[Number, ...]:
        if value is None:
            return ()
        found = listed(value.split(","), kind, f"'{value}' is no list of numbers separated by commas")
        if not all(0 < number <= most for number in found):
            raise click.BadParameter(f"numbers above 0 and up to {most:,g} are expected, found {value}")
        return found

    return check
