"""Adam in the pinned form, theta -= a_t m / (sqrt(v) + epsilon), a_t = learning_rate sqrt(1 - beta2^t) / (1 - beta1^t):
from the stock PyTorch optimiser, and written out for a compiled step.

Source: line 58, `tf.train.AdamOptimizer`; Kingma and Ba 2015, the remark before section 2.1, "epsilon hat".
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from aebench.spec import Adam


class EpsilonHatAdam(torch.optim.Adam):
    """The stock optimiser with the eps that makes it the pinned Adam.

    It divides by sqrt(v) / sqrt(1 - beta2^t) + eps, which is the same quotient when eps is epsilon / sqrt(1 - beta2^t);
    so eps is set anew before each step.
    """

    def __init__(self, adam: Adam, parameters: Iterable[torch.nn.Parameter]) -> None:
        super().__init__(
            parameters, lr=adam.learning_rate, betas=(adam.beta1, adam.beta2), eps=adam.epsilon, foreach=True
        )
        self.adam = adam
        self.step_count = 0
        for parameter in self.param_groups[0]["params"]:
            self.set_moments(parameter, torch.zeros_like(parameter), torch.zeros_like(parameter))

    def set_moments(self, parameter: torch.nn.Parameter, first: Tensor, second: Tensor) -> None:
        """Go on from these moments and the present step count."""
        step = torch.tensor(float(self.step_count))
        self.state[parameter] = {"step": step, "exp_avg": first, "exp_avg_sq": second}

    def step(self, closure: Any = None) -> Any:
        """One step, with the eps that belongs to its number."""
        self.step_count += 1
        self.param_groups[0]["eps"] = self.adam.epsilon / math.sqrt(1.0 - self.adam.beta2**self.step_count)
        return super().step(closure)

    def next_rates(self, n_steps: int) -> Tensor:
        """a_t (n_steps,) of the next steps, which count as done; in float64, so that 1 - beta^t loses nothing."""
        t = torch.arange(self.step_count + 1, self.step_count + n_steps + 1, dtype=torch.float64)
        self.step_count += n_steps
        return self.adam.learning_rate * torch.sqrt(1.0 - self.adam.beta2**t) / (1.0 - self.adam.beta1**t)


def step_written_out(adam: Adam, theta: Tensor, m: Tensor, v: Tensor, gradient: Tensor, rate: Tensor) -> None:
    """One step of the parameter theta and its moments m and v, in place; rate is the step's a_t."""
    m.copy_(adam.beta1 * m + (1.0 - adam.beta1) * gradient)
    v.copy_(adam.beta2 * v + (1.0 - adam.beta2) * gradient.square())
    theta.sub_(rate * m / (v.sqrt() + adam.epsilon))
