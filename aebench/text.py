"""What the text of a network writes out, held against the specification that it is built for.

Numbers, activations and penalised layers are read from the specification. What a text has written out by hand (which
layers there are, which of them a phase computes, which loss terms there are) is stated beside it as a `Text`, and a
specification that says otherwise is refused when the network is built, so that none is followed in part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aebench.checks import require
from aebench.phases import CorruptionKind
from aebench.spec import Autoencoder, Phase


@dataclass(frozen=True)
class Pass:
    """One way through a network that a phase may take.

    layers: those it computes, in order. inputs: what it reads, as `Phase.inputs`. constant: those of its layers through
    which no gradient passes, so that they cannot be trained.
    """

    layers: tuple[str, ...]
    inputs: str = "images"
    constant: tuple[str, ...] = ()

    def fits(self, autoencoder: Autoencoder, phase: Phase) -> bool:
        """Whether this is what the phase asks for."""
        layers = tuple(layer.name for layer in autoencoder.passed(phase))
        return (layers, phase.inputs) == (self.layers, self.inputs) and not set(self.constant) & set(phase.trains)

    def __str__(self) -> str:
        constant = f", {', '.join(self.constant)} not trained" if self.constant else ""
        return f"{self.inputs} through {', '.join(self.layers)}{constant}"


@dataclass(frozen=True)
class Text:
    """What is written out.

    layers: all, in order. terms: of the loss beside `total`. tied: layer -> the one whose weight it uses transposed.
    passes: the ways through the network; none is the one through all layers.
    """

    layers: tuple[str, ...]
    terms: tuple[str, ...]
    coding_layer: str
    tied: Mapping[str, str] = field(default_factory=dict)
    corruption: CorruptionKind | None = None
    passes: tuple[Pass, ...] = ()

    def check(self, autoencoder: Autoencoder) -> None:
        """SpecificationError where the specification says otherwise than the text."""
        corruption = autoencoder.corruption.kind if autoencoder.corruption else None
        self._same(autoencoder, "layers", self.layers, tuple(layer.name for layer in autoencoder.layers))
        self._same(autoencoder, "the coding layer", self.coding_layer, autoencoder.coding_layer)
        tied = {layer.name: layer.tied_to for layer in autoencoder.layers if layer.tied_to}
        self._same(autoencoder, "tied layers", dict(self.tied), tied)
        self._same(autoencoder, "corruption", self.corruption, corruption)
        for phase in autoencoder.phases:
            self._same(autoencoder, f"the loss terms of {phase.name}", self.terms, autoencoder.terms(phase))
            passes = self.passes or (Pass(self.layers),)
            asked = Pass(tuple(x.name for x in autoencoder.passed(phase)), phase.inputs)
            require(
                any(found.fits(autoencoder, phase) for found in passes),
                f"{autoencoder.name}, phase {phase.name}: its specification asks for {asked} and trains "
                f"{', '.join(phase.trains)}; its text computes {' or '.join(map(str, passes))}",
            )

    @staticmethod
    def _same(autoencoder: Autoencoder, what: str, written: object, specified: object) -> None:
        require(
            written == specified,
            f"{autoencoder.name}: {what} of its text: {written}; of its specification: {specified}; change both alike",
        )
