"""A report says first what is wrong, holds nothing from elsewhere, and is read as text whatever names stand in it."""

from __future__ import annotations

import base64
import gzip
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from comparisons import blocks, climbed, record
from examples import OPTIONS, trial
from filled import filled
from matplotlib.figure import Figure
from reports import parting, run

from aebench import registry
from aebench.records import documents
from aebench.records.comparisons import Apart
from aebench.records.fields import plain
from aebench.records.opened import FILES, opened
from aebench.report.gallery import Picture
from aebench.report.html import chapters, charts, writing
from aebench.report.html.content import Plot, Still
from aebench.report.html.writing import paged, rendered, write

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{ 7 * 7 }}"

VACUOUS = parting(parting=None, vacuous=["init"])


class Seen(HTMLParser):
    """The page's elements, its links to other places, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.led: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.led += [str(value) for name, value in attrs if name in ("src", "href", "action", "srcset", "data")]
        self.tags += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_agreement_is_said_in_one_sentence(tmp_path: Path) -> None:
    """With who computed, and their versions."""
    page = paged(opened([run(tmp_path / "run")]))
    assert page.sentence.startswith("tied agrees in float64 and float32;")
    assert "Computed by tensorflow 1.0 and pytorch 1.0." in page.sentence
    assert "good" == page.state


@pytest.mark.parametrize(
    ("changes", "state", "words"),
    [
        ({"agreements": parting()}, "bad", "part at phase1/init"),
        (
            {"agreements": parting(parting=None, vacuous=["init"])},
            "undecided",
            "rung init is vacuous, it lets anything through",
        ),
        (
            {"failures": [{"autoencoder": "tied", "framework": "pytorch", "failure": "no memory"}]},
            "undone",
            "no memory",
        ),
        ({"trials": [trial("pytorch", 0, 0.1, invalid={"test_mse": "it is nan"})]}, "bad", "test_mse: it is nan"),
        ({"complete": False}, "undone", ""),
    ],
)
def test_what_is_wrong_stands_first(changes: dict[str, Any], state: str, words: str, tmp_path: Path) -> None:
    """Each fault makes the report's state, and is a finding with its place; an unfinished run is not green."""
    page = paged(opened([run(tmp_path / "run", **changes)]))
    (opening,) = page.openings
    assert state == page.state == opening.state
    assert not words or words in [it.sentence for it in opening.findings]


def test_a_parting_brings_its_command(tmp_path: Path) -> None:
    """What shows it again is beside it, to be copied."""
    text = rendered(paged(opened([run(tmp_path / "run", agreements=parting())])))
    assert 'data-copy="aebench agree tied --dtype float64"' in text


def test_what_comes_after_a_parting_is_not_reached(tmp_path: Path) -> None:
    """It is a band of its own in the heat map: neither agreeing nor missing; the finding leads to the autoencoder."""
    page = paged(opened([run(tmp_path / "run", agreements=parting())]))
    agreement = next(section for section in page.sections if section.anchor == "agreement")
    (plot,) = (block for part in agreement.sections for block in part.blocks if isinstance(block, Plot))
    bands = {row["rung"]: row["band"] for row in plot.spec["datasets"]["rows"]}
    assert ("parts", {"not reached"}) == (bands.pop("init"), set(bands.values()))
    assert '<a href="#autoencoder-tied">' in rendered(page)


def test_how_environments_differ_stands_beside_the_verdict(tmp_path: Path) -> None:
    """What else changed is what a reader should know first; long texts are only counted."""
    apart = [
        Apart(kind="package", name="numpy", base="2.4", head="2.5"),
        Apart(kind="x", name="y", base="b" * 90, head=""),
    ]
    documents.write(tmp_path / "comparison.json", "comparison", plain(record(climbed("float64"), differences=apart)))
    (opening,) = paged(opened([tmp_path])).openings
    assert ["The environments differ in: package numpy 2.4 → 2.5; 1 more."] == opening.notes


