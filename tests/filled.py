"""A record of every kind in which every field is there, made from the classes, so that a new field is in it, too."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import asdict
from functools import reduce
from typing import Any, NamedTuple

from msgspec import inspect

from aebench import registry
from aebench.records.documents import comparable
from aebench.records.fields import Float, checked, plain
from aebench.records.kinds import KINDS

SHA256 = r"^[0-9a-f]{64}$"
Path = tuple[str | int, ...]


class Key(str):
    """The key of a dictionary, as what is changed."""


class Scalar(NamedTuple):
    """A place in a record, its type, and class and field that it belongs to."""

    path: Path
    type: inspect.Type
    label: tuple[str, str]


def filled(kind: str) -> dict[str, Any]:
    """The record as plain data. Every list and dictionary has one item, where its class does not ask for more."""
    found: dict[str, Any] = _value(inspect.type_info(KINDS[kind]), itertools.count(1))
    if kind in _REPAIRS:
        _REPAIRS[kind](found)
    return comparable(plain(checked(found, KINDS[kind])))


def scalars(kind: str, content: Any) -> Iterator[Scalar]:
    """Every scalar of the plain data, and every key of a dictionary; none of a specification, which is written out."""
    return _scalars(content, inspect.type_info(KINDS[kind]), (), ("", ""))


def _scalars(value: Any, info: Any, path: Path, label: tuple[str, str]) -> Iterator[Scalar]:
    info = _chosen(info)
    match info:
        case inspect.StructType(cls=cls):
            for field in (field for field in info.fields if field.encode_name in value):
                name = field.encode_name
                yield from _scalars(value[name], field.type, (*path, name), (cls.__name__, name))
        case inspect.DictType():
            for key, item in value.items():
                yield Scalar((*path, Key(key)), _chosen(info.key_type), label)
                yield from _scalars(item, info.value_type, (*path, key), label)
        case inspect.ListType(item_type=of) | inspect.VarTupleType(item_type=of):
            for place, item in enumerate(value):
                yield from _scalars(item, of, (*path, place), label)
        case inspect.TupleType(item_types=of):
            for place, item in enumerate(value):
                yield from _scalars(item, of[place], (*path, place), label)
        case inspect.DataclassType():
            pass
        case _ if value is not None:
            yield Scalar(path, info, label)


def changed(content: Any, scalar: Scalar) -> Iterator[Any]:
    """The plain data with other values in that place, one after the other."""
    *way, last = scalar.path
    for value in _others(value_at(content, scalar), scalar.type):
        copy = deepcopy(content)
        place = _at(copy, tuple(way))
        if isinstance(last, Key):
            place[value] = place.pop(last)
        else:
            place[last] = value
        yield copy


def value_at(content: Any, scalar: Scalar) -> Any:
    """What stands there."""
    return str(scalar.path[-1]) if isinstance(scalar.path[-1], Key) else _at(content, scalar.path)


def _at(content: Any, path: Path) -> Any:
    return reduce(lambda inner, key: inner[key], path, content)


def _others(value: Any, info: inspect.Type) -> list[Any]:
    if isinstance(info, inspect.LiteralType):
        return [other for other in info.values if other != value]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, str):
        return [f"{value}x", f"{'0' if value[:1] != '0' else '1'}{value[1:]}"]
    return [value + 1, value - 1] if isinstance(value, int) else [value + 1.0, value / 2.0]


def _chosen(info: Any) -> Any:
    """Of several types the one that holds something."""
    if isinstance(info, inspect.Metadata):
        return _chosen(info.type)
    if isinstance(info, inspect.UnionType):
        return _chosen(next(it for it in info.types if not isinstance(it, inspect.NoneType)))
    return info


def _value(info: Any, counter: Iterator[int]) -> Any:
    info, n = _chosen(info), next(counter)
    match info:
        case inspect.StructType():
            return {field.encode_name: _value(field.type, counter) for field in info.fields}
        case inspect.DataclassType():
            return {}
        case inspect.ListType(item_type=of) | inspect.VarTupleType(item_type=of):
            return [_value(of, counter)]
        case inspect.TupleType(item_types=of):
            return [_value(item, counter) for item in of]
        case inspect.DictType(key_type=key, value_type=of):
            return {_value(key, counter): _value(of, counter)}
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.BoolType():
            return True
        case inspect.IntType():
            return n
        case inspect.StrType(pattern=pattern):
            return f"{n:064x}" if pattern == SHA256 else f"t{n}"
        case inspect.CustomType(cls=cls) if cls is Float:
            return n + 0.5
    raise NotImplementedError(f"no example of {info}")


def _ladders(found: dict[str, Any]) -> None:
    """A rung that is vacuous is one of the rungs."""
    for row in found.get("agreements", found.get("numbers", ())):
        row["vacuous"] = [row["rungs"][0]["rung"]]


def _baseline(found: dict[str, Any]) -> None:
    """Its trials and its history name the one set of conditions; epochs are whole numbers."""
    trial, entry = found["trials"][0], found["history"][0]
    trial["conditions"] = entry["conditions"][0] = 0
    trial["curves"] = {"phase1": {"epoch": [1.0], "total": [2.5], "test_mse": [3.5]}}


def _of_two(block: dict[str, Any], **changes: Any) -> None:
    """A block of two subjects that are sound, with the workloads of a comparison; of one subject twice, if changed."""
    subject = {key: value for key, value in block["subjects"][0].items() if key != "failure"}
    (work,) = subject["works"].values()
    subject |= {"works": {"training": work, "inference": deepcopy(work)}, "name": "base", **changes}
    block["subjects"] = [subject, {**deepcopy(subject), **({} if changes else {"name": "head"})}]


def _comparison(found: dict[str, Any]) -> None:
    """One block of base and head, another that failed, a framework that is timed, rates that can be."""
    _ladders(found)
    found["limits"] = {"tolerated": 0.02, "intolerable": 0.1, "false_alarms": 0.01, "misses": 0.05}
    found["pairs"] = [{"framework": "tensorflow", "base": "base", "head": "head"}]
    found["timed"], found["only"] = {"tensorflow": ["t1"]}, ["numbers", "quality", "speed", "memory"]
    block = found["blocks"][0] | {"control": False, "autoencoder": "t1"}
    _of_two(block)
    failed = deepcopy(block)
    failed["subjects"][1]["failure"] = "out of memory"
    found["blocks"] = [block, failed]


def _calibration(found: dict[str, Any]) -> None:
    """A block of one subject, and one that failed."""
    block = found["blocks"][0] | {"control": True, "autoencoder": "t1"}
    found["timed"] = {"base": ["t1"]}
    _of_two(block, kind="framework")
    failed = deepcopy(block)
    failed["subjects"][0]["failure"] = "out of memory"
    found["blocks"] = [block, failed]


def _bench(found: dict[str, Any]) -> None:
    """A sound subject and one that failed; a workload is called after the use."""
    case = found["cases"][0]
    subject = case["blocks"][0]["subjects"][0]
    subject["works"] = {case["use"]: next(iter(subject["works"].values()))}
    sound = {key: value for key, value in subject.items() if key != "failure"} | {"name": "sound"}
    case["blocks"][0]["subjects"] = [subject, sound]


def _bundle(found: dict[str, Any]) -> None:
    """Every member is of a climb, and every subject is one of the conditions'."""
    climb, member = found["climbs"][0], next(iter(found["members"].values()))
    climb["traces"] = {"reference": "reference.safetensors", "pytorch": "pytorch.safetensors"}
    climb["specification"] = comparable(asdict(registry.autoencoder("linear")))
    names = (climb["data"], climb["drawn"], *climb["traces"].values())
    found["members"] = {name: dict(member) for name in names}
    subject = next(iter(found["conditions"]["subjects"].values()))
    found["conditions"]["subjects"] = {"reference": subject, "pytorch": deepcopy(subject)}


def _matrix(found: dict[str, Any]) -> None:
    """What is said of a framework is said beside its versions."""
    for head in found["heads"]:
        head["outcomes"][0]["framework"] = next(iter(head["versions"]))


_REPAIRS: dict[str, Callable[[dict[str, Any]], None]] = {
    "run": _ladders, "agreement": _ladders, "agreements": _ladders,
    "baseline": _baseline, "comparison": _comparison, "calibration": _calibration, "bench": _bench, "bundle": _bundle,
    "matrix": _matrix,
}  # fmt: skip
