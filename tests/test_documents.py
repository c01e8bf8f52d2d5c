"""Records: written by one writer, read strictly, every kind alike; those of version 1 say what they do not know."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from examples import OPTIONS, RUNG, conditions, planted, trial

from aebench.cli import main
from aebench.comparison.accepting import accept
from aebench.errors import ResultError, UnknownNameError
from aebench.records import documents
from aebench.records.agreements import Agreement
from aebench.records.documents import FORMATS, KINDS
from aebench.records.documents import FORMER_FORMATS as FORMER
from aebench.records.fields import checked

RESULTS = Path(__file__).parents[1] / "results"
# What is committed there; `results/runs` is where `aebench run` leaves its own.
KEPT = {
    path: path.stem if path.stem in KINDS else "baseline"
    for path in sorted(RESULTS.rglob("*.json"))
    if path.relative_to(RESULTS).parts[0] != "runs"
}


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.relative_to(RESULTS).as_posix())
def test_what_is_kept_is_read_and_written(path: Path, tmp_path: Path) -> None:
    """Records of version 1 lose no number on the way, and come back from version 2 as they went in."""
    content = documents.read(path, KEPT[path])
    documents.write(tmp_path / "it.json", KEPT[path], content)
    assert content == documents.read(tmp_path / "it.json", KEPT[path])
    assert _numbers(json.loads(path.read_text())) <= _numbers(content)


def _numbers(content: Any) -> set[float]:
    if isinstance(content, dict | list):
        return set().union(*map(_numbers, content.values() if isinstance(content, dict) else content))
    return {float(content)} if isinstance(content, int | float) and not isinstance(content, bool) else set()


def test_version_1_says_what_it_does_not_know() -> None:
    """Nothing is guessed: no settings, no checksum, no digest of the sources."""
    known = documents.read(RESULTS / "scale" / "scale.json", "scale")["conditions"]
    assert ({"mnist": None}, None) == (known["data"], known["aebench"]["sources"])
    assert ["2.21.0", None] == [known["subjects"]["tensorflow"][key] for key in ("version", "settings")]
    assert (None, None) == (known["machine"]["instruction_sets"], known["busy"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "formats", [FORMATS, {kind: [*former, FORMATS[kind]][-2:][0] for kind, former in FORMER.items()}]
)
@pytest.mark.parametrize("rest", ["}", ', "options": 3}', ', "trials": [[]], "autoencoder": null}'])
def test_a_document_with_nothing_but_its_format_is_one_line(
    tmp_path: Path, kind: str, formats: dict[str, str], rest: str
) -> None:
    """Planted fault: what a kind must hold is missing or of another type; the line names the file."""
    path = tmp_path / "it.json"
    path.write_text(f'{{"format": "{formats[kind]}"{rest}')
    with pytest.raises(ResultError, match=r"it\.json is truncated or damaged \(.+\); ") as caught:
        documents.read(path, kind)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "it holds no object"), ("", "damaged"), ('{"format": "aebench-trial/9"}', "expected aebench-trial/2"),
        (f'{{"seed": {"9" * 5000}}}', "damaged"),
        ("[" * 100_000, "damaged"), ("{}", "not stated"), (json.dumps({"format": "aebench-plan/2"}), "another kind"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_one_line(tmp_path: Path, content: str, message: str) -> None:
    """Whatever stands in the file."""
    (tmp_path / "it.json").write_text(content)
    with pytest.raises(ResultError, match=message):
        documents.read(tmp_path / "it.json", "trial")


UNEVEN = [
    {"epoch": n, "seconds": 1.0, "images": 10, "mean": {}, "last_batch": dict.fromkeys(("total", "l2")[:n], 1.0)}
    for n in (1, 2)
]


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (("metrics", "test_mse", "value"), "large", "expected a number, found 'large'"),
        (("metrics", "test_mse", "value"), True, "expected a number, found True"),
        (("metrics", "test_mse", "value"), 10**400, "a whole one that no float holds"),
        (("seed",), "0", r"Expected `int`, got `str` - at `\$\.seed`"),
        (("seed",), -1, r"at `\$\.seed`"),
        (("seed",), 10**400, r"at `\$\.seed`"),
        (("history", "phase1"), [], "the epochs of phase1 are none, or differ"),
        (("history", "phase1"), UNEVEN, "the epochs of phase1 are none, or differ"),
        (("colour",), "red", "unknown field `colour`"),
        (("conditions", "colour"), "red", "unknown field `colour`"),
        (("dtype",), "float16", "Invalid enum value 'float16'"),
        (("autoencoder",), "../../evil", "autoencoder"),
        (("metrics",), None, "metrics"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, where: tuple[str, ...], value: object, message: str) -> None:
    """Planted fault: reading refuses it with the field's name, and writing refuses it, too."""
    wrong = planted({**trial("pytorch", 0, 1.0), "colour": None}, *where, value=value)
    wrong = wrong if where == ("colour",) else {key: item for key, item in wrong.items() if key != "colour"}
    (tmp_path / "it.json").write_text(json.dumps({"format": FORMATS["trial"], **wrong}))
    with pytest.raises(ResultError, match=message):
        documents.read(tmp_path / "it.json", "trial")
    with pytest.raises(msgspec.ValidationError, match=message):
        documents.write(tmp_path / "other.json", "trial", wrong)
    assert ["it.json"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (("trials", 0, "conditions"), 9, "it names the conditions at place 9, and holds 2"),
        (("history", 0, "conditions", 0), 2, "it names the conditions at place 2, and holds 2"),
        (("history", 0, "conditions"), [], "1 commands have 0 conditions"),
        (("trials", 0, "curves"), {"p": {"epoch": [1], "total": []}}, "the curves of p are of 0 and 1 epochs"),
        (("trials", 0, "curves"), {"p": {"epoch": [1.5]}}, "an epoch of p is 1.5"),
        (("trials", 0, "curves"), {"p": {"epoch": ["nan"]}}, "an epoch of p is nan"),
        (("trials", 0, "curves"), {"p": {"epoch": [-1]}}, "an epoch of p is -1"),
    ],
)  # fmt: skip
def test_a_baseline_that_contradicts_itself_is_refused(
    tmp_path: Path, where: tuple[str | int, ...], value: object, message: str
) -> None:
    """Planted fault: one field edited by hand, of the right type, that does not go with the others."""
    path = next(path for path, kind in KEPT.items() if kind == "baseline")
    documents.write(tmp_path / "it.json", "baseline", documents.read(path, "baseline"))
    edited = content = json.loads((tmp_path / "it.json").read_text())
    for one in edited["trials"]:
        one["conditions"] = 0
    for entry in edited["history"]:
        entry.update(commands=["aebench run"], conditions=[0])
    edited["conditions"] = (edited["conditions"] * 2)[:2]
    for key in where[:-1]:
        edited = edited[key]
    edited[where[-1]] = value
    (tmp_path / "it.json").write_text(json.dumps(content))
    with pytest.raises(ResultError, match=rf"truncated or damaged \({message}"):
        documents.read(tmp_path / "it.json", "baseline")


