"""Greedy layer-wise in one model: phase 1 bypasses the middle, phase 2 trains it with the outer layers frozen.

Source: `phase1_outputs`, `phase2_mse`, "freeze hidden1".
"""

from aebench.autoencoders.shapes import STACKED as LAYERS
from aebench.spec import L2, Adam, Autoencoder, Phase

OUTER, INNER = ("encoder1", "decoder2"), ("encoder2", "decoder1")

LAYERWISE_JOINT = Autoencoder(
    name="layerwise_joint",
    title="Layer-wise, one model",
    layers=LAYERS,
    phases=(
        Phase("phase1", OUTER, Adam(0.01), epochs=4, batch_size=150, l2=L2(1e-4, OUTER)),
        Phase("phase2", INNER, Adam(0.01), epochs=4, batch_size=150, frozen=("encoder1",), l2=L2(1e-4, INNER)),
    ),
)
