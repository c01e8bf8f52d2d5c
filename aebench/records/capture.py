"""Taking down the conditions here and now: the harness's part in any process, a subject's in that subject's own."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import aebench
from aebench import __version__, registry
from aebench.plugins import OURS
from aebench.records.conditions import Conditions, Harness, Subject
from aebench.records.machine import machine, output
from aebench.spec import Autoencoder

# Where the texts lie, also where another interpreter imports them by links.
PACKAGE = Path(aebench.__file__).resolve().parent
NOTED_PACKAGES = ("numpy", "scipy", "safetensors", "keras", "jax", "triton")
# Variables that choose kernels, threads or devices, by the beginning of their names. Another program's variables begin
# with TF_, too, and may hold its secrets: of these only TensorFlow's own are named.
NOTED_VARIABLES = (
    "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "GOTO_", "BLIS_", "VECLIB_", "ONEDNN_", "DNNL_", "NPY_", "ATEN_",
    "TORCH_", "TORCHINDUCTOR_", "PYTORCH_", "TRITON_", "CUBLAS_", "CUDA_", "CUDNN_", "NVIDIA_TF32_", "NCCL_", "XLA_",
    "JAX_", "LD_PRELOAD", "MALLOC_", "GLIBC_TUNABLES", "CXX",
    *(f"TF_{word}" for word in (
        "AUTOTUNE", "CPP_", "CUBLAS", "CUDA", "CUDNN", "DETERMINISTIC", "DISABLE_", "ENABLE_", "FORCE_", "GPU_",
        "LAYOUT", "MKL", "NUM_", "ONEDNN", "OVERRIDE", "USE_", "XLA",
    )),
)  # fmt: skip
# What every framework's process gets where nobody set it, in every command alike. GOMP_SPINCOUNT is how long an OpenMP
# thread spins for others before it sleeps. GNU's default is a few hundred thousand turns: on a machine that something
# else uses, too, each barrier then lasts a time slice. An epoch of `stacked` in PyTorch on two cores, with several busy
# processes beside it: 6.8 s by default, 1.9 s with ten thousand turns, 0.22 s with a thousand. With nothing beside it:
# 0.10 s by default, 0.08 s with a thousand.
WORKER_VARIABLES = {"TF_CPP_MIN_LOG_LEVEL": "2", "GOMP_SPINCOUNT": "1000"}
# Endings of variables among these that choose nothing: where something lies, and what scikit-learn and PyTorch set by
# themselves while they are imported.
LEFT_OUT = ("_CACHE_DIR", "_CACHE_PATH", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK", "CUDA_MODULE_LOADING")
DIGEST = 16  # characters of a digest that is kept

_at_start: dict[str, str] | None = None


def here(
    *, subjects: Mapping[str, Subject] | None = None, autoencoders: Iterable[Autoencoder] = (),
    data: Mapping[str, str | None] | None = None, schedule: str | None = None, device: str | None = None,
    dtype: str | None = None,
) -> Conditions:  # fmt: skip
    """The conditions in this process, with what is handed in; loads no framework."""
    return Conditions(
        aebench=harness(),
        machine=machine(),
        variables=variables(),
        packages={name: found for name in NOTED_PACKAGES if (found := version_of(name))},
        subjects=dict(subjects or {}),
        specifications={autoencoder.name: digest(autoencoder) for autoencoder in autoencoders},
        data=dict(data or {}),
        schedule=schedule,
        device=device,
        dtype=dtype,
    )


def begin() -> None:
    """First thing in a framework's process: remember the variables, since a framework sets some of its own."""
    global _at_start
    _at_start = dict(os.environ)


def variables() -> dict[str, str]:
    """The variables that choose kernels, as a framework's process has them from its start."""
    return dict(sorted({**WORKER_VARIABLES, **_choosing(_at_start or os.environ)}.items()))


def take_on(others: Mapping[str, str]) -> None:
    """From now on this process has these of the variables that choose kernels, and no others: Dask sets some for its
    workers, and what they start is to compute as on the machine that asks for it."""
    for name in _choosing(os.environ):
        del os.environ[name]
    os.environ.update(others)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """After it this process has the variables that choose kernels that it had before, whatever a library has set: what
    it starts from now on is to compute as what it started before."""
    before = _choosing(os.environ)
    try:
        yield
    finally:
        take_on(before)


