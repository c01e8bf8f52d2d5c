"""The suite from Python gives what the commands give, refuses what they refuse, and shows itself anywhere."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from examples import OPTIONS, conditions, trial
from PIL import Image

from aebench import api, registry
from aebench.cli import main
from aebench.errors import AebenchError, ResultError, UnknownNameError, UsageError
from aebench.records import documents
from aebench.report.gallery import Missing

HOW: dict[str, Any] = {"frameworks": "reference", "agreement": False}
RUNG = {
    "rung": "forward", "place": "p", "arrays": 10, "headroom": 8.0, "sensitivity": 3e-6, "relative": 1e-7,
    "bound": 1e-6, "reason": "rounding",
}  # fmt: skip
PAIR: dict[str, Any] = {
    "autoencoder": "tied", "seed": 0, "dtype": "float64", "left": "tensorflow", "right": "pytorch",
    "arbiter": "reference", "parting": None, "vacuous": [], "blind": {}, "rungs": [RUNG],
}  # fmt: skip


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is broken into lines here and whole there."""
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> api.Result:
    """A run of the reference alone, of the autoencoder that is trained in a second, from one seed."""
    return api.run("linear", output=tmp_path_factory.mktemp("api") / "run", **HOW)


@pytest.fixture
def several(tmp_path: Path) -> api.Result:
    """What a run left of `tied` in two frameworks over three seeds."""
    found = [trial(name, seed, value + seed / 1e4) for name, value in (("tensorflow", 0.01), ("pytorch", 0.02))
             for seed in range(3)]  # fmt: skip
    document = {"options": OPTIONS, "conditions": conditions(), "complete": True, "trials": found}
    documents.write(tmp_path / "result.json", "run", {**document, "agreements": [], "failures": []})
    return api.result(tmp_path)


def command(*words: str) -> Any:
    """What the command line does with these words."""
    return CliRunner().invoke(main, words)


def numbers(result: api.Result) -> list[Any]:
    """What is the same whenever a run is repeated: options, trained parameters, metrics."""
    options = {name: value for name, value in result.document["options"].items() if name != "data_dir"}
    return [options, *((t["parameters"], t["metrics"], t["seed"]) for t in result.document["trials"])]


def test_a_run_leaves_the_numbers_that_the_command_leaves(trained: api.Result, tmp_path: Path) -> None:
    """The same options, parameters and metrics; and one is read as the other."""
    done = command("run", "linear", "-f", "reference", "--no-agreement", "-o", str(tmp_path / "run"))
    assert 0 == done.exit_code, done.output
    assert numbers(api.result(tmp_path / "run")) == numbers(trained)
    assert numbers(trained) == numbers(api.result(trained.folder / "result.json"))
    other = api.run("linear", seeds=1, output=tmp_path / "other", **HOW)
    assert numbers(other) != numbers(trained)


def test_a_run_is_gone_on_with(trained: api.Result, tmp_path: Path) -> None:
    """What is named comes to it, what is there is not trained again, and the same folder is not begun anew."""
    folder, said = tmp_path / "run", []
    api.run("linear", output=folder, **HOW)
    grown = api.resume(folder, seeds=(1,), told=said.append)
    assert (True, [0, 1]) == (grown.complete, [t["seed"] for t in grown.document["trials"]])
    assert numbers(trained)[1] == numbers(grown)[1]
    assert (True, True) == ("(before)" in said[0], "(before)" not in said[1])
    with pytest.raises(UsageError, match="is not empty"):
        api.run("linear", output=folder, **HOW)


