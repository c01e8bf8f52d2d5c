"""The gallery: what pictures a run has, in words and in bytes, and why others are missing."""

from __future__ import annotations

import contextlib
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from examples import trial
from pictured import SUBJECTS, arrays, run
from PIL import Image
from report_pixels import pixels

from aebench.errors import ResultError, UnknownNameError, UsageError
from aebench.records import documents
from aebench.report.gallery import Missing, Picture, chosen, pictures
from aebench.report.gallery.listing import PLATES

ROOT = Path(__file__).parents[2]
GROWTH, DOCUMENT = ROOT / "results" / "growth" / "growth.json", ROOT / "docs" / "pictures.md"


def named(found: list[Picture | Missing], kind: type) -> list[str]:
    """The names of the pictures, or of what is missing."""
    return [it.name for it in found if isinstance(it, kind)]


def missing(found: list[Picture | Missing]) -> dict[str, str]:
    """Why what is missing is."""
    return {it.name: it.why for it in found if isinstance(it, Missing)}


def test_a_run_has_its_pictures_in_order(tmp_path: Path) -> None:
    """Each autoencoder's, then those of all; what was not measured is missing, and how to measure it is said."""
    found = pictures(run(tmp_path, "stacked", "sparse"))
    of_each = ["reconstructions", "features", "codings", "activations"]
    assert named(found, Picture) == [
        *(f"stacked/{name}" for name in of_each), *(f"sparse/{name}" for name in of_each), "sparse/sparsity_cost",
        "overview",
    ]  # fmt: skip
    assert ["growth"] == named(found, Missing)
    assert f"`aebench agree --growth --steps 1000 --output {tmp_path}`" in missing(found)["growth"]


def test_only_the_named_autoencoders(tmp_path: Path) -> None:
    """In the order of the run; another name is refused with the run's own."""
    folder = run(tmp_path, "stacked", "sparse", "tied")
    found = pictures(folder, ["tied", "stacked"])
    assert ["stacked", "tied"] == list(dict.fromkeys(name.partition("/")[0] for name in named(found, Picture)[:-1]))
    with pytest.raises(UnknownNameError, match=r"did you mean 'sparse'.*Known: stacked, sparse, tied"):
        pictures(folder, ["sparce"])


def test_the_document_stands_for_its_folder(tmp_path: Path) -> None:
    """As with other commands that read a run."""
    folder = run(tmp_path, "tied")
    assert named(pictures(folder), Picture) == named(pictures(folder / "result.json"), Picture)


def test_an_array_of_a_newer_version_is_missing_with_the_reason(tmp_path: Path) -> None:
    """A run made before the codings were recorded says so, of these pictures only."""
    found = pictures(run(tmp_path, "tied", lacking=("coding_map", "activations")))
    assert ["tied/codings", "tied/activations", "growth"] == named(found, Missing)
    assert "no subject recorded `coding_map`" in missing(found)["tied/codings"]
    assert ["tied/reconstructions", "tied/features", "overview"] == named(found, Picture)


@pytest.mark.parametrize("name", sorted(arrays("pytorch")))
@pytest.mark.parametrize("subject", SUBJECTS)
def test_an_array_that_one_subject_lacks_spoils_nothing(name: str, subject: str, tmp_path: Path) -> None:
    """A run whose subjects were trained by different versions of aebench: every picture is drawn, of the other subject
    where this one has not all of it, and says so."""
    found = pictures(run(tmp_path, "tied", lacking=[name], of=[subject]))
    drawn = {it.name: it for it in found if isinstance(it, Picture)}
    assert ["tied/reconstructions", "tied/features", "tied/codings", "tied/activations", "overview"] == list(drawn)
    for it in drawn.values():
        assert b"PNG" == it.bytes("png")[1:4]
    own = {array: f"tied/{plate.name}" for plate in PLATES[:5] for array in plate.own}
    says = [it.name for it in drawn.values() if f"Not recorded: {subject}." in it.alt]
    assert ([own[name]] if name in own else []) == says


