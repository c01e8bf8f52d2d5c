"""All pictures of a run, and of each that is missing the reason."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.errors import CheckpointError, ResultError, UnknownNameError
from aebench.records import documents
from aebench.records.checkpoint import read_arrays
from aebench.report.gallery import activations, images
from aebench.report.gallery.codings import curve
from aebench.report.gallery.costs import sparsity_cost
from aebench.report.gallery.growth import growth
from aebench.report.gallery.material import Material, listed
from aebench.report.gallery.picture import Missing, Picture
from aebench.report.gallery.pretraining import finished, pretraining
from aebench.spec import Autoencoder

Document = Mapping[str, Any]
FILE = "pictures.safetensors"
SUMMED_UP = ("coding_means", "activation_range", "activations")


@dataclass(frozen=True)
class Plate:
    """A kind of picture. make: the picture, of the subjects that have all the arrays named in `own`, where one subject
    has them and some subject has each of those in `given`. asked: whether an autoencoder should have it."""

    name: str
    make: Callable[[Material], Picture]
    given: tuple[str, ...]
    own: tuple[str, ...]
    asked: Callable[[Autoencoder], bool]


def _named(picture: str) -> Callable[[Autoencoder], bool]:
    """Whether the specification names the picture."""
    return lambda autoencoder: picture in autoencoder.measures.pictures


def _has_features(autoencoder: Autoencoder) -> bool:
    """Whether the first layer's weights are images: those of a convolution are not."""
    return _named("features")(autoencoder) and autoencoder.layers[0].is_dense


def _is_sparse(autoencoder: Autoencoder) -> bool:
    return any(phase.sparsity for phase in autoencoder.phases)


PLATES = (
    Plate("curve", curve, ("points",), ("codings",), _named("curve")),
    Plate("reconstructions", images.reconstructions, ("images",), ("reconstructions",), _named("reconstructions")),
    Plate("features", images.features, (), ("features",), _has_features),
    Plate("codings", activations.coding_map, (), ("coding_map",), _named("reconstructions")),
    Plate("activations", activations.activations, (), SUMMED_UP, _named("reconstructions")),
    Plate("denoised", images.denoised, ("noisy",), ("reconstructions_from_noisy",), _named("denoised")),
    Plate("encode_decode", images.decoded, ("images",), ("decoded",), _named("generated")),
    Plate("generated", images.generated, (), ("samples",), _named("generated")),
    Plate("interpolation", images.interpolation, (), ("interpolations",), _named("generated")),
)


def pictures(run: Path, autoencoders: Sequence[str] | None = None) -> list[Picture | Missing]:
    """Every picture that the run's files give or should give: each autoencoder's, and those of all of them.

    run: the folder of a run or of `aebench agree --growth`, or the document in it. autoencoders: only theirs.

    Raises:
        ResultError: there is no run, it has not ended, or its document is damaged.
        UnknownNameError: the run has no autoencoder of a name.
    """
    try:
        folder = run.parent if run.is_file() else run
        grown = documents.read_if_there(folder / "growth.json", "growth")
        document = _document(folder, alone=grown is not None)
    except OSError as error:
        raise ResultError(f"cannot read {run}: {error.strerror or error}; name the folder of a run") from error
    rows = grown["growth"] if grown else []
    known = list(dict.fromkeys([*_names(document), *(row["autoencoder"] for row in rows)]))
    for name in autoencoders or ():
        if name not in known:
            raise UnknownNameError(f"autoencoder of {folder}", name, known)
    names = [name for name in known if autoencoders is None or name in autoencoders]
    rows = [row for row in rows if row["autoencoder"] in names]
    left = {name: _material(folder, document, name) for name in names if name in _names(document)}
    materials = [it for it in left.values() if isinstance(it, Material)]
    found: list[Picture | Missing] = []
    for name in names:
        if it := left.get(name):
            found += of(it) if isinstance(it, Material) else [it]
        if any(row["autoencoder"] == name for row in rows):
            found.append(growth(rows, name))
    return [*found, *_of_all(folder, materials, rows)]


def chosen(found: Sequence[Picture | Missing], name: str) -> list[Picture | Missing]:
    """Of these pictures the one of that name, all of an autoencoder, or all that a pattern fits.

    Raises:
        UnknownNameError: none is called so.
    """
    fits = [it for it in found if name in (it.name, it.name.partition("/")[0]) or fnmatch.fnmatchcase(it.name, name)]
    if not fits:
        raise UnknownNameError("picture", name, [it.name for it in found])
    return fits


