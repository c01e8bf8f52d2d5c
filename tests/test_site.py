"""The documentation as a site: it builds without a warning, every link leads somewhere, and nothing is left out."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from html_pages import Page, asked_of_others, dead, misshapen, pages, unreachable

from aebench import registry
from aebench.cli import main
from aebench.cli.ending import STATUSES
from aebench.records.capture import NOTED_VARIABLES
from aebench.records.kinds import KINDS
from docs.building import numbers
from docs.building.docstrings import converted

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
ADDRESS = "https://host.example/who/aebench"
# Made by Sphinx itself, and not for reading one after the other.
MADE = {"genindex.html", "py-modindex.html", "search.html"}
TWELVE = list(registry.autoencoders())[:12]
FRAMEWORKS = ("reference", "tensorflow", "pytorch")
# A stand-in for what must not be imported while the site is built.
EXPLODING = "raise SystemExit('a framework was imported')\n"


def built(source: Path, output: Path, *, address: str = "") -> subprocess.CompletedProcess[str]:
    """Build a site, with warnings as errors."""
    if missing := [name for name in ("sphinx", "furo", "myst_nb") if importlib.util.find_spec(name) is None]:
        pytest.skip(f"{', '.join(missing)} not installed: pip install -c constraints.txt 'aebench[docs]'")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    variables |= {"AEBENCH_REPOSITORY": address, "PYTHONPATH": str(output.parent / "fakes")}
    for name in ("tensorflow", "torch"):
        (output.parent / "fakes" / name).mkdir(parents=True, exist_ok=True)
        (output.parent / "fakes" / name / "__init__.py").write_text(EXPLODING)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-d", str(output.parent / "trees")]
    command += [str(source), str(output)]
    return subprocess.run(command, capture_output=True, text=True, env=variables, cwd=ROOT, timeout=600)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once. That it builds is what the first test says."""
    output = tmp_path_factory.mktemp("site") / "html"
    done = built(DOCS, output, address=ADDRESS)
    assert 0 == done.returncode, done.stderr
    assert "" == done.stderr + done.stdout
    return output


@pytest.fixture(scope="module")
def found(site: Path) -> dict[Path, Page]:
    """Its pages."""
    return pages(site)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder of documents with these settings and no page that is made."""
    (tmp_path / "docs" / "_static").mkdir(parents=True)
    settings = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom docs.conf import *\n"
    settings += "extensions = [it for it in extensions if it != 'docs.building.pages']\n"
    (tmp_path / "docs" / "conf.py").write_text(settings)
    (tmp_path / "docs" / "_static" / "site.css").write_text("")
    return tmp_path / "docs"


def test_the_site_builds_without_a_warning(site: Path) -> None:
    """And without importing a framework: both in one process hang or crash."""
    assert (site / "index.html").is_file()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("# A page\n\n[nowhere](nowhere.md)\n", "nowhere"),
        ("# A page\n\n[no such part](#part)\n", "part"),
        ("# A page\n\n```{automodule} aebench.nothing\n```\n", "aebench.nothing"),
    ],
)
def test_a_warning_ends_the_build(small: Path, text: str, reason: str) -> None:
    """Planted faults: links that lead nowhere, a module that is not there."""
    (small / "index.md").write_text(text)
    done = built(small, small.parent / "html")
    assert done.returncode != 0
    assert reason in done.stderr


def test_without_its_packages_there_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Sphinx is not installed the tests of the site are skipped, and say what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "sphinx" else name)
    with pytest.raises(pytest.skip.Exception, match=r"sphinx not installed: pip install .*aebench\[docs\]"):
        built(DOCS, tmp_path)


def test_links_within_lead_somewhere(found: dict[Path, Page]) -> None:
    """Pages, files and anchors."""
    assert [] == dead(found)


def test_links_to_others_are_links(found: dict[Path, Page]) -> None:
    """By their form; nobody is asked."""
    assert [] == misshapen(found)


def test_every_page_is_reached_from_the_first(site: Path, found: dict[Path, Page]) -> None:
    """By links alone."""
    assert unreachable(found, site / "index.html") <= MADE


def test_no_page_asks_another_host(site: Path, found: dict[Path, Page]) -> None:
    """For scripts, styles, images, fonts."""
    assert [] == asked_of_others(site, found)


PAGE = '<a href="b.html#part">b</a><link rel="stylesheet" href="a.css"><h1 id="top">A</h1>'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.html": PAGE}, (["a.html: b.html#part"], [], set(), [])),
        ({"a.html": PAGE, "b.html": "<p>"}, (["a.html: b.html#part"], [], set(), [])),
        ({"a.html": PAGE.replace("b.html#part", "#top"), "b.html": "<p>"}, ([], [], {"b.html"}, [])),
        ({"a.html": '<a href="https:/host">x</a>'}, ([], ["a.html: https:/host"], set(), [])),
        ({"a.html": '<script src="https://cdn.example/x.js">'}, ([], [], set(), ["a.html: https://cdn.example/x.js"])),
        ({"a.html": "<img src=//cdn.example/x.png>"}, ([], [], set(), ["a.html: //cdn.example/x.png"])),
        (
            {"a.html": "<p>", "a.css": "@font-face { src: url(https://fonts.example/x) }"},
            ([], [], set(), ["a.css: https://fonts.example/x"]),
        ),
        ({"a.html": PAGE, "b.html": '<p id="part">', "a.css": "a { src: url(x.woff) }"}, ([], [], set(), [])),
    ],
)
def test_a_broken_page_is_noticed(tmp_path: Path, files: dict[str, str], expected: tuple[object, ...]) -> None:
    """Planted faults: each makes its own complaint; the last is sound."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = pages(tmp_path)
    seen = (dead(found), misshapen(found), unreachable(found, tmp_path / "a.html"), asked_of_others(tmp_path, found))
    assert expected == seen