def test_a_failed_training_is_told_and_keeps_its_place(tmp_path: Path) -> None:
    """With another subject's pictures it is named as not recorded; where all failed, the reason stands for each."""
    failed = [
        {"autoencoder": "tied", "framework": name, "seed": 0, "failure": "loss is nan at step 3"}
        for name in ("pytorch", "tensorflow")
    ]
    one = {it.name: it for it in pictures(run(tmp_path, "tied", trials=[trial("tensorflow", 0, 0.1), failed[0]]))}
    assert isinstance(one["tied/reconstructions"], Picture)
    assert one["tied/reconstructions"].alt.endswith(" Not recorded: pytorch.")
    every = missing(pictures(run(tmp_path, "tied", trials=failed)))
    reason = "training failed: loss is nan at step 3"
    assert f"pytorch: its {reason}; tensorflow: its {reason}" == every["tied/features"]


@pytest.mark.parametrize(("content", "says"), [(b"no arrays", "is truncated or damaged"), (None, "left no")])
def test_a_file_that_is_not_there_or_damaged_is_told(tmp_path: Path, content: bytes | None, says: str) -> None:
    """The other subject's pictures are drawn; without it the reason names the file."""
    folder = run(tmp_path, "tied", trials=[trial("tensorflow", 0, 0.1)])
    path = folder / "tied" / "seed0" / "tensorflow" / "pictures.safetensors"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    why = missing(pictures(folder))["tied/reconstructions"]
    assert (True, True) == (says in why, str(path) in why)


def test_an_autoencoder_that_is_not_installed_is_missing(tmp_path: Path) -> None:
    """A run of another package's autoencoder is read without the package; the others' pictures are there."""
    found = pictures(run(tmp_path, "convolutional", "tied"))
    assert "its specification is not installed here" in missing(found)["convolutional"]
    assert "tied/features" in named(found, Picture)


def test_what_was_not_trained_yet_is_missing(tmp_path: Path) -> None:
    """An autoencoder that the run was asked for, and an array of it that nobody has."""
    found = pictures(run(tmp_path, "tied", "variational", trials=[trial("tensorflow", 0, 0.1)]))
    assert "the run has not trained it" == missing(found)["variational/generated"]


def test_growth_beside_a_run_or_alone(tmp_path: Path) -> None:
    """Where `agree --growth` left its document there is a picture of each autoencoder in it, and one of all."""
    (tmp_path / "growth.json").write_bytes(GROWTH.read_bytes())
    alone = pictures(tmp_path)
    assert ([], 13) == (named(alone, Missing), len(alone))
    both = pictures(run(tmp_path, "tied"), ["tied"])
    assert ["tied/activations", "tied/growth", "overview", "growth"] == named(both, Picture)[-4:]
    assert [] == named(both, Missing)


def test_growth_of_some_autoencoders_is_theirs(tmp_path: Path) -> None:
    """One that was not measured has no picture of it, and without any the command is told."""
    content = json.loads(GROWTH.read_text(encoding="utf-8"))
    content["growth"] = [row for row in content["growth"] if row["autoencoder"] == "sparse"]
    (run(tmp_path, "tied", "sparse") / "growth.json").write_text(json.dumps(content))
    every = [name for name in named(pictures(tmp_path), Picture) if name.endswith("growth")]
    assert ["sparse/growth", "growth"] == every
    assert ["growth"] == named(pictures(tmp_path, ["tied"]), Missing)


@pytest.mark.parametrize(
    ("file", "says"),
    [("plan.json", "has not ended; go on with: aebench run --resume"), ("other", "no file .*aebench run --output")],
)
def test_a_folder_without_a_finished_run_is_refused(tmp_path: Path, file: str, says: str) -> None:
    """A run that goes on, or a folder of something else."""
    (tmp_path / file).touch()
    with pytest.raises(ResultError, match=says):
        pictures(tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sparse/features", ["sparse/features"]),
        ("overview", ["overview"]),
        ("tied", ["tied/reconstructions", "tied/features", "tied/codings", "tied/activations"]),
        ("*/codings", ["tied/codings", "sparse/codings"]),
        ("growth", ["growth"]),
    ],
)
def test_a_name_an_autoencoder_or_a_pattern_chooses(tmp_path: Path, name: str, expected: list[str]) -> None:
    """The one, all of an autoencoder, or all that fit, those that are missing with them."""
    assert expected == [it.name for it in chosen(pictures(run(tmp_path, "tied", "sparse")), name)]


@pytest.mark.parametrize("name", ["sparse/feature", "nope", "*/nope", "", "sparse/"])
def test_what_chooses_nothing_is_refused(tmp_path: Path, name: str) -> None:
    """With the names that there are."""
    with pytest.raises(UnknownNameError, match="sparse/features"):
        chosen(pictures(run(tmp_path, "sparse")), name)


