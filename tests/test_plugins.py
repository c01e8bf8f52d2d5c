"""What packages register: a sound plug-in is found, a broken one costs its own row only and says why."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from aebench import networks, plugins, registry
from aebench.errors import FrameworkError, PluginError, UnknownNameError
from aebench.records import capture
from aebench.report.listing import print_listing

CACHED = (registry.frameworks, registry.autoencoders, registry.variants, plugins.frameworks, plugins.autoencoders)
Install = Callable[..., None]
SOUND = """
import dataclasses
from aebench.protocol import Framework
from aebench.registry import autoencoders
from aebench.spec import Adam, Autoencoder, Layer, Phase

LAYERS = (Layer("encoder1", 4, 2), Layer("decoder1", 2, 4))
PHASE = Phase("phase1", ("encoder1", "decoder1"), Adam(0.01), epochs=1, batch_size=2)
TINY = Autoencoder("tiny", "4-2-4", LAYERS, (PHASE,), coding_layer="encoder1")
NAMED = dataclasses.replace(TINY, name="another")
ORPHAN = dataclasses.replace(TINY, name="orphan", phases=(dataclasses.replace(
    PHASE, starts_from="nobody", copies=("encoder1",)),))

class Toy(Framework):
    name, packages, install = "toy", ("numpy",), "pip install toy"
    def devices(self): return ["cpu"]
    def make(self, autoencoder, parameters, *, dtype, device): raise NotImplementedError

class Misnamed(Toy):
    name = "another"

class Packageless(Toy):
    packages = ()

class Oddly(Toy):
    modes = ("eager", "lazy")

class Failing(Toy):
    def __init__(self): raise RuntimeError("first line\\nsecond line")
"""


def forget() -> None:
    """Look for plug-ins anew."""
    for function in CACHED:
        function.cache_clear()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts packages where Python finds them: a distribution's name, its entry points by group, its modules' texts."""
    monkeypatch.syspath_prepend(tmp_path)

    def put(package: str, groups: dict[str, dict[str, str]], **modules: str) -> None:
        folder = tmp_path / f"{package}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = [f"[{g}]\n" + "".join(f"{n} = {v}\n" for n, v in entries.items()) for g, entries in groups.items()]
        (folder / "entry_points.txt").write_text("\n".join(lines))
        for module, text in modules.items():
            (tmp_path / f"{module}.py").write_text(text)
            monkeypatch.delitem(sys.modules, module, raising=False)
        forget()

    yield put
    monkeypatch.undo()
    forget()


def register(install: Install, kind: str, name: str, value: str, *, package: str = "outer") -> None:
    """One plug-in of the package `outer`, whose module is `outer_plugin`."""
    install(package, {f"aebench.{kind}s": {name: value}}, outer_plugin=SOUND)


def test_a_sound_plug_in_is_found(install: Install) -> None:
    """After ours; nothing is broken."""
    install(
        "outer",
        {"aebench.autoencoders": {"tiny": "outer_plugin:TINY"}, "aebench.frameworks": {"toy": "outer_plugin:Toy"}},
        outer_plugin=SOUND,
    )
    assert ("tiny", "toy") == (list(registry.autoencoders())[-1], list(registry.frameworks())[-1])
    assert () == registry.broken()
    assert registry.version(registry.framework("toy")) == registry.version(registry.framework("reference"))


