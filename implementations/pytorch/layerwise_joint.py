"""Greedy layer-wise training of one 784-300-150-300-784 model in two phases.

Phase 1 trains the outer layers as 784-300-784, bypassing the middle. Phase 2 trains the middle to reproduce the
first hidden layer, through ELU, with the outer layers frozen.
Expect training MSEs near 0.0075 (phase 1) and 0.0025 (phase 2) after four epochs each on MNIST.

Source: lines 245 to 309, "bypass hidden2 and hidden3", "freeze hidden1".
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from aebench.implementations.pytorch.layers import frozen
from aebench.implementations.pytorch.losses import l2_penalty, mean_squared_error
from aebench.implementations.pytorch.network import Tensors
from aebench.implementations.pytorch.stacked import Stacked
from aebench.spec import Phase
from aebench.text import Pass


class LayerwiseJoint(Stacked):
    """Two phases on the layers of `stacked`, loss of each: reconstruction + l2."""

    text = replace(
        Stacked.text,
        passes=(
            Pass(("encoder1", "decoder2")),
            Pass(("encoder1", "encoder2", "decoder1"), constant=("encoder1",)),
        ),
    )

    def forward(self, phase: Phase, x: Tensor, noise: Tensor | None) -> Tensors:
        return self.phase1(x) if self.is_first(phase) else self.phase2(x)

    def is_first(self, phase: Phase) -> bool:
        """Whether it is phase 1, which computes the last layer; phase 2 does not get as far."""
        return "decoder2" in phase.passes

    def phase1(self, x: Tensor) -> Tensors:
        """Activations of 784-300-784 on images x (batch, 784): encoder1, then decoder2."""
        hidden1 = self.encoder1(x)
        outputs = self.decoder2(hidden1)
        return {"hidden1": hidden1, "outputs": outputs}

    def phase2(self, x: Tensor) -> Tensors:
        """Activations of 300-150-300 on the frozen first hidden layer of images x (batch, 784)."""
        hidden1 = frozen(self.encoder1(x))
        codings = self.encoder2(hidden1)
        hidden3 = self.decoder1(codings)
        return {"hidden1": hidden1, "codings": codings, "hidden3": hidden3}

    def losses(self, phase: Phase, activations: Tensors, x: Tensor, labels: Tensor | None) -> Tensors:
        if self.is_first(phase):
            reconstruction = mean_squared_error(activations["outputs"], x)
        else:
            reconstruction = mean_squared_error(activations["hidden3"], activations["hidden1"])
        l2 = l2_penalty(phase.l2, self.penalised(phase))
        return {"reconstruction": reconstruction, "l2": l2, "total": reconstruction + l2}
