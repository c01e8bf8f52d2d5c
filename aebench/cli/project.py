"""Options that a project fixes: the `[options]` of its `aebench.toml`, or of `[tool.aebench]`.

What stands under `[options]` is taken by every command that has such an option, what stands under `[options.COMMAND]`
by that one. On the command line anything else may be said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from aebench.errors import UsageError, nearest

# What an option is worth in the file; a list stands for values between commas.
SCALARS = (str, bool, int, float)


def defaults(commands: Mapping[str, click.Command]) -> dict[str, dict[str, Any]]:
    """Of each command the values, by parameter, that the nearest file gives instead of its own defaults.

    Raises:
        UsageError: the file cannot be read, or names an option or command that there is not, or a value that is none.
    """
    from aebench.processes import environments

    configuration = environments.configured()
    if configuration is None:
        return {}
    path, given = configuration.path, configuration.settings.options
    common = {name: value for name, value in given.items() if not isinstance(value, Mapping)}
    own = {name: value for name, value in given.items() if isinstance(value, Mapping)}
    known = {name: options(command) for name, command in commands.items()}
    every = {option for each in known.values() for option in each}
    for name in common.keys() - every:
        raise UsageError(f"{path}: no command has an option '{name}'{nearest(name, sorted(every))}")
    for command in own.keys() - known.keys():
        raise UsageError(f"{path}: options.{command} is of no command{nearest(command, sorted(known))}")
    found: dict[str, dict[str, Any]] = {}
    for command, mine in known.items():
        for name in own.get(command, {}).keys() - mine.keys():
            raise UsageError(f"{path}: aebench {command} has no option '{name}'{nearest(name, sorted(mine))}")
        values = {name: value for name, value in {**common, **own.get(command, {})}.items() if name in mine}
        found[command] = {mine[name].name or name: _value(path, mine[name], name, it) for name, it in values.items()}
    return found


def options(command: click.Command) -> dict[str, click.Option]:
    """The command's options by their long names, without dashes before them."""
    return dict(_options(command))


def _options(command: click.Command) -> Iterator[tuple[str, click.Option]]:
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield from ((name[2:], parameter) for name in parameter.opts if name.startswith("--"))


def _value(path: Path, option: click.Option, name: str, value: Any) -> Any:
    """The value as it would stand on a command line. A place is relative to the file."""
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(it, SCALARS) for it in values):
        raise UsageError(f"{path}: option '{name}' is a text, a number, a truth, or a list of these; found {value!r}")
    if option.is_flag:
        if not isinstance(value, bool):
            raise UsageError(f"{path}: option '{name}' is true or false, found {value!r}")
        return value
    if isinstance(option.type, click.Path):
        values = [str(path.parent / Path(str(it)).expanduser()) for it in values]
    return [str(it) for it in values] if option.multiple else ",".join(map(str, values))
