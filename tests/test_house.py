"""The rules of the house: sizes, docstrings, random draws, tolerances, and texts that stay parallel."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aebench import registry

ROOT = Path(__file__).parents[1]
FRAMEWORKS = ("reference", "tensorflow", "pytorch")
HARNESS = sorted(
    path for folder in ("aebench", "implementations", "benchmarks") for path in (ROOT / folder).rglob("*.py")
)
REFERENCE_FILES = {path.stem for path in (ROOT / "implementations" / "reference").glob("*.py")}
NETWORKS = sorted(REFERENCE_FILES & {*registry.autoencoders(), "denoising"})
# The peers are other people's programs: what they shuffle and which noise they add is drawn as those would draw it.
PEERS = {f"aebench/speed/peers/{name}.py" for name in ("jax_scan", "keras_fit", "torch_dataloader")}
MAY_DRAW = {"aebench/streams.py", "aebench/data/curve.py", *PEERS}
MAY_TOLERATE = {"aebench/agreement/bounds.py", "aebench/quality/margins.py"}
DRAWS = (
    r"(np|numpy)\.random\b|\bRandomState\b|\bdefault_rng\b|\brandom\.\w+|\bsecrets\b|\btorch\.(rand\w*|normal|bernoulli|"
    r"multinomial|manual_seed|Generator)\b|\btf\.random\b|\bset_random_seed\b|\bnn\.init\b|\bdropout\(|\bDropout\b|"
    r"\.(normal_|uniform_|bernoulli_|random_)\("
)
TOLERANCES = r"\b(rtol|atol|rel_tol|abs_tol)\s*=|\b(allclose|isclose|assert_allclose|approx)\("


LOSSES = ("_error", "_penalty", "_loss", "_entropy")


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _code(source: str) -> str:
    """The text without comments and docstrings, one statement a line."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _sizes(source: str) -> list[str]:
    """What is too long: the file at 300 lines, a function at 40."""
    found = ["the file"] if source.count("\n") >= 300 else []
    long = (f for f in _functions(ast.parse(source)) if (f.end_lineno or 0) - f.lineno + 1 >= 40)
    return found + [f.name for f in long]