def commands(
    command: click.Command = main, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command by its words, those within a group as well, and `aebench` itself."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


def left_out(words: tuple[str, ...], options: list[str], page: Page) -> list[str]:
    """Those of the options that have no anchor on the page of the command."""
    begin = "-".join(("cmdoption-aebench", *words))
    return [it for it in options if f"{begin}-{it.lstrip('-')}" not in page.ids and f"{begin}{it}" not in page.ids]


@pytest.mark.parametrize("words", [words for words, _ in commands()], ids=lambda words: " ".join(words) or "aebench")
def test_every_command_and_option_is_on_its_page(site: Path, found: dict[Path, Page], words: tuple[str, ...]) -> None:
    """With an anchor for each option, and the first sentence of its help. Planted: one that is not there is named."""
    command = dict(commands())[words]
    page = found[site / "reference" / "commands" / f"{words[0] if words else 'aebench'}.html"]
    options = [it for it in command.params if isinstance(it, click.Option) and not it.hidden]
    assert " ".join(("aebench", *words)) in page.text
    assert (command.help or "").strip().split("\n")[0].replace("`", "") in page.text
    names = [name for it in options for name in it.opts if name.startswith("--")]
    assert [] == left_out(words, names, page)
    assert ["--nothing"] == left_out(words, ["--nothing"], page)


def first_line(path: Path) -> str:
    """Of the module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0]


@pytest.mark.parametrize("name", TWELVE)
def test_every_autoencoder_has_its_page(site: Path, found: dict[Path, Page], name: str) -> None:
    """With its numbers, and every framework's docstring and text. Planted: the text of another one is not there."""
    page = found[site / "reference" / "autoencoders" / f"{name}.html"]
    specification = registry.autoencoder(name)
    assert all(f"{layer.name} {layer.n_inputs} {layer.n_outputs}" in page.text for layer in specification.layers)
    assert "<math" in page.path.read_text(encoding="utf-8")
    for framework in FRAMEWORKS:
        path = ROOT / "implementations" / framework / f"{name}.py"
        assert f"module-aebench.implementations.{framework}.{name}" in page.ids
        shown, said = " ".join(path.read_text(encoding="utf-8").split()), " ".join(first_line(path).split())
        assert shown in page.text, framework
        assert page.text.count(said.replace("`", "")) >= 1
        other = ROOT / "implementations" / framework / f"{TWELVE[TWELVE.index(name) - 1]}.py"
        assert " ".join(other.read_text(encoding="utf-8").split()) not in page.text


def test_formulas_are_drawn(site: Path, found: dict[Path, Page]) -> None:
    """As MathML; what LaTeX writes with a backslash stands in no text."""
    text = (site / "mathematics.html").read_text(encoding="utf-8")
    formulas = re.findall(r"\$\$.+?\$\$|\$[^$]+\$", (DOCS / "mathematics.md").read_text(encoding="utf-8"))
    assert text.count("<math") == len(formulas) > 50
    assert not re.search(r"\\(frac|sum|mathrm|quad)|\$\$", found[site / "mathematics.html"].text)


def test_links_out_of_the_documents_lead_into_the_repository(site: Path, found: dict[Path, Page]) -> None:
    """To a file or a folder there, an anchor with them."""
    links = set(found[site / "own.html"].links) | set(found[site / "tutorial.html"].links)
    assert f"{ADDRESS}/tree/main/tests/outside/convolutional" in links
    assert f"{ADDRESS}/blob/main/aebench/protocol.py" in links
    assert f"{ADDRESS}/blob/main/README.md#quick-start" in links


def test_without_an_address_such_links_are_text(small: Path) -> None:
    """And the page says what it said."""
    outside = Path(os.path.relpath(ROOT / "aebench" / "text.py", small)).as_posix()
    (small / "index.md").write_text(f"# A page\n\nSee [the text]({outside}) of it.\n")
    done = built(small, small.parent / "html")
    assert (0, "") == (done.returncode, done.stderr)
    page = Page(small.parent / "html" / "index.html")
    assert "See the text of it." in page.text
    assert [] == [link for link in page.links if "text.py" in link]


NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# A story\n", "\n", "$x^2$"]},
        {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": ["1 / 0"],
         "outputs": [{"output_type": "stream", "name": "stdout", "text": ["what was printed then\n"]}]},
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 4,
}  # fmt: skip