LONG = "x" * 300
BROKEN = {
    "module is not there": ("framework", "toy", "nowhere:Toy", "ModuleNotFoundError: No module named 'nowhere'"),
    "object is not there": ("autoencoder", "tiny", "outer_plugin:SMALL", "AttributeError: module 'outer_plugin' has"),
    "no reference": ("autoencoder", "tiny", "not a place", "AttributeError"),
    "another type": ("autoencoder", "tiny", "outer_plugin:Toy", "outer_plugin:Toy is no aebench.spec.Autoencoder, but"),
    "no framework": ("framework", "toy", "outer_plugin:dict", "AttributeError"),
    "makes something else": ("framework", "toy", "builtins:dict", "makes no aebench.protocol.Framework, but dict {}"),
    "raises when made": ("framework", "toy", "outer_plugin:Failing", "RuntimeError: first line"),
    "another name": ("autoencoder", "tiny", "outer_plugin:NAMED", "registered as 'tiny' and calls itself 'another'"),
    "framework of another name": ("framework", "toy", "outer_plugin:Misnamed", "calls itself 'another'"),
    "long name": ("autoencoder", LONG, "outer_plugin:TINY", "a name is a letter, then up to 39"),
    "name of a path": ("autoencoder", "../tiny", "outer_plugin:TINY", "a name is a letter, then up to 39"),
    "no package": ("framework", "toy", "outer_plugin:Packageless", "`packages` names the package that is imported"),
    "unknown mode": ("framework", "toy", "outer_plugin:Oddly", "`modes` are some of eager, compiled, each once"),
    "pretrained by nobody": ("autoencoder", "orphan", "outer_plugin:ORPHAN", "starts from 'nobody', which is not"),
    "name of ours": ("autoencoder", "tied", "outer_plugin:TINY", "aebench and outer register one name"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plug_in_costs_its_own_row_only(install: Install, case: str) -> None:
    """All others are there; `aebench list` shows the name and the reason."""
    kind, name, value, reason = BROKEN[case]
    before = list(registry.autoencoders()), list(registry.variants())
    register(install, kind, name, value)
    assert before == (list(registry.autoencoders()), list(registry.variants()))
    (found,) = registry.broken()
    assert (kind, name, "outer", True) == (found.kind, found.name, found.package, reason in found.reason), found.reason
    assert "\n" not in found.reason
    console = Console(file=io.StringIO(), width=500)
    print_listing(None, console)
    assert f"broken (outer): {found.reason}" in console.file.getvalue()


@pytest.mark.parametrize("case", [case for case in BROKEN if case != "name of ours"])
def test_a_broken_plug_in_asked_for_by_name(install: Install, case: str) -> None:
    """The reason, not that the name is unknown; a framework's in any mode."""
    kind, name, value, reason = BROKEN[case]
    register(install, kind, name, value)
    asked = [registry.autoencoder] if kind == "autoencoder" else [registry.framework]
    for ask in asked:
        with pytest.raises(PluginError) as caught:
            ask(name)
        assert str(caught.value).startswith(f"{kind} '{name}' of outer is broken: ")
        assert reason in str(caught.value)
    if kind == "framework":
        with pytest.raises(PluginError, match="is broken"):
            registry.framework(f"{name}-compiled")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise ValueError('no luck')", "ValueError: no luck"),
        ("import sys\nsys.exit('gone')", "SystemExit: gone"),
        ("def f(:", "SyntaxError: invalid syntax"),
        (
            SOUND.replace('Layer("decoder1", 2, 4)', 'Layer("decoder1", 0, 4)'),
            "size must be a positive whole number, found 0",
        ),
    ],
)
def test_a_plug_in_that_raises_is_broken(install: Install, text: str, reason: str) -> None:
    """Whatever its module does when it is imported, a specification that refuses itself included."""
    install("outer", {"aebench.autoencoders": {"tiny": "outer_plugin:TINY"}}, outer_plugin=text)
    (found,) = registry.broken()
    assert reason in found.reason
    assert 12 == len(registry.autoencoders())


def test_a_name_of_two_packages_is_neither_s(install: Install) -> None:
    """Which of the two would be taken is chance, so both are left out, and each says so."""
    register(install, "autoencoder", "tiny", "outer_plugin:TINY")
    register(install, "autoencoder", "tiny", "outer_plugin:NAMED", package="inner")
    assert "tiny" not in registry.autoencoders()
    assert {"inner", "outer"} == {it.package for it in registry.broken()}
    with pytest.raises(PluginError, match="inner and outer register one name; rename it, or uninstall one of them"):
        registry.autoencoder("tiny")


def test_a_name_that_nobody_registers_is_unknown_still(install: Install) -> None:
    """A broken plug-in does not take the blame for another name."""
    register(install, "autoencoder", "tiny", "nowhere:TINY")
    with pytest.raises(UnknownNameError):
        registry.autoencoder("tinny")


def test_the_command_line_lives_with_a_broken_plug_in(install: Install, tmp_path: Path) -> None:
    """`list` ends with 0 and shows it, `show` of another ends with 0, asking for it ends with 2 and one line."""
    install(
        "outer",
        {"aebench.autoencoders": {"tiny": "nowhere:TINY"}, "aebench.frameworks": {"toy": "nowhere:Toy"}},
    )

    def call(*arguments: str) -> tuple[int, str, str]:
        command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import runpy; "
                   "runpy.run_module('aebench', run_name='__main__', alter_sys=True)", *arguments]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        return done.returncode, " ".join(done.stdout.split()), done.stderr

    status, output, _ = call("list")
    assert (0, 2) == (status, output.count("broken (outer)")), output
    assert 0 == call("show", "tied")[0]
    status, _, error = call("show", "tiny")
    assert (2, 1) == (status, error.count("\n")), error
    assert "autoencoder 'tiny' of outer is broken: ModuleNotFoundError: No module named 'nowhere'" in error


NETWORKS = "class Tiny: pass\n\n\nclass Tied: pass\n\n\nOBJECT = 1\n"


def place(framework: str, autoencoder: str) -> str | None:
    """Where the registered framework's network is."""
    return registry.frameworks()[framework].place(autoencoder)


def test_a_network_is_found_where_a_package_registers_it(install: Install) -> None:
    """For that framework and all its modes, and for no other."""
    install(
        "outer",
        {
            "aebench.autoencoders": {"tiny": "outer_plugin:TINY"},
            "aebench.networks.pytorch": {"tiny": "outer_nets:Tiny"},
        },
        outer_plugin=SOUND,
        outer_nets=NETWORKS,
    )
    assert "outer_nets:Tiny" == place("pytorch", "tiny")
    assert {"pytorch", "pytorch-compiled"} == {name for name in registry.variants() if registry.offers(name, "tiny")}
    assert "outer_nets" not in sys.modules
    with pytest.raises(FrameworkError) as caught:
        networks.load("tensorflow", "aebench.implementations.tensorflow", "tiny", object)
    assert "tensorflow has no tiny: its package offers it for pytorch only" == str(caught.value)