def drawable(found: Sequence[Picture | Missing]) -> list[Picture]:
    """Those of these pictures that can be drawn.

    Raises:
        ResultError: all are missing; says why.
    """
    drawn = [it for it in found if isinstance(it, Picture)]
    if not drawn:
        raise ResultError("; ".join(f"{it.name} is missing: {it.why}" for it in found if isinstance(it, Missing)))
    return drawn


def of(material: Material) -> list[Picture | Missing]:
    """Every picture of one autoencoder."""
    return list(_of(material))


def _of(material: Material) -> Iterator[Picture | Missing]:
    autoencoder = material.autoencoder
    for plate in PLATES:
        whole = material.of_those_with(plate.own)
        if all(whole.first(name) is not None for name in (*plate.given, *plate.own)):
            picture = plate.make(whole)
            yield replace(picture, alt=picture.alt + whole.lacking(plate.own[0]))
        elif plate.asked(autoencoder):
            yield Missing(f"{autoencoder.name}/{plate.name}", _why(whole, (*plate.given, *plate.own)))
    if _is_sparse(autoencoder):
        yield sparsity_cost(material)
    if finished(material):
        yield pretraining(material)
    elif any(phase.gains_over for phase in autoencoder.phases):
        yield Missing(f"{autoencoder.name}/pretraining", "no training measured what pretraining gains")


def _of_all(folder: Path, materials: Sequence[Material], rows: Sequence[Document]) -> Iterator[Picture | Missing]:
    """The pictures of all autoencoders together."""
    shown = [m for m in materials if m.first("images") is not None and m.first("reconstructions") is not None]
    if shown:
        yield images.overview(shown)
    elif materials:
        names = listed(m.autoencoder.name for m in materials)
        yield Missing("overview", f"no subject recorded reconstructed images of {names}")
    if rows:
        yield growth(rows)
    else:
        command = f"aebench agree --growth --steps 1000 --output {folder}"
        yield Missing("growth", f"how the difference grows was not measured in {folder}; `{command}` does")


def _why(material: Material, needs: Sequence[str]) -> str:
    """Why no subject has all the arrays."""
    if not any(arrays for arrays, _ in material.subjects.values()):
        return (
            "; ".join(f"{subject}: {why}" for subject, why in material.absent.items()) or "the run has not trained it"
        )
    lacking = next(name for name in needs if material.first(name) is None)
    return f"no subject recorded `{lacking}`, as older versions of aebench did not; `aebench run` trains anew"


def _document(folder: Path, *, alone: bool) -> Document:
    """The run's document. alone: whether the folder may be one of growth only, which has none."""
    path = folder / "result.json"
    if alone and not path.exists():
        return {"options": {"autoencoders": [], "seeds": []}, "trials": []}
    if not path.exists() and (folder / "plan.json").exists():
        raise ResultError(f"the run in {folder} has not ended; go on with: aebench run --resume --output {folder}")
    return documents.read(path, "run")


def _names(document: Document) -> list[str]:
    """The autoencoders in the order in which they were trained, then those that were not."""
    return list(dict.fromkeys([*(t["autoencoder"] for t in document["trials"]), *document["options"]["autoencoders"]]))


def _material(folder: Path, document: Document, name: str) -> Material | Missing:
    """What the run left of the autoencoder; why there is none where it is not installed here, or was not trained."""
    seed = document["options"]["seeds"][0]
    trials = [t for t in document["trials"] if t["autoencoder"] == name]
    subjects, absent = {}, {}
    for trial in (t for t in trials if t["seed"] == seed):
        subject = trial["framework"]
        try:
            subjects[subject] = _arrays(folder / name / f"seed{seed}" / subject / FILE, trial)
        except ResultError as error:
            subjects[subject], absent[subject] = ({}, {}), str(error)
    try:
        return Material(registry.autoencoder(name), subjects, trials, absent)
    except UnknownNameError as error:
        return Missing(name, f"its specification is not installed here: {error}")


def _arrays(path: Path, trial: Document) -> tuple[dict[str, Any], dict[str, str]]:
    """The arrays that a trial left for its pictures.

    Raises:
        ResultError: there are none; says why.
    """
    if "failure" in trial:
        raise ResultError(f"its training failed: {trial['failure']}")
    if not path.exists():
        raise ResultError(f"its training left no {path}")
    try:
        return read_arrays(path)
    except CheckpointError as error:
        raise ResultError(str(error)) from error