def test_a_notebook_is_shown_and_not_executed(small: Path) -> None:
    """With what it printed when it was written, although nothing lists it. Planted: it would fail if it were run."""
    (small / "index.md").write_text("# First\n\n## Begin\n\n- [Other](other.md): another.\n")
    (small / "other.md").write_text("# Other\n")
    (small / "story.ipynb").write_text(json.dumps(NOTEBOOK))
    done = built(small, small.parent / "html")
    assert (0, "") == (done.returncode, done.stderr)
    found = pages(small.parent / "html")
    assert unreachable(found, small.parent / "html" / "index.html") <= MADE
    assert "what was printed then" in found[small.parent / "html" / "story.html"].text


def test_numbers_in_the_mathematics_are_those_of_the_specifications() -> None:
    """The tables are made from them: python -m docs.building.numbers."""
    text = (DOCS / "mathematics.md").read_text(encoding="utf-8")
    assert numbers.written(text) == text
    assert numbers.written(text.replace("| 0.01 |", "| 0.02 |", 1)) == text, "planted: another rate would be seen"


def stated() -> dict[str, float]:
    """What a sentence or a formula of the mathematics says -> the number that the specifications have there."""
    of = registry.autoencoder
    adam, sparsity = of("stacked").phases[0].optimizer, of("sparse").phases[0].sparsity
    gaussian, dropout = of("denoising_gaussian").corruption, of("denoising_dropout").corruption
    assert sparsity
    assert gaussian
    assert dropout
    budgets = of("pretrained").label_budgets
    return {
        r"\\beta_1 = ([\d.]+)\$": adam.beta1,
        r"\\beta_2 = ([\d.]+)\$": adam.beta2,
        r"\\varepsilon = 10\^\{(-\d+)\}": -8 if adam.epsilon == 1e-8 else 0,
        r"a target \$p = ([\d.]+)\$": sparsity.target,
        r"a weight \$\\beta = ([\d.]+)\$": sparsity.weight,
        r"\\varepsilon / \\sqrt\{(\d+)\}\$": round(gaussian.amount**-2),
        r"\$x m / ([\d.]+)\$": dropout.amount,
        r"with probability ([\d.]+) and": dropout.amount,
        r"the first ([\d,]+) training labels": of("pretrained").phases[0].n_labels or 0,
        r"on ([\d,]+), 300, 1,000 and 5,000 of them": budgets[0] if budgets[1:] == (300, 1_000, 5_000) else 0,
        r"one hidden layer of ([\d,]+) sigmoid": of("sparse").layers[0].n_outputs,
        r"log variances of (\d+) codings": of("variational").n_codings,
        r"\$d = (\d+)\$": of("stacked").n_inputs,
    }