FORMER = ("former", "cases", 0)


@pytest.mark.parametrize(
    ("kind", "where", "value", "message"),
    [
        ("growth", ("growth", 0, "relative"), [], "steps have 0 differences"),
        (
            "bench",
            ("former", "cases", 0, "subjects", 0, "seconds_per_1000_images"),
            [1.0],
            "was timed in 1, [0-9]+ rounds",
        ),
        ("bench", ("former", "cases", 0, "ceiling", "seconds_per_1000_images"), [], "was timed in 0, [0-9]+ rounds"),
        ("bench", ("former", "cases", 0, "subjects", 0, "compile_seconds"), None, "compile_seconds"),
    ],
)
def test_measurements_that_do_not_go_together_are_refused(
    tmp_path: Path, kind: str, where: tuple[str | int, ...], value: object, message: str
) -> None:
    """Planted fault: what a table or a plot puts side by side is of unequal length, or is not there."""
    path = next(path for path, known in KEPT.items() if known == kind)
    documents.write(tmp_path / "it.json", kind, documents.read(path, kind))
    edited = content = json.loads((tmp_path / "it.json").read_text())
    for key in where[:-1]:
        edited = edited[key]
    edited[where[-1]] = value
    if value is None:
        del edited[where[-1]]
    (tmp_path / "it.json").write_text(json.dumps(content))
    with pytest.raises(ResultError, match=message):
        documents.read(tmp_path / "it.json", kind)