def test_one_wrong_record_among_several_is_named(tmp_path: Path) -> None:
    """The first sentence says where something is wrong, and the state is the gravest."""
    fine, wrong = run(tmp_path / "fine"), run(tmp_path / "wrong", agreements=parting())
    page = paged(opened([fine, wrong, tmp_path / "gone"]))
    assert page.sentence.startswith("wrong: tied parts.")
    assert page.sentence.endswith(" Look also at gone.")
    assert "bad" == page.state


def test_a_comparison_tells_its_regressions(tmp_path: Path) -> None:
    """A climb that parted and a row that is slower are findings; each block is a dot of the plot."""
    found = record(climbed("float64", "parted", parting="gradients part"), blocks=blocks(1.3))
    documents.write(tmp_path / "comparison.json", "comparison", plain(found))
    page = paged(opened([tmp_path]))
    assert "bad" == page.state
    assert {"regression"} <= {it.weight for it in page.openings[0].findings}
    speed = next(section for section in page.sections if section.anchor == "speed")
    plot = next(block for part in speed.sections for block in part.blocks if hasattr(block, "spec"))
    dots = [dot for dot in plot.spec["datasets"]["single"] if dot["name"].endswith("training")]
    assert len([block for block in found.blocks if not block.control]) == len(dots)


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_of_record_makes_a_report(kind: str, tmp_path: Path) -> None:
    """Each with an opening of its own and its tables; nothing in it is left to a browser that is not JSON."""
    documents.write(tmp_path / FILES[kind], kind, filled(kind))
    page = paged(opened([tmp_path]))
    assert page.openings[0].sentence
    assert "everything" in [section.anchor for section in page.sections]
    assert _payload(rendered(page), "plots") is not None


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    """All links stay within the page; pictures are in it."""
    text = rendered(paged(opened([run(tmp_path / "run")])))
    folded = "".join(_payload(text, "folds").values())
    led = [*Seen(text).led, *Seen(folded).led]
    assert [] == [place for place in led if not place.startswith(("#", "data:image/"))]
    assert [] == re.findall(r"@import|url\((?!data:)", text)


def test_names_from_files_are_harmless(tmp_path: Path) -> None:
    """A failure, a place and a folder that hold HTML are shown as they are: no element comes of them."""
    agreements = parting(parting=HOSTILE, command=HOSTILE)
    agreements[0]["rungs"][0]["place"] = HOSTILE
    folder = tmp_path / "<script>alert(2)<" / "script><b>"
    failures = [{"autoencoder": "tied", "framework": "pytorch", "failure": HOSTILE}]
    hostile = rendered(paged(opened([run(folder, agreements=agreements, failures=failures)])))
    milder = [{**failures[0], "failure": "no memory"}]
    usual = rendered(paged(opened([run(tmp_path / "run", agreements=parting(), failures=milder)])))
    for part in (lambda text: text, lambda text: "".join(_payload(text, "folds").values())):
        assert sorted(Seen(part(usual)).tags) == sorted(Seen(part(hostile)).tags)
    assert HOSTILE in "".join(Seen(hostile).words)


def test_a_report_without_pictures_is_small(tmp_path: Path) -> None:
    """Below one megabyte, the library that draws included."""
    write(opened([run(tmp_path / "run")]), path := tmp_path / "report.html", "none")
    assert path.stat().st_size < 1e6


def test_the_dashboard_is_one_link_away_where_there_is_one(tmp_path: Path) -> None:
    """At the top, where its address was given; else nothing speaks of it."""
    sources, path = opened([run(tmp_path / "run")]), tmp_path / "report.html"
    address = 'https://example.org/asv/?a=1&b="2"'
    write(sources, path, "none", address)
    assert address in Seen(path.read_text(encoding="utf-8")).led
    write(sources, path, "none")
    assert "history over commits" not in path.read_text(encoding="utf-8")


def test_what_a_run_has_no_pictures_of_is_said(tmp_path: Path) -> None:
    """A figure that is missing has its reason in the autoencoder's chapter."""
    text = rendered(paged(opened([run(tmp_path / "run")])))
    said = "".join(Seen("".join(_payload(text, "folds").values())).words)
    assert "reconstructions:" in said


