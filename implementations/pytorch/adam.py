"""Adam in the pinned form, from the stock PyTorch optimiser."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch

from aebench.spec import Adam


class EpsilonHatAdam(torch.optim.Adam):
    """theta -= a_t m / (sqrt(v) + epsilon), a_t = learning_rate sqrt(1 - beta2^t) / (1 - beta1^t).

    The stock optimiser divides by sqrt(v) / sqrt(1 - beta2^t) + eps, which is the same quotient when its eps is
    epsilon / sqrt(1 - beta2^t); so eps is set anew before each step.
    """

    def __init__(self, adam: Adam, parameters: Iterable[torch.nn.Parameter]) -> None:
        super().__init__(
            parameters, lr=adam.learning_rate, betas=(adam.beta1, adam.beta2), eps=adam.epsilon, foreach=True
        )
        self.adam = adam
        self.step_count = 0

    def step(self, closure: Any = None) -> Any:
        """One step, with the eps that belongs to its number."""
        self.step_count += 1
        self.param_groups[0]["eps"] = self.adam.epsilon / math.sqrt(1.0 - self.adam.beta2**self.step_count)
        return super().step(closure)
