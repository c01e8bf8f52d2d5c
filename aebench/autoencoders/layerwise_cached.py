"""Layer-wise in one model, with the frozen first layer's outputs computed once before phase 2.

Source: `mnist_hidden1`.
"""

from aebench.autoencoders.shapes import STACKED as LAYERS
from aebench.spec import L2, Adam, Autoencoder, Phase

OUTER, INNER = ("encoder1", "decoder2"), ("encoder2", "decoder1")

LAYERWISE_CACHED = Autoencoder(
    name="layerwise_cached",
    title="Layer-wise, cached activations",
    layers=LAYERS,
    phases=(
        Phase("phase1", OUTER, Adam(0.01), epochs=4, batch_size=150, l2=L2(1e-4, OUTER)),
        Phase(
            "phase2", INNER, Adam(0.01), epochs=4, batch_size=150, sampling="fresh", l2=L2(1e-4, INNER),
            inputs="hidden1",
        ),
    ),
)  # fmt: skip
