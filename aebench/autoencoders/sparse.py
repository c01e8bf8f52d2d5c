"""Overcomplete sigmoid codings kept sparse by a KL penalty. Source: `sparsity_target = 0.1`, `sparsity_weight`."""

from aebench.measures import Measures
from aebench.spec import Adam, Autoencoder, Layer, Phase, Sparsity

SPARSE = Autoencoder(
    name="sparse",
    title="Sparse, KL penalty",
    coding_layer="encoder1",
    measures=Measures(("train_error", "test_error", "sparsity")),
    layers=(
        Layer("encoder1", 784, 1000, activation="sigmoid"),
        Layer("decoder1", 1000, 784, activation="none"),
    ),
    phases=(
        Phase(
            "phase1", ("encoder1", "decoder1"), Adam(0.01), epochs=100, batch_size=1000,
            sparsity=Sparsity(weight=0.2, target=0.1),
        ),
    ),
)  # fmt: skip