def test_it_is_quiet_unless_somebody_is_told(
    trained: api.Result, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither the harness nor a framework says anything; a line for each training goes to who wants to hear."""
    said: list[str] = []
    api.run("linear", output=tmp_path / "run", told=said.append, **HOW)
    assert ("", "") == tuple(capfd.readouterr())
    assert 1 == len(said)
    assert said[0].startswith("linear, reference, seed 0: trained and measured in ")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: api.run("teid"), ["run", "teid"]),
        (lambda: api.run(["linear", "sprase"]), ["run", "linear,sprase"]),
        (lambda: api.run("linear", frameworks="pytroch"), ["run", "linear", "-f", "pytroch"]),
        (lambda: api.run("linear", dataset="mnits"), ["run", "linear", "-d", "mnits"]),
        (lambda: api.run("tied", dataset="curve", **HOW), ["run", "tied", "-d", "curve", "-f", "reference"]),
        (lambda: api.run("linear", seeds=-1, **HOW), ["run", "linear", "-f", "reference", "-s", "-1"]),
        (lambda: api.run("linear", executor="nobody", **HOW), ["run", "linear", "--executor", "nobody"]),
        (lambda: api.agree("linear", frameworks="reference"), ["agree", "linear", "-f", "reference"]),
        (lambda: api.agree("teid"), ["agree", "teid"]),
        (lambda: api.quality("nowhere"), ["quality", "nowhere"]),
        (lambda: api.texts("teid"), ["show", "teid"]),
        (lambda: api.texts("tied", "pytroch"), ["show", "tied", "-f", "pytroch"]),
        (lambda: api.resume("nowhere"), ["run", "--resume", "-o", "nowhere"]),
    ],
)
def test_what_is_wrong_is_said_as_the_command_says_it(
    call: Callable[[], object], words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is the one that the command prints, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AebenchError) as caught:
        call()
    done = command(*words)
    assert (2, f"aebench: error: {caught.value}") == (done.exit_code, done.stderr.strip())
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: api.run("linear", schedule="slow"), ["run", "-p", "slow"]),
        (lambda: api.run("linear", device="tpu"), ["run", "--device", "tpu"]),
        (lambda: api.run("linear", dtype="float16"), ["run", "--dtype", "float16"]),  # type: ignore[arg-type]
        (lambda: api.agree("linear", steps=0), ["agree", "--steps", "0"]),
    ],
)
def test_a_choice_that_there_is_not_is_refused(call: Callable[[], object], words: list[str]) -> None:
    """In the words of the command line, which checks these before aebench sees them."""
    with pytest.raises(UsageError) as caught:
        call()
    said = str(caught.value).partition(": ")[2]
    assert said in command(*words).stderr


@pytest.mark.parametrize("seeds", ["0", 0.5, (0, "1"), ()])
def test_seeds_are_whole_numbers(seeds: Any) -> None:
    """A text, a fraction and nothing are none."""
    with pytest.raises(UsageError, match=r"seeds(:| are) whole numbers.*found"):
        api.run("linear", seeds=seeds, **HOW)


def test_a_run_shows_its_verdict_and_a_row_for_each_autoencoder(several: api.Result) -> None:
    """As text and as HTML, without how fast it was; printed, it is what the command prints, with that."""
    shown, html = repr(several), several._repr_html_()
    assert "9 comparisons" not in shown
    assert "Quality over 3 seeds: of 1 comparison 1 different." in shown
    assert ("0.0101", "0.0201") == tuple(shown.splitlines()[-1].split()[-2:])
    assert f"<strong>{several.verdict}</strong>" in html
    assert 1 == html.count('<td style="text-align: right">0.0101</td>')
    assert (False, True) == ("ms/1,000" in shown + html, "ms/1,000" in str(several))
    assert several.folder.name not in shown + html


def test_a_text_is_a_text_in_a_notebook_as_well(several: api.Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it sees Jupyter, Rich would show by itself what it prints."""
    before = repr(several), str(several), str(several.quality)
    shown: list[object] = []
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setattr("rich.jupyter.display", lambda *what: shown.append(what))
    assert before == (repr(several), str(several), str(several.quality))
    assert [] == shown


def test_the_number_of_an_autoencoder_is_a_sentence(several: api.Result, trained: api.Result) -> None:
    """The headline metric in every framework, made from the record; an autoencoder that was not trained has none."""
    expected = "tied on test data (MSE): 0.0101 in tensorflow and 0.0201 in pytorch; lower is better."
    assert expected == several.headline("tied")
    with pytest.raises(UnknownNameError, match=r"unknown autoencoder of .* 'sparse'.* Known: tied"):
        several.headline("sparse")


def test_the_metrics_are_a_table_with_all_digits(several: api.Result, trained: api.Result) -> None:
    """Rows by column name; shown with five digits and without empty columns."""
    metrics = several.metrics("tied")
    assert [0.01, 0.0101, 0.0102] == [row["value"] for row in metrics.rows if row["framework"] == "tensorflow"]
    assert "failure" in metrics.columns
    assert "failure" not in repr(metrics)
    whole = trained.metrics().rows[0]["value"]
    assert (True, False) == (f"{whole:.5g}" in repr(trained.metrics()), repr(whole) in repr(trained.metrics()))
    assert "epochs" == several.table("epochs").frame.name
    with pytest.raises(UnknownNameError, match="unknown table 'epoch'; did you mean 'epochs'"):
        several.table("epoch")
    with pytest.raises(UnknownNameError, match="unknown autoencoder"):
        several.metrics("sparse")


def test_quality_is_that_of_the_command(several: api.Result) -> None:
    """The verdict and every row; of a result, of its folder, and printed word for word."""
    printed = command("quality", str(several.folder)).stdout.splitlines()
    assert printed[0] == several.quality.verdict == api.quality(several).verdict
    assert printed[0] == api.quality(several.folder).of("tied").verdict
    assert "<strong>" in several.quality._repr_html_()
    assert "test_mse" in repr(several.quality)
    assert "nothing to compare" in several.quality.of("sparse").verdict
    with pytest.raises(UsageError, match="one at least"):
        api.quality()


def test_agreement_says_whether_everything_agrees() -> None:
    """Planted: a pair that parts, one that is judged by nothing, one that failed, and nothing at all do not."""
    lost = {"autoencoder": "tied", "framework": "pytorch", "failure": "lost"}
    found = {
        "sound": api.Agreement({"agreements": [PAIR], "failures": []}),
        "parting": api.Agreement({"agreements": [{**PAIR, "parting": "here <first>"}], "failures": []}),
        "vacuous": api.Agreement({"agreements": [{**PAIR, "vacuous": ["forward"]}], "failures": []}),
        "failed": api.Agreement({"agreements": [PAIR], "failures": [lost]}),
        "nothing": api.Agreement({"agreements": [], "failures": []}),
    }
    assert ["sound"] == [name for name, it in found.items() if it.agrees]
    assert "here &lt;first&gt;" in found["parting"]._repr_html_()
    assert "here <first>" in repr(found["parting"])
    assert [8.0] == [row["headroom"] for row in found["sound"].rungs.rows]
    assert ["pytorch"] == [row["right"] for row in found["sound"].pairs.rows]
    assert "×8: the frameworks could differ" in str(found["sound"])


def test_frameworks_agree_from_python_as_by_the_command(pytorch: None, tmp_path: Path) -> None:
    """The same differences on every rung, left in the same file."""
    found = api.agree("linear", frameworks="pytorch", dtype="float64", steps=2, output=tmp_path / "python")
    words = "agree linear -f pytorch --dtype float64 --steps 2 -o"
    done = command(*words.split(), str(tmp_path / "command"))
    assert (0, True) == (done.exit_code, found.agrees)
    assert found.verdict in " ".join(done.stdout.split())
    of = {
        name: documents.read(tmp_path / name / "agreements.json", "agreements")["agreements"]
        for name in ("python", "command")
    }
    assert of["python"][0]["rungs"] == of["command"][0]["rungs"]
    assert (tmp_path / "python" / "logs" / "pytorch.log").exists()


def test_a_picture_shows_itself_with_its_words(trained: api.Result) -> None:
    """As a PNG with the alternative text beside it; in a terminal as these words."""
    picture = trained.picture("linear/curve")
    png, beside = picture._repr_png_()
    with Image.open(io.BytesIO(png)) as image:
        assert "PNG" == image.format
    assert {"alt": picture.alt} == beside
    assert repr(picture) == f"linear/curve: {picture.title}. {picture.alt}"


def test_a_picture_that_is_not_there_says_why(trained: api.Result, several: api.Result) -> None:
    """One that is missing, one that nobody knows, and a name of several."""
    assert ["linear/curve"] == [it.name for it in trained.pictures("linear")]
    assert isinstance(next(it for it in trained.pictures() if it.name == "growth"), Missing)
    with pytest.raises(ResultError, match="growth is missing: how the difference grows was not measured"):
        trained.picture("growth")
    with pytest.raises(UnknownNameError, match="did you mean 'linear/curve'"):
        trained.picture("linear/curves")
    with pytest.raises(ResultError, match="tied/reconstructions is missing"):
        several.picture("tied")


def test_a_name_of_several_pictures_is_refused(trained: api.Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """And they are named."""
    picture = trained.picture("linear/curve")
    monkeypatch.setattr(api.Result, "pictures", lambda *_: [picture, picture])
    with pytest.raises(UsageError, match="'linear' fits 2 pictures: linear/curve, linear/curve; name one"):
        trained.picture("linear")


@pytest.mark.parametrize("name", registry.autoencoders())
def test_texts_stand_side_by_side(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column for each framework, every line of the text in it; printed, it is what the command prints."""
    frameworks = [it for it in ("tensorflow", "pytorch") if registry.offers(it, name)]
    found = api.texts(name, frameworks)
    html = found._repr_html_()
    assert [html.count(f">{framework}</th>") for framework in frameworks] == [len(found.modules)] * len(frameworks)
    assert all("class</span>" in table for table in html.split("<caption>")[1:])
    assert repr(found).startswith(f"Texts of {name}; print() shows them side by side.\n  {name}: tensorflow ")
    monkeypatch.setenv("COLUMNS", "160")
    said = command("show", name, "-f", ",".join(frameworks)).stdout.splitlines()
    assert [line.rstrip() for line in said] == str(found).splitlines()
    assert 1 == len(api.texts(name, frameworks, bases=False).modules)


def test_a_framework_without_a_text_is_named() -> None:
    """As the command names it, below what there is."""
    found = api.texts("tied")
    assert list(registry.frameworks()) == list(found.frameworks)
    odd = api.Texts("tied", ("toy",), {"tied": {}}, ("toy: no text found (looked for <toy>)",))
    assert "<p>toy: no text found (looked for &lt;toy&gt;)</p>" == odd._repr_html_()
    assert "toy: no text found" in repr(odd)


def test_a_result_that_is_none_says_what_was_found(tmp_path: Path, trained: api.Result) -> None:
    """Nothing, a folder without a record, and the record of something else."""
    with pytest.raises(ResultError, match="no file or folder"):
        api.result(tmp_path / "nowhere")
    with pytest.raises(ResultError, match="holds no record"):
        api.result(tmp_path)
    stated = {"options": OPTIONS, "climbing": None, "conditions": conditions(), "agreements": [], "failures": []}
    documents.write(tmp_path / "agreements.json", "agreements", stated)
    with pytest.raises(ResultError, match="is a record of the kind agreements; expected a run's folder"):
        api.result(tmp_path)


def test_the_report_is_that_of_the_command(several: api.Result, tmp_path: Path) -> None:
    """One file, beside the run or where it is wanted."""
    target = several.report(tmp_path / "own.html")
    assert "tied" in target.read_text(encoding="utf-8")
    assert tmp_path / "own.html" == target
