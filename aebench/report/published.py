"""Figures that others published for these autoencoders, and what differs there: beside ours in results/README.md.

What a figure says about data is a number here; the page computes how ours compare with it. What it says about settings
is held against the specifications (tests/test_published.py).

Source: the author of the notebook's original, as quoted in the project's mathematics: training error on the last batch
of each epoch, unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Published:
    """One published series or number.

    phase, term: where ours stands in a trial's curves; without a phase it is a metric.
    values: one for each epoch; the one at the end; or the smallest and the largest, where that was published.
    differs: what is set otherwise there. when: what a reader should know of the values.
    """

    autoencoder: str
    what: str
    phase: str
    term: str
    values: tuple[float, ...]
    differs: str
    kind: Literal["epochs", "end", "range"] = "epochs"
    when: str = ""

    @property
    def text(self) -> str:
        """The values as they were published."""
        numbers = [f"{value:,.0f}" if value >= 1000 else f"{value:.{self.digits}f}" for value in self.values]
        return (" to " if self.kind == "range" else " ").join(numbers) + (f" ({self.when})" if self.when else "")

    @property
    def digits(self) -> int:
        """Decimals of the published values."""
        return max(len(repr(value).partition(".")[2]) for value in self.values)


SAME = "the same settings"
TIED_L2 = 5e-4
TIED_WITHIN = 0.1
"""With the published penalty `tied` has the published error within such a share, which a slow test trains to see."""

FIGURES = (
    Published("stacked", "training MSE", "phase1", "reconstruction", (0.0204, 0.0114, 0.0102, 0.0099, 0.0104),
              "five epochs there, four here"),
    Published("tied", "training MSE", "phase1", "reconstruction", (0.0151, 0.0165, 0.0174, 0.0169, 0.0156),
              f"five epochs there, four here; L2 {TIED_L2:.0e} there, 1e-04 here: with {TIED_L2:.0e} ours come within "
              f"{TIED_WITHIN:.0%} of theirs (tests/test_published.py)"),
    Published("layerwise_separate", "first model, training MSE", "phase1", "reconstruction",
              (0.0185, 0.0187, 0.0185, 0.0192), SAME),
    Published("layerwise_separate", "second model, training MSE", "phase2", "reconstruction",
              (0.0042, 0.0048, 0.0047, 0.0044), SAME),
    Published("layerwise_joint", "phase 1, training MSE", "phase1", "reconstruction",
              (0.0074, 0.0078, 0.0077, 0.0074), SAME),
    Published("layerwise_joint", "phase 2, training MSE", "phase2", "reconstruction",
              (0.2955, 0.0059, 0.0031, 0.0025), SAME),
    Published("layerwise_joint", "test MSE", "", "test_mse", (0.0098,), SAME, "end"),
    Published("layerwise_cached", "phase 1, training MSE", "phase1", "reconstruction",
              (0.0075, 0.0078, 0.0073, 0.0078), SAME),
    Published("layerwise_cached", "phase 2, training MSE", "phase2", "reconstruction",
              (0.2001, 0.0052, 0.0026, 0.0021), SAME),
    Published("layerwise_cached", "test MSE", "", "test_mse", (0.0098,), SAME, "end"),
    Published("pretrained", "test accuracy without pretraining", "", "scratch.test_accuracy",
              (0.9334, 0.9360, 0.9382, 0.9494), "the loss there is a vector whose gradient is summed, here the mean: "
              "the same steps but for Adam's eps", when="after each epoch"),
    Published("pretrained", "test accuracy with pretraining", "", "finetuned.test_accuracy",
              (0.9266, 0.9400, 0.9460, 0.9401), "as above; published from one training each", when="after each epoch"),
    Published("sparse", "MSE", "phase1", "reconstruction", (0.012, 0.033), SAME, "range", "last epochs"),
    Published("sparse", "sparsity loss", "phase1", "sparsity", (0.08, 0.45), SAME, "range", "last epochs"),
    Published("variational_gamma", "total of a batch of 150", "phase1", "total", (14638.0,),
              "one batch each, of other images", "end", "epoch 49"),
    Published("variational_gamma", "reconstruction of a batch of 150", "phase1", "reconstruction", (10926.0,),
              "as above", "end", "epoch 49"),
    Published("variational_gamma", "latent of a batch of 150", "phase1", "latent", (3712.0,), "as above", "end",
              "epoch 49"),
)  # fmt: skip
