"""What sparsity costs: the two penalties that the source weighs against each other."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from aebench.errors import SpecificationError
from aebench.report.gallery.material import Array, Material
from aebench.report.gallery.picture import Picture
from aebench.report.plots import COLOURS, heading, plain
from aebench.report.sheet import INK, LABEL, blank


def sparsity_cost(material: Material) -> Picture:
    """What a mean activation q costs: the Kullback-Leibler divergence from the target beside the squared error.

    Source: "plt.plot(q, kl_div, ...)". Deviates: q runs over the open interval (0, 1); at its ends the KL is infinite.
    """
    autoencoder = material.autoencoder
    target = next(phase.sparsity.target for phase in autoencoder.phases if phase.sparsity)
    q, divergence, squared = sparsity_costs(target)
    far = int(np.argmin(np.abs(q - 0.8)))
    alt = (
        f"Two curves over the mean activation q of a coding, from 0 to 1. Both are 0 at the target, {target:g}. "
        f"At q = 0.8 the KL divergence is {divergence[far]:.2f} nats, the squared error {squared[far]:.2f}."
    )
    caption = (
        "The divergence, which this autoencoder is penalised by, rises much more steeply than the squared error: "
        "far from the target it pulls harder."
    )
    title = f"What sparsity costs, target {target:g}"
    return Picture(f"{autoencoder.name}/sparsity_cost", title, alt, caption, partial(_drawn, title, target))


def sparsity_costs(target: float, n: int = 500) -> tuple[Array, Array, Array]:
    """q, KL(target || q) in nats and (target - q)^2, each (n,) float64, q evenly inside (0, 1).

    Raises:
        SpecificationError: the target does not lie in (0, 1).
    """
    if not 0 < target < 1:
        raise SpecificationError(f"sparsity cost: found target {target}, expected one inside (0, 1)")
    q = np.linspace(0.0, 1.0, n + 2)[1:-1]
    divergence = target * np.log(target / q) + (1 - target) * np.log((1 - target) / (1 - q))
    return q, divergence, (target - q) ** 2


def _drawn(title: str, target: float) -> Figure:
    q, divergence, squared = sparsity_costs(target)
    drawn = blank(900, 600)
    axes = drawn.add_axes((0.085, 0.115, 0.89, 0.80))
    axes.plot(q, divergence, "-", color=COLOURS[0], linewidth=2, label="KL divergence, nats")
    axes.plot(q, squared, "--", color=COLOURS[1], linewidth=2, label="squared error")
    axes.plot([target, target], [0, 0.3], ":", color=INK, linewidth=1.5)
    axes.text(target, 0.31, "target\nsparsity", ha="center", va="bottom", fontsize=LABEL, color=INK)
    axes.set(xlim=(0, 1), ylim=(0, 0.95))
    axes.set_xlabel("mean activation q of a coding", fontsize=LABEL)
    axes.set_ylabel("cost", fontsize=LABEL)
    plain(axes)
    axes.legend(loc="upper left", bbox_to_anchor=(0.14, 1.0), frameon=False, fontsize=LABEL)
    heading(drawn, title)
    return drawn