def _choosing(every: Mapping[str, str]) -> dict[str, str]:
    """Those of the variables that choose kernels."""
    return {it: every[it] for it in every if it.startswith(NOTED_VARIABLES) and not it.endswith(LEFT_OUT)}


def subject(name: str) -> Subject:
    """In a framework's process: what it says about itself."""
    framework = registry.framework(name)
    settings = framework.settings() | outside(framework.plain)
    if registry.environment(name) != registry.HERE:
        settings |= {f"variable {name}": value for name, value in variables().items()}
    return Subject(
        framework=registry.plain(name),
        mode=framework.mode,
        environment=registry.environment(name),
        package=framework.packages[0],
        version=registry.version(framework),
        python=platform.python_version(),
        settings={name: str(value) for name, value in sorted(settings.items())},
    )


def digest(autoencoder: Autoencoder) -> str:
    """A digest of every number and name of the specification and, behind a +, of the texts that other packages bring
    for it, where any do."""
    texts = "".join(f"{package} {found}" for package, found in outside(autoencoder.name).items())
    parts = (repr(autoencoder), *filter(None, (texts,)))
    return "+".join(hashlib.sha256(part.encode()).hexdigest()[:DIGEST] for part in parts)


def outside(name: str) -> dict[str, str]:
    """Version and digest of the texts of each other package that registers something under that name, by package."""
    found: dict[str, dict[str, Path]] = {}
    for entry in metadata.entry_points(name=name):
        if entry.group.startswith(f"{OURS}.") and entry.dist is not None and entry.dist.name != OURS:
            top = entry.module.partition(".")[0]
            found.setdefault(f"{entry.dist.name} {entry.dist.version}", {}).update(_places(top))
    return {package: _digest_of(places) for package, places in sorted(found.items())}


def _places(module: str) -> dict[str, Path]:
    """Where the module's texts lie: its folders, or the one file that it is."""
    spec = importlib.util.find_spec(module)
    if spec is None:
        return {}
    places = spec.submodule_search_locations or ([spec.origin] if spec.has_location and spec.origin else [])
    return {f"{module}{number or ''}": Path(place) for number, place in enumerate(places)}


@cache
def harness() -> Harness:
    """aebench's version, the commit that its files belong to, and a digest of them; looked at once in a process."""
    root = PACKAGE.parent
    of_commit = _is_own_repository(root)
    status = output("git", "-C", str(root), "status", "--porcelain", "--", "aebench", "implementations")
    return Harness(
        version=__version__,
        commit=output("git", "-C", str(root), "rev-parse", "HEAD") if of_commit else None,
        modified=bool(status) if of_commit and status is not None else None,
        sources=_digest_of_sources(),
    )


def _is_own_repository(root: Path) -> bool:
    """Whether aebench's own files are tracked by a repository whose root this is: one around site-packages is not."""
    top = output("git", "-C", str(root), "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != root.resolve() or not (root / "pyproject.toml").is_file():
        return False
    return output("git", "-C", str(root), "ls-files", "--error-unmatch", "aebench/__init__.py") is not None


def _digest_of_sources() -> str:
    """Of the package's texts, whatever git says: a tree that is modified twice differs from itself."""
    # In a clone the implementations stand beside the package; where they are inside it, they are found with the rest.
    names, beside = ("aebench", "aebench/implementations"), _places("aebench.implementations").values()
    return _digest_of(dict(zip(names, (PACKAGE, *beside), strict=False)))


def _digest_of(places: Mapping[str, Path]) -> str:
    """Of all Python texts in those folders, and of those files."""
    texts = {
        f"{name}/{path.relative_to(place).as_posix()}": path
        for name, place in places.items()
        for path in ([place] if place.is_file() else place.rglob("*.py"))
    }
    digest = hashlib.sha256()
    for name, path in sorted(texts.items()):
        digest.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:DIGEST]


def version_of(package: str) -> str | None:
    """The version of an installed package; None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
