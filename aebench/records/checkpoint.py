"""Portable checkpoints: named arrays and text metadata in one safetensors file that needs no framework."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import safetensors
from safetensors.numpy import save_file

from aebench.arrays import Array, Arrays
from aebench.errors import CheckpointError, DamagedError
from aebench.given import checked
from aebench.protocol import Model
from aebench.records.store import whole

FORMAT = "aebench-checkpoint/1"


def write_arrays(path: Path, arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    """Write arrays and metadata, whole; ResultError when the disk is full or the folder is closed."""
    contiguous = {name: np.ascontiguousarray(value).reshape(np.shape(value)) for name, value in arrays.items()}
    with whole(path) as temporary:
        # As of every new file: what safetensors puts in its place nobody but its writer can read.
        temporary.touch()
        mode = temporary.stat().st_mode
        try:
            save_file(contiguous, temporary, dict(metadata))
            temporary.chmod(mode)
        except safetensors.SafetensorError as error:
            raise OSError(str(error)) from error


def read_arrays(path: Path) -> tuple[Arrays, dict[str, str]]:
    """Arrays and metadata of a file.

    Raises:
        DamagedError: the file is truncated, or something else.
        CheckpointError: there is no file, it cannot be read (permissions, a failing disk), or it holds numbers of a
            kind that NumPy lacks.
    """
    try:
        if not path.is_file():
            raise CheckpointError(f"{path} is no file" if path.exists() else f"no file {path}")
        # Opened here first: safetensors calls whatever it cannot open missing.
        with path.open("rb"), safetensors.safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise DamagedError(
            f"{path} is truncated or damaged ({error}); delete it and run again with --resume"
        ) from error
    except OSError as error:
        raise CheckpointError(
            f"cannot read {path}: {error.strerror or error}; it may be whole: mend what keeps it from being read"
        ) from error
    except (TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} holds numbers of a kind that NumPy lacks ({error})") from error


def save(
    path: Path,
    autoencoder: str,
    parameters: Mapping[str, Array],
    *,
    optimizer: Mapping[str, Array] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write parameters and, for a training to be continued, the optimiser's state under `optimizer/`."""
    arrays = {**parameters, **{f"optimizer/{name}": value for name, value in (optimizer or {}).items()}}
    write_arrays(path, arrays, {"format": FORMAT, "autoencoder": autoencoder, **(metadata or {})})


def load(path: Path, autoencoder: str | None = None, layers: Sequence[str] | None = None) -> Arrays:
    """Parameters of a checkpoint: all, or those of the named layers.

    Raises:
        CheckpointError: damaged, of another format, of another autoencoder than the one named, or without a layer.
    """
    arrays, _, _ = load_training(path, autoencoder)
    if layers is None:
        return arrays
    missing = [layer for layer in layers if not any(name.startswith(f"{layer}.") for name in arrays)]
    if missing:
        raise CheckpointError(f"{path} has no layer {', '.join(missing)}; it holds {', '.join(arrays)}")
    return {name: value for name, value in arrays.items() if name.rsplit(".", 1)[0] in layers}


def save_model(model: Model, path: Path | str) -> None:
    """Write the model's parameters as a portable checkpoint that every framework loads."""
    save(Path(path), model.autoencoder.name, model.parameters())


def load_model(model: Model, path: Path | str, layers: Sequence[str] | None = None) -> None:
    """Read a checkpoint into the model: all of it, or only the named layers (from another autoencoder, too).

    Raises:
        CheckpointError: as of `load`; or an array of the model, or of a named layer, is missing, of another shape, or
            not finite in the model's dtype. The model is what it was then.
        SpecificationError: the model has no such layer.
    """
    path, autoencoder = Path(path), model.autoencoder
    found = load(path, autoencoder.name if layers is None else None, layers)
    wanted = autoencoder.shapes if layers is None else [n for x in layers for n in autoencoder.layer(x).shapes]
    if missing := [name for name in wanted if name not in found]:
        raise CheckpointError(f"{path} lacks {', '.join(missing)}; it holds {', '.join(found) or 'nothing of these'}")
    try:
        model.assign(checked(autoencoder, found, finite_in=model.dtype))
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error


def digest(parameters: Mapping[str, Array]) -> str:
    """SHA-256 of names, dtypes, shapes and bits of the parameters, in hexadecimal: the same only for the same bits."""
    found = hashlib.sha256()
    for name, value in sorted(parameters.items()):
        found.update(f"{name} {np.asarray(value).dtype.str} {np.shape(value)}\n".encode())
        found.update(np.ascontiguousarray(value).tobytes())
    return found.hexdigest()


def load_training(path: Path, autoencoder: str | None = None) -> tuple[Arrays, Arrays, dict[str, str]]:
    """Parameters, optimiser state (empty when none was saved) and metadata of a checkpoint."""
    arrays, metadata = read_arrays(path)
    if metadata.get("format") != FORMAT:
        raise CheckpointError(f"{path} is no {FORMAT} file (its format: {metadata.get('format', 'not stated')})")
    if autoencoder is not None and metadata.get("autoencoder") != autoencoder:
        raise CheckpointError(
            f"{path} is a checkpoint of {metadata.get('autoencoder')}, not of {autoencoder}; name the layers to copy "
            "(layers=[...]) if only some are wanted"
        )
    optimizer = {name.removeprefix("optimizer/"): v for name, v in arrays.items() if name.startswith("optimizer/")}
    parameters = {name: value for name, value in arrays.items() if not name.startswith("optimizer/")}
    return parameters, optimizer, metadata