def test_our_own_networks_cannot_be_replaced(install: Install) -> None:
    """Another package's network of `tied` is not taken for ours; an autoencoder may be called like another file."""
    groups = {"aebench.networks.reference": {"tied": "outer_nets:Tied", "losses": "outer_nets:Tiny"}}
    install("outer", groups, outer_nets=NETWORKS)
    assert "aebench.implementations.reference.tied:Tied" == place("reference", "tied")
    assert "outer_nets:Tiny" == place("reference", "losses")


REFUSED = {
    "no text": ({}, "reference has no tiny: no package offers it"),
    "two texts": ({"outer": "outer_nets:Tiny", "inner": "outer_nets:Tied"}, "registered more than once, as "),
    "no module": ({"outer": "nowhere:Tiny"}, "cannot be loaded: ModuleNotFoundError: No module named 'nowhere'"),
    "no class": ({"outer": "outer_nets:Small"}, "cannot be loaded: AttributeError"),
    "an object": ({"outer": "outer_nets:OBJECT"}, "is no builtins.Exception; found int 1"),
    "another class": ({"outer": "outer_nets:Tiny"}, "is no builtins.Exception; found type <class 'outer_nets.Tiny'>"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_network_that_cannot_be_taken(install: Install, case: str) -> None:
    """FrameworkError in one line that names framework, autoencoder and place."""
    registered, message = REFUSED[case]
    for package, value in registered.items():
        install(package, {"aebench.networks.reference": {"tiny": value}}, outer_nets=NETWORKS)
    with pytest.raises(FrameworkError) as caught:
        networks.load("reference", "aebench.implementations.reference", "tiny", Exception)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


VERSIONS = {
    "another distribution's name": ({"tf_other/__init__.py": ""}, {"tf-nightly": "2.99"}, "2.99"),
    "build in version.py": (
        {"tf_other/__init__.py": "", "tf_other/version.py": "__version__ = '2.14.1+cu130'\n"},
        {"torch": "2.14.1"},
        "2.14.1+cu130",
    ),
    "version.py without one": (
        {"tf_other/__init__.py": "", "tf_other/version.py": "__version__ = made()\n"}, {"torch": "2.14.1"}, "2.14.1",
    ),
    "no distribution": ({"tf_other/__init__.py": ""}, {}, registry.UNKNOWN_VERSION),
    "a folder only": ({"tf_other/readme.txt": ""}, {}, None),
    "nothing": ({}, {}, None),
}  # fmt: skip


@pytest.mark.parametrize("case", VERSIONS)
def test_a_version_is_found_by_what_imports(install: Install, tmp_path: Path, case: str) -> None:
    """Whatever the distribution is called; with the build where the package writes it; None where nothing imports."""
    files, distributions, expected = VERSIONS[case]
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    for name, number in distributions.items():
        folder = tmp_path / f"{name.replace('-', '_')}-{number}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n")
        (folder / "RECORD").write_text("tf_other/__init__.py,,\n")
    registry._distributed_version.cache_clear()
    framework = registry.frameworks()["reference"].variants()[0]
    framework.packages = ("tf_other",)
    try:
        assert expected == registry.version(framework)
    finally:
        del framework.packages


def test_a_change_in_a_plug_in_s_texts_is_another_condition(install: Install, tmp_path: Path) -> None:
    """An author edits the network or the framework: what was measured with the one before is not shown as of now."""
    entries = {"aebench.autoencoders": {"tiny": "texts:TINY"}, "aebench.frameworks": {"toy": "texts:Toy"}}
    install("edited", entries, texts=SOUND)
    specification = registry.autoencoder("tiny")
    before, said = capture.digest(specification), capture.subject("toy").settings
    next(tmp_path.rglob("texts.py")).write_text(f"{SOUND}# edited\n", encoding="utf-8")
    (then, texts), (now, others) = (it.split("+") for it in (before, capture.digest(specification)))
    assert (True, True) == (then == now, texts != others), "the specification is as before"
    assert said is not None
    assert said.keys() == {"edited 1.0"}
    assert said != capture.subject("toy").settings


def test_our_own_texts_are_in_the_digest_of_the_sources_only() -> None:
    """A specification of ours has the same digest whatever else aebench's files hold."""
    assert capture.outside("stacked") == capture.outside("pytorch") == {}


def test_a_folder_that_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: aebench found by its folder alone, so that nothing is registered. No name is blamed for it."""
    monkeypatch.setattr(registry, "autoencoders", dict)
    monkeypatch.setattr(registry, "broken", tuple)
    with pytest.raises(PluginError, match=r"no autoencoder is registered here, .* run pip install -e \. there"):
        registry.autoencoder("stacked")
