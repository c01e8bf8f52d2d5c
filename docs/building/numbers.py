"""The table of numbers in `docs/mathematics.md`, from the specifications: python -m docs.building.numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from aebench import registry
from aebench.spec import Autoencoder, Phase

DOCUMENT = Path(__file__).parents[1] / "mathematics.md"
BETWEEN = re.compile(r"(?<=<!-- made by: python -m docs\.building\.numbers -->\n).*?(?=<!-- end -->)", re.DOTALL)
TWELVE = 12
HEAD = ("autoencoder", "sizes", "weights begin", "phase", "trains", "rate", "epochs", "batch", "sampling", "penalty")


def table() -> str:
    """Markdown: a row for each phase of the twelve autoencoders of this package."""
    rows = [row for found in list(registry.autoencoders().values())[:TWELVE] for row in _rows(found)]
    lines = [HEAD, tuple("---:" if name in ("rate", "epochs", "batch") else "---" for name in HEAD), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _rows(autoencoder: Autoencoder) -> Iterator[tuple[str, ...]]:
    begins = sorted({layer.initializer for layer in autoencoder.layers})
    first = (f"`{autoencoder.name}`", sizes(autoencoder), ", ".join(f"`{it}`" for it in begins))
    for phase in autoencoder.phases:
        yield *first, phase.name, ", ".join(phase.trains), *_trained(phase)
        first = ("", "", "")


def sizes(autoencoder: Autoencoder) -> str:
    """The layers' sizes in the order in which an image passes them; of two heads one."""
    layers = [layer for layer in autoencoder.layers if layer != autoencoder.log_variance_layer]
    return "-".join(str(n) for n in (layers[0].n_inputs, *(layer.n_outputs for layer in layers)))


def _trained(phase: Phase) -> Iterator[str]:
    yield f"{phase.optimizer.learning_rate:g}"
    yield f"{phase.epochs:,}"
    yield f"{phase.batch_size:,}"
    yield phase.sampling
    penalties = [f"L2 {phase.l2.scale:g} on {', '.join(phase.l2.layers)}"] if phase.l2 else []
    penalties += [f"sparsity {phase.sparsity.weight:g}, target {phase.sparsity.target:g}"] if phase.sparsity else []
    yield "; ".join(penalties) or "none"


def written(text: str) -> str:
    """The document with the table in its place."""
    return BETWEEN.sub(lambda _: f"\n{table()}\n", text)


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
