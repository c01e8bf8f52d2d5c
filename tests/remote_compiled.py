"""Inside the processes of compiled frameworks: what is compiled how often, a fault planted in a compiled step, and what
a killed compilation leaves behind."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import climbs
import remote

from aebench import registry
from aebench.agreement.ladder import Climb
from aebench.records.trace import Trace


def times_compiled() -> list[int]:
    """How many programs for a phase TensorFlow has made after calls of so many steps, each in a trainer of its own."""
    from aebench.implementations.tensorflow.adam import EpsilonHatAdam

    made, sound = [0], EpsilonHatAdam.step

    def step(optimizer, gradients):  # type: ignore[no-untyped-def]
        made[0] += 1
        sound(optimizer, gradients)

    found, model = [], remote.model_of("linear")
    phase = model.autoencoder.phases[0]
    order, _ = remote.orders_and_noise(model.autoencoder, phase)
    with mock.patch.object(EpsilonHatAdam, "step", step):
        for n_steps in (2, 1, 2, 3):
            trainer = model.trainer(phase.name, remote.images(model.autoencoder))
            trainer.run(order[:n_steps])
            found.append(made[0])
    return found


def trainers_share_their_step() -> bool:
    """Whether two trainers of a phase in compiled PyTorch have one step to compile."""
    autoencoder = remote.narrow("linear")
    framework = registry.framework("pytorch-compiled")
    model = framework.build(autoencoder, remote.parameters(autoencoder), dtype="float32", device="cpu")
    one, other = (model.trainer("phase1", remote.images(autoencoder)) for _ in range(2))
    return one.compiled_step is other.compiled_step  # type: ignore[attr-defined]


def with_epsilon_of_another_adam(climb: Climb) -> Trace:
    """Climb with an Adam that adds its epsilon under the square root."""
    from aebench.implementations.pytorch import compiled

    def step(adam, theta, m, v, gradient, rate):  # type: ignore[no-untyped-def]
        m.copy_(adam.beta1 * m + (1.0 - adam.beta1) * gradient)
        v.copy_(adam.beta2 * v + (1.0 - adam.beta2) * gradient.square())
        theta.sub_(rate * m / (v + adam.epsilon**2).sqrt())

    with mock.patch.object(compiled, "step_written_out", step):
        return climbs.climbed(climb)


def beside_cut_off_libraries(libraries: list[Path], elsewhere: str) -> tuple[int, str]:
    """What a function gives that needs these, made anew where they are missing, and what is left of another failure."""
    from aebench.implementations.pytorch.compiled import without_cut_off

    def compiled(added: int) -> int:
        for library in libraries:
            if library.exists():
                raise RuntimeError(f"backend='inductor' raised:\nImportError: {library}: file too short")
        return 1 + added

    def other() -> None:
        raise RuntimeError(elsewhere)

    given = without_cut_off(compiled)(1)
    try:
        without_cut_off(other)()
    except RuntimeError as error:
        return given, str(error)
    return given, ""