def test_the_words_hold_the_numbers(tmp_path: Path) -> None:
    """An alternative text says what is seen, of whom, and the number that the arrays give."""
    found = {it.name: it for it in pictures(run(tmp_path, "tied")) if isinstance(it, Picture)}
    given = {name: arrays(name) for name in ("tensorflow", "pytorch")}
    errors = {name: np.mean((a["reconstructions"] - a["images"]) ** 2) for name, a in given.items()}
    said = ", ".join(f"{name} {error:.3g}" for name, error in errors.items())
    assert found["tied/reconstructions"].alt == (
        "4 test images in the first row and, a row each, their reconstructions by tensorflow and pytorch. Mean squared "
        f"error of these images: {said}."
    )
    assert "keep, of the variance: tensorflow 80%, pytorch 80%." in found["tied/codings"].alt
    assert "nearest to the mean of their own label: tensorflow 100%, pytorch 100%." in found["tied/codings"].alt


def test_every_picture_is_a_png_and_an_svg_with_words(tmp_path: Path) -> None:
    """Both kinds of every picture are whole, on a white ground, twice the same bytes whatever the reader's settings."""
    folder = run(tmp_path, "sparse")
    (folder / "growth.json").write_bytes(GROWTH.read_bytes())
    found = [it for it in pictures(folder, ["sparse"]) if isinstance(it, Picture)]
    assert 8 == len(found)
    for picture in found:
        assert min(len(picture.title), len(picture.alt), len(picture.caption)) > 10
        assert (pixels(picture.save(tmp_path / "it.PNG"))[0] == 255).all()
        root = ElementTree.fromstring(picture.bytes("svg"))
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        with matplotlib.rc_context({"svg.hashsalt": "other", "savefig.facecolor": "black", "font.size": 30.0}):
            assert picture.bytes("svg") == picture.bytes("svg")
            assert picture.bytes("png") == (tmp_path / "it.PNG").read_bytes()


def test_few_colours_have_a_palette_and_lose_none(tmp_path: Path) -> None:
    """A sheet of greys is a PNG with a palette, of its figure's pixels; a plot's colours are more."""
    found = {it.name: it for it in pictures(run(tmp_path, "tied")) if isinstance(it, Picture)}
    picture = found["tied/reconstructions"]
    with Image.open(io.BytesIO(picture.bytes("png"))) as image:
        assert "P" == image.mode
        shown = np.asarray(image.convert("RGB"))
    with io.BytesIO() as file:
        picture.draw().savefig(file, format="png", dpi=128)
        with Image.open(file) as image:
            assert (np.asarray(image.convert("RGB")) == shown).all()
    with Image.open(io.BytesIO(found["tied/codings"].bytes("png"))) as image:
        assert "RGB" == image.mode


@pytest.mark.parametrize("ending", ["", ".jpg", ".pdf", ".png.gz"])
def test_another_ending_is_refused(tmp_path: Path, ending: str) -> None:
    """Rather than a file that is not what its name says; nothing is written."""
    picture = next(it for it in pictures(run(tmp_path, "tied")) if isinstance(it, Picture))
    with pytest.raises(UsageError, match=r"a picture ends in \.png or \.svg"):
        picture.save(tmp_path / f"picture{ending}")
    assert [] == list(tmp_path.glob("*picture*"))


def test_a_damaged_document_is_one_line(tmp_path: Path) -> None:
    """Of the run, or of the growth beside it."""
    folder = run(tmp_path, "tied")
    (folder / "growth.json").write_text("{")
    with pytest.raises(ResultError, match=r"growth\.json is truncated or damaged"):
        pictures(folder)
    assert documents.read(folder / "result.json", "run")["complete"]


def test_the_document_names_every_picture() -> None:
    """Each that there is, and none that there is not."""
    rows = re.findall(r"^\| `(\w+)` \|", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sorted(rows) == sorted(
        [*(plate.name for plate in PLATES), "sparsity_cost", "pretraining", "growth", "overview"]
    )


def test_the_example_in_the_document_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands there, on a run of that name: pictures as SVG, and a line for what is missing."""
    monkeypatch.chdir(tmp_path)
    run(tmp_path / "results" / "runs" / "today", "sparse")
    (example,) = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(example, {})
    assert said.getvalue().startswith("growth: how the difference grows was not measured")
    assert 5 == len(list((tmp_path / "sparse").glob("*.svg")))
