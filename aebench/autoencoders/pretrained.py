"""Classifier 784-300-150-10 whose encoder layers come from a trained `layerwise_cached`; three arms.

`scratch` starts from the initial parameters, `finetuned` and `frozen` from the pretrained encoder; `frozen` trains
the last layer only. Source: `pretrain_saver`; the (150, 10) shape of the last weight corrects a slip of the source.
"""

from aebench.measures import Measures
from aebench.spec import L2, Adam, Autoencoder, Layer, Phase

ALL = ("encoder1", "encoder2", "logits")


def _arm(name: str, trains: tuple[str, ...], starts_from: str) -> Phase:
    return Phase(
        name, trains, Adam(0.01), epochs=4, batch_size=150, sampling="fresh", l2=L2(5e-4, ALL),
        frozen=tuple(layer for layer in ALL if layer not in trains),
        starts_from=starts_from, copies=() if starts_from == "initial" else ("encoder1", "encoder2"), n_labels=20_000,
        measures=("accuracy",), gains_over=None if starts_from == "initial" else "scratch",
    )  # fmt: skip


PRETRAINED = Autoencoder(
    name="pretrained",
    title="Unsupervised pretraining of a classifier",
    kind="classifier",
    measures=Measures(
        (), headline="finetuned.test_accuracy", label="accuracy, finetuned", pictures=("originals", "features")
    ),
    label_budgets=(100, 300, 1_000, 5_000),
    layers=(
        Layer("encoder1", 784, 300),
        Layer("encoder2", 300, 150),
        Layer("logits", 150, 10, activation="none"),
    ),
    phases=(
        _arm("scratch", ALL, "initial"),
        _arm("finetuned", ALL, "layerwise_cached"),
        _arm("frozen", ("logits",), "layerwise_cached"),
    ),
)