@pytest.mark.parametrize("pattern", stated())
def test_sentences_of_the_mathematics_have_the_numbers_of_the_specifications(pattern: str) -> None:
    """Each of them stands there once or more, with that number."""
    said = re.findall(pattern, (DOCS / "mathematics.md").read_text(encoding="utf-8"))
    assert {stated()[pattern]} == {float(value.replace(",", "")) for value in said}


def variables(folder: Path) -> set[str]:
    """Those of aebench's own that the texts in a folder name."""
    texts = (path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    return {name for text in texts for name in re.findall(r"\b_?AEBENCH_[A-Z]+(?:_[A-Z]+)*\b", text)}


def test_every_variable_is_in_the_list(tmp_path: Path) -> None:
    """Those that any text names, and no other; the ones of others that choose kernels, too. Planted: a new one."""
    text = (DOCS / "reference" / "variables.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE))
    folders = ("aebench", "implementations", "benchmarks", "tests", "docs/building")
    assert set().union(*(variables(ROOT / folder) for folder in folders)) == listed
    noted = text.split("begins with one of these:")[1].split(". Unless")[0]
    assert set(NOTED_VARIABLES) == set(re.findall(r"`(\w+)`", noted))
    new = "AEBENCH" + "_X"
    (tmp_path / "new.py").write_text(f'os.environ["{new}"]')
    assert {new} == variables(tmp_path)


def test_every_status_and_every_kind_of_record_is_in_its_list() -> None:
    """As the command line says the one, and `aebench schema` the other."""
    statuses, files = ((DOCS / "reference" / name).read_text("utf-8") for name in ("statuses.md", "files.md"))
    table = re.findall(r"^\| (\d+) \|", statuses.split("##")[0], flags=re.M)
    assert set(re.findall(r"^ +(\d+)  ", STATUSES, flags=re.M)) == set(table)
    assert set(KINDS) == set(re.findall(r"^\| `(\w+)` \|", files, flags=re.M))


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("mean((a - b)**2) over |x|.", [r"mean((a - b)\*\*2) over \|x\|."]),
        ("Of `name`.", ["Of ``name``\\ ."]),
        ("x: (n, 784), float32. y: (n,), labels.", ["- **x**: (n, 784), float32.", "- **y**: (n,), labels."]),
        ("A loss.\n\nSource: line 3. Deviates: a mean.", ["A loss.", ":Source: line 3.", ":Deviates: a mean."]),
        ("Raises:\n    DataError: none.", [":Raises:", "    - :py:exc:`.DataError`: none."]),
        ("As pytorch@old does.", [r"As pytorch\@old does."]),
        ("It says: so it is.", ["It says: so it is."]),
    ],
)
def test_docstrings_become_what_they_say(docstring: str, expected: list[str]) -> None:
    """Arithmetic stays, arguments are a list, sections are fields; a colon in a sentence is one."""
    assert expected == [line for line in converted(docstring.split("\n"), {"x", "y"}) if line]


def test_what_the_site_is_made_of_is_in_the_extra() -> None:
    """The names that the skip above asks for are those of the extra."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'^docs = \["furo>=.*", "myst-nb>=.*", "sphinx>=.*"\]$', text, flags=re.MULTILINE)