def test_a_data_set_s_name_is_no_path(tmp_path: Path) -> None:
    """A run whose data set is called ../../evil makes `accept` write nowhere."""
    run = {"options": {**OPTIONS, "dataset": "../../evil"}, "conditions": conditions(), "complete": True}
    rest = {"agreements": [], "trials": [trial("pytorch", 0, 1.0)], "failures": []}
    (tmp_path / "result.json").write_text(json.dumps({"format": FORMATS["run"], **run, **rest}))
    with pytest.raises(ResultError, match="dataset"):
        accept([tmp_path], reason="x", folder=tmp_path / "a" / "b" / "c")
    assert ["result.json"] == [path.name for path in tmp_path.iterdir()]


def test_numbers_that_are_not_finite_keep_their_values(tmp_path: Path) -> None:
    """As texts in numbers' places; a text that reads like one stays a text."""
    values = {"a": math.inf, "b": -math.inf, "c": math.nan}
    metrics = {name: {"value": value, "unit": "nan", "better": "lower"} for name, value in values.items()}
    documents.write(tmp_path / "it.json", "trial", trial("pytorch", 0, 1.0, metrics=metrics))
    found = documents.read(tmp_path / "it.json", "trial")["metrics"]
    assert [math.inf, -math.inf] == [found["a"]["value"], found["b"]["value"]]
    assert math.isnan(found["c"]["value"])
    assert {"nan"} == {metric["unit"] for metric in found.values()}


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions are mended, not measured again."""

    def closed(*_: Any, **__: Any) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", closed)
    with pytest.raises(ResultError, match=r"cannot read .*it\.json: Permission denied"):
        documents.read(tmp_path / "it.json", "trial")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_schema(kind: str) -> None:
    """The command prints it: the format line, what must be there, and nothing else is allowed."""
    done = CliRunner().invoke(main, ["schema", kind])
    schema = json.loads(done.output)
    top = schema["$defs"][schema["$ref"].rpartition("/")[2]]
    assert (FORMATS[kind], False) == (top["properties"]["format"]["const"], top["additionalProperties"])
    assert "format" in top["required"]


def test_the_kinds_are_listed_and_another_is_refused() -> None:
    """`aebench schema` alone says which there are."""
    assert list(KINDS) == CliRunner().invoke(main, ["schema"]).output.split()
    with pytest.raises(UnknownNameError, match=r"did you mean 'trial'\?"):
        documents.schema("trail")


@pytest.mark.parametrize("rungs", [[], [{**RUNG, "arrays": 0}], [RUNG, {**RUNG, "rung": "step", "arrays": 0}]])
def test_a_pair_of_which_nothing_was_compared_does_not_agree(rungs: list[dict[str, Any]]) -> None:
    """Planted: no rung, or a rung without an array. One that parts may have ended before any."""
    pair = {"autoencoder": "tied", "left": "tensorflow", "right": "pytorch", "dtype": "float32"}
    with pytest.raises(msgspec.ValidationError, match="tensorflow and pytorch agree, but nothing of them was compared"):
        checked({**pair, "parting": None, "rungs": rungs}, Agreement)
    assert "phase1" == checked({**pair, "parting": "phase1", "rungs": rungs}, Agreement).parting
    assert checked({**pair, "parting": None, "rungs": [RUNG]}, Agreement)
