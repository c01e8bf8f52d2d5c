"""Greedy layer-wise, two models trained apart and stacked afterwards. Source: `train_autoencoder`, L2 5e-4.

The second model reads the codings of the whole training set under the trained first one, computed once.
"""

from aebench.autoencoders.shapes import STACKED as LAYERS
from aebench.spec import L2, Adam, Autoencoder, Phase

FIRST, SECOND = ("encoder1", "decoder2"), ("encoder2", "decoder1")

LAYERWISE_SEPARATE = Autoencoder(
    name="layerwise_separate",
    title="Layer-wise, separate models",
    layers=LAYERS,
    phases=(
        Phase("phase1", FIRST, Adam(0.01), epochs=4, batch_size=150, sampling="fresh", l2=L2(5e-4, FIRST)),
        Phase(
            "phase2", SECOND, Adam(0.01), epochs=4, batch_size=150, sampling="fresh", l2=L2(5e-4, SECOND),
            inputs="hidden1",
        ),
    ),
)  # fmt: skip
