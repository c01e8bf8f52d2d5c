"""Every specification that differs from a given one in one field, at whatever depth."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_origin, get_type_hints

from aebench import layers, phases, spec
from aebench.spec import L2, Adam, Autoencoder, Corruption, Layer, Parameter, Phase, Sparsity

# What is written on a screen or chooses the data, and what is read by the training and measuring of a whole trial only:
# the tests of trials, schedules and metrics see that.
ELSEWHERE = {
    "Autoencoder": {"name", "title", "dataset", "label_budgets", "measures"},
    "Phase": {"epochs", "n_labels", "starts_from", "copies", "gains_over", "measures"},
}
# Other values of the fields that are no numbers and no names out of a list.
OTHERS: dict[str, list[Any]] = {
    "coding_layer": ["encoder1", "encoder2", "decoder1"],
    "corruption": [None, Corruption("gaussian", 0.1), Corruption("dropout", 0.5)],
    "l2": [None, L2(0.1, ("encoder1",))],
    "sparsity": [None, Sparsity(0.3, 0.2)],
    "optimizer": [Adam(0.02)],
    "inputs": ["images", "hidden1", "codings", "encode"],
    "frozen": [(), ("encoder1",), ("decoder2",)],
    "own": [(Parameter("kernel", (3, 3), "he_normal"),)],
    "tied_to": [None, "encoder1", "encoder2"],
}
NAMES = {**vars(layers), **vars(phases), **vars(spec)}

Rebuild = Callable[[Any], Autoencoder]
Change = tuple[str, Callable[[], Autoencoder]]


def mutations(it: Autoencoder) -> Iterator[Change]:
    """Where and what, as one text, and what makes the changed specification; making it may raise."""
    return _within(it, it.name, lambda changed: changed)


def _within(part: Any, path: str, rebuild: Rebuild) -> Iterator[Change]:
    """The changes of the part's own fields, then those of the parts in it."""
    hints = get_type_hints(type(part), NAMES)
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        # Of all images at once, the batch size says nothing.
        unused = field.name == "batch_size" and part.sampling == "full"
        if field.name not in ELSEWHERE.get(type(part).__name__, ()) and not unused:
            for other in _others(field.name, hints[field.name], value):
                yield f"{path}.{field.name} = {other}", _made(part, field.name, other, rebuild)
        if isinstance(value, Adam | L2 | Sparsity | Corruption):
            yield from _within(value, f"{path}.{field.name}", _at(part, field.name, rebuild))
        elif isinstance(value, tuple) and value and isinstance(value[0], Layer | Phase):
            for i, one in enumerate(value):
                yield from _within(one, f"{path}.{one.name}", _at(part, field.name, rebuild, i))


def _made(part: Any, field: str, other: Any, rebuild: Rebuild) -> Callable[[], Autoencoder]:
    return lambda: rebuild(dataclasses.replace(part, **{field: other}))


def _at(part: Any, field: str, rebuild: Rebuild, index: int | None = None) -> Rebuild:
    """What puts a changed inner part in its place."""

    def placed(inner: Any) -> Autoencoder:
        value = getattr(part, field)
        whole = inner if index is None else (*value[:index], inner, *value[index + 1 :])
        return rebuild(dataclasses.replace(part, **{field: whole}))

    return placed


def _others(field: str, kind: Any, value: Any) -> list[Any]:
    """Other values that the field may have, by its type."""
    if field in OTHERS:
        return [other for other in OTHERS[field] if other != value]
    if get_origin(kind) is not tuple and isinstance(next(iter(get_args(kind)), None), str):
        return [other for other in get_args(kind) if other != value]
    if isinstance(value, float | int):
        return [value / 2 if isinstance(value, float) else value + 1]
    if isinstance(value, str):
        return [f"{value}_renamed"]
    if isinstance(value, tuple):
        return [value[:-1], value[1:]] if len(value) > 1 else [()]
    raise NotImplementedError(f"{field}: no other values are known of {kind}")
