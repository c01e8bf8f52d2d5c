"""The tables of numbers in `docs/mathematics.md`, from the specifications: python -m docs.building.numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from aebench import registry
from aebench.spec import Autoencoder, Phase

DOCUMENT = Path(__file__).parents[1] / "mathematics.md"
BETWEEN = re.compile(r"(?<=<!-- made by: python -m docs\.building\.numbers -->\n).*?(?=<!-- end -->)", re.DOTALL)
TWELVE = 12
LAYERS = ("autoencoder", "sizes", "weights begin")
PHASES = ("autoencoder", "phase", "rate", "epochs", "batch", "sampling", "trains", "penalty")


def tables() -> str:
    """Markdown: a row for each of the twelve autoencoders of this package, then one for each of their phases."""
    twelve = list(registry.autoencoders().values())[:TWELVE]
    layers = _table(LAYERS, [(f"`{found.name}`", f"`{sizes(found)}`", _begin(found)) for found in twelve])
    return f"{layers}\n{_table(PHASES, [row for found in twelve for row in _phases(found)])}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    aligned = ["---:" if name in ("rate", "epochs", "batch") else "---" for name in head]
    return "".join(f"| {' | '.join(line)} |\n" for line in (head, aligned, *rows))


def _begin(autoencoder: Autoencoder) -> str:
    return ", ".join(f"`{name}`" for name in sorted({layer.initializer for layer in autoencoder.layers}))


def _phases(autoencoder: Autoencoder) -> Iterator[tuple[str, ...]]:
    first = f"`{autoencoder.name}`"
    for phase in autoencoder.phases:
        trains = "all" if len(phase.trains) == len(autoencoder.layers) else ", ".join(phase.trains)
        yield first, phase.name, *_trained(phase), trains, _penalty(phase)
        first = ""


def sizes(autoencoder: Autoencoder) -> str:
    """The layers' sizes in the order in which an image passes them; of two heads one."""
    layers = [layer for layer in autoencoder.layers if layer != autoencoder.log_variance_layer]
    return "-".join(str(n) for n in (layers[0].n_inputs, *(layer.n_outputs for layer in layers)))


def _trained(phase: Phase) -> Iterator[str]:
    yield f"{phase.optimizer.learning_rate:g}"
    yield f"{phase.epochs:,}"
    yield f"{phase.batch_size:,}"
    yield phase.sampling


def _penalty(phase: Phase) -> str:
    on = "" if phase.l2 is None or phase.l2.layers == phase.trains else f" on {', '.join(phase.l2.layers)}"
    penalties = [f"L2 {phase.l2.scale:g}{on}"] if phase.l2 else []
    penalties += [f"sparsity {phase.sparsity.weight:g}, target {phase.sparsity.target:g}"] if phase.sparsity else []
    return "; ".join(penalties) or "none"


def written(text: str) -> str:
    """The document with the tables in their place."""
    return BETWEEN.sub(lambda _: f"\n{tables()}\n", text)


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