def test_a_table_that_is_too_long_names_its_export(tmp_path: Path) -> None:
    """A page does not hold tens of thousands of rows; it says how to get them."""
    trials = [trial("pytorch", seed, 0.01) for seed in range(1001)]
    text = rendered(paged(opened([run(tmp_path / "run", trials=trials)])))
    assert "aebench export" in "".join(_payload(text, "folds").values())


def test_a_cache_that_is_damaged_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut short, or other bytes: the script in the report is whole, and so is what is kept then. Without a place to
    keep it, it is there as well."""
    monkeypatch.setattr(writing, "cache_dir", lambda _: tmp_path)
    monkeypatch.setattr(writing.vl_convert, "javascript_bundle", lambda _: "window.vegaEmbed = 1;" * 100)
    whole = writing.library()
    (kept,) = tmp_path.iterdir()
    sound = kept.read_bytes()
    for damaged in (b"", sound[: len(sound) // 2], sound[:20] + bytes(20) + sound[40:], b"other"):
        kept.write_bytes(damaged)
        assert whole == writing.library()
        assert sound == kept.read_bytes()
    monkeypatch.setattr(writing, "cache_dir", lambda _: tmp_path / kept.name / "below")
    assert whole == writing.library()


def test_what_is_not_known_here_is_not_said_to_be_lacking(tmp_path: Path) -> None:
    """A run of another machine, with an autoencoder and a framework that are not registered here."""
    trials = [{**trial("elsewhere", 0, 0.1), "autoencoder": "convolutional"}]
    options = {**OPTIONS, "autoencoders": ["convolutional"], "frameworks": ["elsewhere"], "agreement": True}
    text = rendered(paged(opened([run(tmp_path / "run", options=options, trials=trials, agreements=[])])))
    assert "What was left out" not in text


def test_pictures_of_a_run_are_looked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many autoencoders it has; with those of several runs a caption names the run."""
    asked: list[Path] = []
    drawn = Picture("tied/features", "t", "alt", "look here", Figure)

    def pictures(folder: Path) -> list[Picture]:
        asked.append(folder)
        return [drawn, replace(drawn, name="overview")]

    monkeypatch.setattr(chapters, "pictures", pictures)
    trials = [{**trial("pytorch", 0, 0.1), "autoencoder": name} for name in ("tied", "stacked")]
    folders = [run(tmp_path / name, trials=trials) for name in ("monday", "tuesday")]
    (section,) = (it for it in paged(opened(folders), "all").sections if it.anchor == "autoencoders")
    assert folders == asked
    of_all = [it.caption for it in section.blocks if isinstance(it, Still)]
    of_one = [it.caption for part in section.sections for it in part.blocks if isinstance(it, Still)]
    assert 2 * [["monday: look here", "tuesday: look here"]] == [of_all, of_one]


def test_no_framework_is_loaded(tmp_path: Path) -> None:
    """A report is made where there is none."""
    code = (
        "import sys; from pathlib import Path; from aebench.records.opened import opened; "
        "from aebench.report.html.writing import write; write(opened([Path('run')]), Path('report.html')); "
        "print([name for name in ('torch', 'tensorflow', 'jax') if name in sys.modules])"
    )
    run(tmp_path / "run")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert ("[]\n", "") == (done.stdout, done.stderr)


def test_each_of_our_autoencoders_is_explained_in_three_sentences() -> None:
    """And has mathematics that becomes MathML."""
    about = chapters._about()
    ours = [name for name, it in registry.autoencoders().items() if type(it).__module__.startswith("aebench")]
    assert sorted(ours) == sorted(about)
    for name, it in about.items():
        assert 3 == len(re.findall(r"[.](?: |$)", it["idea"])), name
        assert it["formulas"]


@pytest.mark.parametrize(
    ("value", "words"), [(0.99, "parts"), (1.0, "×1 to 1.5"), (2.0, "×2 to 5"), (1e9, "×100 and more")]
)
def test_headroom_lies_in_its_band(value: float, words: str) -> None:
    """What parts, and only that, is red."""
    assert words == charts._band(value, charts.HEADROOM)


def _payload(text: str, name: str) -> Any:
    """What is packed beside the page."""
    packed = re.search(rf'id="{name}">([^<]*)</script>', text)
    assert packed is not None
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))