def _classes(sources: list[str]) -> dict[str, tuple[set[str], set[str]]]:
    """Class name -> the methods it documents, and the names of its bases."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for node in (n for source in sources for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ClassDef)):
        methods, bases = found.setdefault(node.name, (set(), set()))
        methods |= {f.name for f in _functions(node) if ast.get_docstring(f)}
        bases |= {ast.unparse(base).split(".")[-1] for base in node.bases}
    return found


def _inherits(classes: dict[str, tuple[set[str], set[str]]], name: str, method: str) -> bool:
    """Whether a base class, near or far, documents the method."""
    bases = classes.get(name, (set(), set()))[1] - {name}
    return any(method in classes.get(base, (set(),))[0] or _inherits(classes, base, method) for base in bases)


def _undocumented(source: str, classes: dict[str, tuple[set[str], set[str]]]) -> list[str]:
    """Public classes, functions and methods without a docstring of their own or of a base class."""
    tree = ast.parse(source)
    found = [] if ast.get_docstring(tree) else ["the module"]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            found += [] if ast.get_docstring(node) else [node.name]
        if isinstance(node, ast.ClassDef):
            methods = (f for f in node.body if isinstance(f, ast.FunctionDef) and not f.name.startswith("_"))
            bare = (f.name for f in methods if not ast.get_docstring(f))
            found += [f"{node.name}.{m}" for m in bare if not _inherits(classes, node.name, m)]
    return found


def _matches(pattern: str) -> Callable[[str], list[str]]:
    return lambda source: [match.group(0) for match in re.finditer(pattern, _code(source))]


def _shortcuts(source: str) -> list[str]:
    """Input checks by `assert`, which -O removes, and `except` without saying what.

    `assert x is not None` tells the type checker what the code above has made sure of, and checks no input.
    """
    return [ast.unparse(n) for n in ast.walk(ast.parse(source)) if _checks_by_assert(n) or _catches_all(n)]


def _checks_by_assert(node: ast.AST) -> bool:
    return isinstance(node, ast.Assert) and not re.fullmatch(r"[\w.]+ is not None", ast.unparse(node.test))


def _catches_all(node: ast.AST) -> bool:
    return isinstance(node, ast.ExceptHandler) and node.type is None


_draws, _tolerances = _matches(DRAWS), _matches(TOLERANCES)
CLASSES = _classes([path.read_text(encoding="utf-8") for path in HARNESS])


@pytest.mark.parametrize("path", HARNESS, ids=_relative)
def test_files_and_functions_are_short(path: Path) -> None:
    """Files are shorter than 300 lines, functions than 40."""
    assert _sizes(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", HARNESS, ids=_relative)
def test_what_is_public_has_a_docstring(path: Path) -> None:
    """Every module, public class and public function says what it is; an overriding method may inherit that."""
    assert _undocumented(path.read_text(encoding="utf-8"), CLASSES) == []


@pytest.mark.parametrize("path", [p for p in HARNESS if _relative(p) not in MAY_DRAW], ids=_relative)
def test_no_random_draw_outside_the_streams(path: Path) -> None:
    """Only `streams.py` draws, and the curve, whose points are the source's own."""
    assert _draws(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", [p for p in HARNESS if _relative(p) not in MAY_TOLERATE], ids=_relative)
def test_no_tolerance_outside_the_tolerances(path: Path) -> None:
    """How far apart two numbers may be is said in `bounds.py` and `margins.py` only, with its reason."""
    assert _tolerances(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", HARNESS, ids=_relative)
def test_no_assert_and_no_bare_except(path: Path) -> None:
    """Inputs are checked by errors that stay under -O, and every `except` says what it expects."""
    assert _shortcuts(path.read_text(encoding="utf-8")) == []


PLANTED: dict[str, tuple[Callable[[str], list[str]], str, list[str]]] = {
    "long file": (_sizes, "x = 1\n" * 300, ["the file"]),
    "long function": (_sizes, "def f():\n" + "    x = 1\n" * 39, ["f"]),
    "numpy draw": (_draws, "x = np.random.rand(3)", ["np.random"]),
    "generator": (_draws, "from numpy.random import default_rng", ["numpy.random", "default_rng"]),
    "python draw": (_draws, "x = random.random()", ["random.random"]),
    "torch draw": (_draws, "x = torch.randn(3)", ["torch.randn"]),
    "torch initialiser": (_draws, "nn.init.zeros_(w)", ["nn.init"]),
    "torch dropout": (_draws, "y = dropout(x, 0.3)", ["dropout("]),
    "torch in place": (_draws, "w.normal_(0, 1)", [".normal_("]),
    "tensorflow draw": (_draws, "x = tf.random.normal([3])", ["tf.random"]),
    "rtol": (_tolerances, "f(a, b, rtol=1e-5)", ["rtol="]),
    "allclose": (_tolerances, "np.allclose(a, b)", ["allclose("]),
    "assert": (_shortcuts, "assert x > 0", ["assert x > 0"]),
    "bare except": (_shortcuts, "try:\n    f()\nexcept:\n    pass", ["except:\n    pass"]),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_breach_is_noticed(fault: str) -> None:
    """Planted fault: each breach in a text that had none makes exactly its own complaint."""
    check, source, expected = PLANTED[fault]
    assert expected == check(source)


def test_a_missing_docstring_is_noticed() -> None:
    """Planted fault: without docstrings the module, the class, and a method that no base documents are named."""
    base = '"""."""\nclass Network:\n    """."""\n    def encode(self):\n        """."""\n'
    source = "class Odd(Network):\n    def encode(self): ...\n    def odd(self): ...\n    def _own(self): ...\n"
    expected = ["the module", "Odd", "Odd.odd"]
    assert expected == _undocumented(source, _classes([base, source]))
    assert _undocumented(base, _classes([base])) == []


def _text(framework: str, name: str) -> str:
    return (ROOT / "implementations" / framework / f"{name}.py").read_text(encoding="utf-8")


def _definitions(source: str, without: tuple[str, ...] = ()) -> list[str]:
    """Classes and functions in the order of the text, nested ones with their class."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node.name)
        if isinstance(node, ast.ClassDef):
            found += [f"{node.name}.{f.name}" for f in node.body if isinstance(f, ast.FunctionDef)]
    return [name for name in found if not name.endswith(without)] if without else found


def _different_lines(first: str, second: str) -> list[str]:
    """Lines of code that stand in one text only; the framework's own name does not count, nor do docstrings."""
    own = r"(?<=implementations\.)(reference|tensorflow|pytorch)|(tensorflow|torch)(?= import Tensor)"
    texts = [re.sub(own, "F", _code(text)).splitlines() for text in (first, second)]
    return [line for line in difflib.unified_diff(*texts, n=0, lineterm="") if re.match(r"[-+](?![-+]{2})", line)]


def test_every_framework_has_the_same_files() -> None:
    """The folders hold the same file names. Only the arbiter has `rounding.py`, which disturbs it on request; it alone
    computes in one way only, and is no library whose speed is asked for, or whose faults are reported."""
    names = {f: {p.name for p in (ROOT / "implementations" / f).glob("*.py")} for f in FRAMEWORKS}
    assert names["tensorflow"] == names["pytorch"]
    assert (
        names["tensorflow"] - {"compiled.py", "ceiling.py", "reproduction.py"} | {"rounding.py"} == names["reference"]
    )
    own = {name for name, it in registry.autoencoders().items() if _is_own(name)}
    assert {f"{name}.py" for name in own} <= names["tensorflow"]


def _is_own(name: str) -> bool:
    return any((ROOT / "aebench" / "autoencoders").glob(f"{name}.py"))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_parallel_texts_are_parallel(name: str) -> None:
    """TensorFlow's and PyTorch's texts define the same in the same order and differ in four lines of code at most."""
    first, second = _text("tensorflow", name), _text("pytorch", name)
    assert _definitions(first) == _definitions(second)
    assert len(_different_lines(first, second)) <= 4


@pytest.mark.parametrize("name", NETWORKS)
def test_the_arbiter_s_text_adds_the_gradients_only(name: str) -> None:
    """The reference defines the same as the frameworks in the same order, and `backward` beside it."""
    expected = _definitions(_text("pytorch", name))
    assert expected == _definitions(_text("reference", name), without=(".backward", ".backpropagate"))


def test_losses_have_the_same_names_everywhere() -> None:
    """Every framework's `losses.py` has the same functions; the reference has gradients beside them."""
    expected = _definitions(_text("pytorch", "losses"))
    assert expected == _definitions(_text("tensorflow", "losses"))
    assert expected == _definitions(_text("reference", "losses"), without=("_backward",))


@pytest.mark.parametrize("name", NETWORKS)
def test_docstrings_are_the_same_in_every_framework(name: str) -> None:
    """What an autoencoder is, its formulas and its expected numbers are said in the same words everywhere."""
    expected = _docstrings(_text("pytorch", name))
    assert expected == _docstrings(_text("tensorflow", name))
    arbiter = _docstrings(_text("reference", name))
    assert expected == {key: arbiter[key] for key in expected}


def _docstrings(source: str) -> dict[str, str]:
    tree = ast.parse(source)
    nodes = (n for n in ast.walk(tree) if isinstance(n, ast.ClassDef | ast.FunctionDef | ast.Module))
    found = {getattr(n, "name", ""): ast.get_docstring(n) for n in nodes}
    return {name: text for name, text in found.items() if text}


def _without_source(source: str) -> list[str]:
    """Of a text with loss terms the functions that say nothing of where they come from, of any other the module."""
    tree = ast.parse(source)
    terms = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.endswith(LOSSES)]
    return [getattr(n, "name", "the module") for n in terms or [tree] if "Source: " not in (ast.get_docstring(n) or "")]


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", [*NETWORKS, "losses", "adam"])
def test_every_text_names_its_source(framework: str, name: str) -> None:
    """Every network, every loss term and Adam say which lines of the notebook they are made from."""
    assert _without_source(_text(framework, name)) == []


def test_a_missing_source_is_noticed() -> None:
    """Planted fault: a network and a loss term without a source are named."""
    assert _without_source(_text("pytorch", "tied").replace("Source: ", "")) == ["the module"]
    losses = _text("pytorch", "losses").replace("Source: line 651", "line 651")
    assert _without_source(losses) == ["latent_loss"]


@pytest.mark.parametrize("name", NETWORKS)
def test_what_a_text_states_is_what_it_computes(name: str) -> None:
    """The terms that a network states beside its text are those that its losses return, and `total`."""
    text = _text("reference", name)
    stated = re.search(r"terms=\(([^)]*)\)", text)
    if stated is None:
        pytest.skip(f"{name} states what its base does")
    returned = re.search(r'return {("[^}]*"total": [^}]*)}', text)
    assert returned is not None
    assert re.findall(r'"(\w+)"', stated[1]) == [t for t in re.findall(r'"(\w+)":', returned[1]) if t != "total"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("self.encoder2(hidden1)", "self.encoder2.affine(hidden1)"),
        ("    def decode(self, ", "    def decoded(self, "),
    ],
)
def test_texts_that_part_are_noticed(old: str, new: str) -> None:
    """Planted fault: another line of code and another method name make the texts differ."""
    first = _text("tensorflow", "stacked")
    second = first.replace(old, new)
    assert len(_different_lines(first, second)) == 2
    assert (_definitions(first) == _definitions(second)) == ("def " not in old)
