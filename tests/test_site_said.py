"""What the pages of the site say: of a made autoencoder, of made commands, and of how a page of text is written.

Every number and word of the made ones is another, so that none stands for a second one unnoticed.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import click
import pytest
from test_site import DOCS, ROOT, built

from aebench import registry
from aebench.spec import L2, Adam, Autoencoder, Corruption, Layer, Phase, Sparsity
from docs.building import autoencoders, commands

LAYERS = (
    Layer("encoder1", 12, 7, "elu", "average_uniform"),
    Layer("encoder2", 7, 3, "sigmoid", "glorot_uniform"),
    Layer("decoder1", 3, 7, "elu", tied_to="encoder2"),
    Layer("decoder2", 7, 12, "none", "he_normal"),
)
PHASES = (
    Phase(
        "second_half", trains=("decoder1", "decoder2"), frozen=("encoder1", "encoder2"), epochs=1500, batch_size=40,
        optimizer=Adam(0.02, beta1=0.8, beta2=0.7, epsilon=0.6), sampling="fresh", n_labels=2300, starts_from="another",
        copies=("encoder1",), l2=L2(0.003, ("decoder2",)), sparsity=Sparsity(weight=0.6, target=0.05),
    ),
    Phase(
        "last", trains=("decoder2",), inputs="hidden3", epochs=9, batch_size=6000, optimizer=Adam(0.005),
        sampling="full",
    ),
)  # fmt: skip
MADE = Autoencoder("made", "Made *here*", LAYERS, PHASES, kind="classifier")
ABOUT = {"made": {"idea": "It takes `x`. It gives it back.", "formulas": ["h = x W_1", r"y = h W_1^\top"]}}
BEGINNING = r"""made
====

*Made \*here\*.* It takes ``x``\ . It gives it back.

.. math::

   h = x W_1

.. math::

   y = h W_1^\top

How the signs are meant: :doc:`/mathematics`.

Specification
-------------
"""
TABLES = [
    [
        ["layer", "inputs", "outputs", "activation", "weights begin as"],
        ["encoder1", "12", "7", "elu", "average_uniform"],
        ["encoder2", "7", "3", "sigmoid", "glorot_uniform"],
        ["decoder1", "3", "7", "elu", "those of encoder2, transposed"],
        ["decoder2", "7", "12", "none", "he_normal"],
    ],
    [
        ["phase", "trains", "on", "optimiser", "schedule", "penalty"],
        [
            "second_half", "decoder1, decoder2; frozen: encoder1, encoder2", "images, 2,300 labels, from another",
            "Adam, rate 0.02", "1,500 epochs of batches of 40, fresh",
            "L2 0.003 on decoder2; 0.6 times the KL divergence from 0.05",
        ],
        ["last", "decoder2", "hidden3", "Adam, rate 0.005", "9 epochs of batches of 6,000, full", "none"],
    ],
]  # fmt: skip
TEXTS = """PyTorch
-------

.. automodule:: aebench.implementations.pytorch.made
   :members:

.. literalinclude:: ../../../implementations/pytorch/made.py
   :language: python

TensorFlow
----------

.. automodule:: aebench.implementations.tensorflow.made
   :members:

.. literalinclude:: ../../../implementations/tensorflow/made.py
   :language: python

Reference (NumPy, float64)
--------------------------

.. automodule:: aebench.implementations.reference.made
   :members:

.. literalinclude:: ../../../implementations/reference/made.py
   :language: python
"""


def _page(monkeypatch: pytest.MonkeyPatch, autoencoder: Autoencoder) -> str:
    """The page of an autoencoder that no registry has."""
    monkeypatch.setattr(registry, "autoencoder", {"made": autoencoder}.__getitem__)
    return autoencoders.autoencoder_pages(ABOUT)["made"]


def _tables(text: str) -> list[list[list[str]]]:
    """Every table of a page, row by row."""
    found: list[list[list[str]]] = []
    for line in text.splitlines():
        if line.startswith(".. list-table::"):
            found.append([])
        elif line.startswith("   * - "):
            found[-1].append([line[7:]])
        elif line.startswith("     - "):
            found[-1][-1].append(line[7:])
    return found


def test_the_page_of_an_autoencoder_begins_with_its_idea_and_all_its_formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below its name and its title, in the order in which they are written."""
    assert _page(monkeypatch, MADE).startswith(BEGINNING)


def test_its_tables_have_the_words_and_numbers_of_the_specification(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each below its heading: sizes, beginnings and ties of the layers; what the phases train, on what, and how."""
    assert TABLES == _tables(_page(monkeypatch, MADE))


def test_each_framework_s_text_stands_below_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its docstrings and its text, and nothing behind them."""
    assert _page(monkeypatch, MADE).endswith(f"\n\n{TEXTS}")


@pytest.mark.parametrize(
    ("corruption", "expected"),
    [
        (Corruption("gaussian", 0.25), ["normal noise of deviation 0.25 is added."]),
        (Corruption("dropout", 0.7), ["each is kept with probability 0.7, and divided by it."]),
        (None, []),
    ],
)
def test_what_is_done_to_the_inputs_is_said(
    corruption: Corruption | None, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the quantity that the specification has: 0.25 is a standard deviation, 0.7 the share that is kept."""
    text = _page(monkeypatch, dataclasses.replace(MADE, corruption=corruption))
    assert expected == re.findall(r"^Inputs while training: (.*)$", text, flags=re.MULTILINE)


COMMANDS = """aebench
=======

.. program:: aebench

::

   aebench [OPTIONS] COMMAND [ARGS]...

All of it.

.. rubric:: Options

.. option:: --help

   Show this message and exit.

What the exit status means: :doc:`/reference/statuses`.

aebench grow
============

.. program:: aebench grow

::

   aebench grow [OPTIONS] SEED

Let something grow.

.. rubric:: Examples

.. code-block:: console

   $ aebench grow oak  # slowly
   $ aebench grow cress

.. rubric:: Options

.. option:: -h, --height METRES

   How tall it may become.

.. option:: --water / --no-water

   Whether ``SEED``\\  gets any.  [default: water]

.. option:: --help

   Show this message and exit.

What the exit status means: :doc:`/reference/statuses`.
"""


def test_the_pages_of_commands_have_each_option_with_its_own_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """And its names, its default, what the command is called with, and its examples; a hidden option is not there."""
    grow = click.Command(
        "grow",
        help="Let something\ngrow.\n\n\b\nExamples:\n  aebench grow oak  slowly\n  aebench grow cress",
        params=[
            click.Argument(["seed"]),
            click.Option(["-h", "--height"], metavar="METRES", help="How tall it may become."),
            click.Option(["--secret"], hidden=True, help="Nobody sees it."),
            click.Option(["--water/--no-water"], default=True, show_default=True, help="Whether `SEED` gets any."),
        ],
    )
    monkeypatch.setattr(commands, "main", click.Group("aebench", commands={"grow": grow}, help="All of it."))
    pages = commands.command_pages()
    assert ["aebench", "grow"] == list(pages)
    assert COMMANDS == "\n".join(pages.values())


def _promised() -> set[str]:
    """The modules that the documents and the packages outside of this one take or name for a program of a user's."""
    documents = "".join((DOCS / name).read_text("utf-8") for name in ("own.md", "python.md", "reference/api.md"))
    found = {"aebench." + name.replace("/", ".") for name in re.findall(r"\]\(\.\./aebench/([\w/]+)\.py\)", documents)}
    texts = re.findall(r"```python\n(.*?)```", documents, flags=re.DOTALL)
    outside = ROOT / "tests" / "outside"
    texts += [path.read_text(encoding="utf-8") for path in sorted(outside.glob("*/*/*.py"))]
    taken = (node for text in texts for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom))
    found |= {_module(node.module or "", it.name) for node in taken for it in node.names}
    ours = {name for name in found if name.startswith("aebench.") and ".implementations." not in name}
    # What every call may raise, what noise and orders are drawn by, and what a picture of a result is.
    return {*ours, "aebench.errors", "aebench.streams", "aebench.report.gallery"}


def _module(place: str, name: str) -> str:
    """The module that `from place import name` takes, or takes something from."""
    path = ROOT.joinpath(*place.split("."), name)
    return f"{place}.{name}" if path.is_dir() or path.with_suffix(".py").exists() else place


def test_every_module_of_the_interface_has_its_page() -> None:
    """Those that the documents and the packages outside of this one take or name; each page is of its own module."""
    pytest.importorskip("sphinx", reason="sphinx is not installed: pip install -c constraints.txt 'aebench[docs]'")
    from docs.building.pages import module_pages

    pages = module_pages()
    assert set() == _promised() - set(pages)
    assert list(pages) == [re.findall(r"^\.\. automodule:: (.*)$", text, re.MULTILINE)[0] for text in pages.values()]


PAGE = r"""# A page

It says "so" of `code`, and --option is an option's -- not a dash's.

Small is $a_1$, and on lines of its own is

$$b_2$$

```{eval-rst}
A second one is "here", and --option, :math:`c_3`.

.. math::

   d_4
```
"""


def test_a_page_is_written_as_its_text_is(tmp_path: Path) -> None:
    """Quotes and dashes stay, in Markdown and in what is generated; a formula on lines of its own is drawn as a block,
    with the browser's larger signs, and one in a sentence is not."""
    docs = tmp_path / "docs"
    (docs / "_static").mkdir(parents=True)
    (docs / "_static" / "site.css").touch()
    settings = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom docs.conf import *\n"
    (docs / "conf.py").write_text(settings + "extensions.remove('docs.building.pages')\n", encoding="utf-8")
    (docs / "index.md").write_text(PAGE, encoding="utf-8")
    done = built(docs, tmp_path / "html")
    assert (0, "") == (done.returncode, done.stderr)
    text = (tmp_path / "html" / "index.html").read_text(encoding="utf-8")
    text = text.replace("&#39;", "'").replace("&quot;", '"')
    assert "and --option is an option's -- not a dash's." in text
    assert ['says "so"', 'is "here"'] == re.findall(r'(?:says|is) "\w+"', text)
    lines = '<div class="formula">'
    assert [("", "inline", "a"), (lines, "block", "b"), ("", "inline", "c"), (lines, "block", "d")] == re.findall(
        rf'({lines})?<math [^>]*display="(\w+)".*?<mi>(\w)</mi>', text
    )
