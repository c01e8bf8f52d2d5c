"""The contract of the protocol, held against every registered framework, autoencoder and phase."""

from __future__ import annotations

import math

import numpy as np
import pytest
import remote
from processes import Process, apart, elu, same

from aebench import registry
from aebench.arrays import Arrays
from aebench.errors import CheckpointError, FrameworkError, TrainingError
from aebench.given import require_finite

FLOAT64 = 1e-12
NAMES = list(registry.autoencoders())
NOISY = [n for n in NAMES if remote.narrow(n).corruption or remote.narrow(n).kind == "variational"]
DENOISING = [n for n in NAMES if remote.narrow(n).corruption]


def _trial(process: Process, name: str, phase: str) -> dict[str, Arrays]:
    found: dict[str, Arrays] = process.recall(remote.trial, name, phase)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_parameters_out_are_parameters_in(process: Process, name: str) -> None:
    """In float64 what comes out is what went in, bit for bit, in names, order and shapes of the specification."""
    expected = remote.parameters(remote.narrow(name))
    assert list(remote.narrow(name).shapes) == list(expected)
    assert same(expected, process.recall(remote.trial, name, remote.narrow(name).phases[0].name)["initial"])


@pytest.mark.parametrize("name", ["stacked", "tied", "variational"])
def test_float32_parameters_are_rounded_once(process: Process, name: str) -> None:
    """A float32 model holds the float64 parameters rounded to float32 (the arbiter as float64 numbers)."""
    changes = remote.parameters(remote.narrow(name), seed=1)
    expected = {key: value.astype(np.float32) for key, value in changes.items()}
    actual = process.call(remote.assigned, name, changes, "float32")
    if process.framework == registry.ARBITER:
        actual = {key: value.astype(np.float32) if _is_float32(value) else value for key, value in actual.items()}
    assert same(expected, actual)


def _is_float32(values: np.ndarray) -> bool:
    return np.array_equal(values, values.astype(np.float32).astype(np.float64))


@pytest.mark.parametrize("name", ["stacked", "variational"])
def test_weights_are_exchanged_as_in_by_out(process: Process, name: str) -> None:
    """Every hidden layer is ELU(x @ W + b) with W as it was handed in: (n_in, n_out), square ones included."""
    found = _trial(process, name, "phase1")
    given, activations = found["initial"], found["forward"]
    inputs = found["inputs"]["inputs"][
        remote.orders_and_noise(remote.narrow(name), remote.narrow(name).phases[0])[0][0]
    ]
    hidden = activations["hidden1"]
    second = activations["hidden2" if name == "variational" else "codings"]
    expected = {
        "hidden1": elu(inputs @ given["encoder1.weight"] + given["encoder1.bias"]),
        "second": elu(hidden @ given["encoder2.weight"] + given["encoder2.bias"]),
    }
    assert apart(expected, {"hidden1": hidden, "second": second}) < FLOAT64


def test_a_transposed_square_weight_would_be_noticed(arbiter: Process) -> None:
    """Planted fault: the variational model's square layer with its weight transposed is far from what was computed."""
    found = _trial(arbiter, "variational", "phase1")
    given, activations = found["initial"], found["forward"]
    faulty = elu(activations["hidden1"] @ given["encoder2.weight"].T + given["encoder2.bias"])
    expected = (50, 50)
    assert expected == given["encoder2.weight"].shape
    assert apart({"hidden2": activations["hidden2"]}, {"hidden2": faulty}) > 0.1


def test_assigning_some_parameters_leaves_the_others(process: Process) -> None:
    """A partial assignment changes the named parameters only."""
    before = remote.parameters(remote.narrow("stacked"))
    change = {"encoder2.weight": np.full((30, 15), 0.25), "decoder1.bias": np.arange(30.0)}
    assert same({**before, **change}, process.call(remote.assigned, "stacked", change))


REFUSED: dict[str, tuple[str, Arrays, str]] = {
    "unknown": ("stacked", {"encoder3.weight": np.zeros((2, 2))}, "stacked: no parameter is called encoder3.weight; "),
    "tied": (
        "tied",
        {"decoder2.weight": np.zeros((30, 36))},
        "tied: decoder2.weight has no place in a tied model (it is encoder1.weight transposed)",
    ),
    "tied inner": (
        "denoising_dropout",
        {"decoder1.weight": np.zeros((15, 30))},
        "denoising_dropout: decoder1.weight has no place in a tied model (it is encoder2.weight transposed)",
    ),
    "transposed": (
        "stacked",
        {"encoder1.weight": np.zeros((30, 36))},
        "stacked: encoder1.weight has shape (30, 36), expected (36, 30) (weights are (n_in, n_out) in every framework)",
    ),
    "column": (
        "stacked",
        {"encoder1.bias": np.zeros((30, 1))},
        "stacked: encoder1.bias has shape (30, 1), expected (30,)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_parameter_that_does_not_fit_is_refused(process: Process, case: str) -> None:
    """An unknown name, a tied weight and another shape are errors that say what is expected; nothing is reshaped."""
    name, change, expected = REFUSED[case]
    with pytest.raises(CheckpointError) as caught:
        process.call(remote.assigned, name, change)
    assert str(caught.value).startswith(expected)


def test_a_model_needs_all_its_parameters(process: Process) -> None:
    """A model is not built from some of its parameters; the missing ones are named."""
    given = remote.parameters(remote.narrow("stacked"))
    del given["encoder2.bias"], given["decoder1.weight"]
    with pytest.raises(CheckpointError) as caught:
        process.call(remote.built_from, "stacked", given)
    expected = "stacked: parameters are missing: encoder2.bias, decoder1.weight"
    assert expected == str(caught.value)


def test_a_device_that_is_not_here_is_refused(process: Process) -> None:
    """An unknown device is a FrameworkError that names the framework and the device."""
    with pytest.raises(FrameworkError, match=f"^{process.framework}: .*'abacus'"):
        process.call(remote.built_on, "stacked", "abacus")


@pytest.mark.parametrize("name", ["stacked", "tied"])
def test_models_share_no_memory_with_what_they_are_given(process: Process, name: str) -> None:
    """Writing into arrays that were handed in or handed out does not reach the model."""
    assert same(remote.parameters(remote.narrow(name)), process.call(remote.copies, name))


@pytest.mark.parametrize("name", NAMES)
def test_shapes_of_what_a_model_shows(process: Process, name: str) -> None:
    """Codings are (batch, n_codings); outputs and samples as wide as the last layer; all finite, in the dtype."""
    it, found = remote.narrow(name), process.recall(remote.views, name)
    wide = (remote.BATCH_SIZE, it.layers[-1].n_outputs)
    narrow = (remote.BATCH_SIZE, it.n_codings)
    expected = {"codings": narrow, "outputs": wide, "reconstruction": wide, "sample": wide}
    assert expected == {key: found[key].shape for key in expected}
    assert all(np.isfinite(found[key]).all() and found[key].dtype == np.float64 for key in expected)


@pytest.mark.parametrize("name", NAMES)
def test_reconstructing_is_encoding_then_decoding(process: Process, name: str) -> None:
    """`reconstruct` is `decode(encode)`, with and without noise; `sample` is `decode` of the normals."""
    found = process.recall(remote.views, name)
    pairs = [("outputs", "reconstruction"), ("decoded normals", "sample"), ("noisy outputs", "noisy reconstruction")]
    for expected, actual in pairs[: 3 if name in NOISY else 2]:
        assert np.array_equal(found[expected], found[actual])


@pytest.mark.parametrize("name", NAMES)
def test_what_a_model_shows_agrees_with_the_arbiter(process: Process, arbiter: Process, name: str) -> None:
    """Codings, reconstructions and samples are the arbiter's within 1e-12 in float64."""
    assert apart(arbiter.recall(remote.views, name), process.recall(remote.views, name)) < FLOAT64


@pytest.mark.parametrize("name", NOISY)
def test_noise_acts_where_it_is_given_only(process: Process, name: str) -> None:
    """With noise the codings move; without it they stay clean."""
    found = process.recall(remote.views, name)
    assert apart({"x": found["codings"]}, {"x": found["noisy codings"]}) > 1e-3


@pytest.mark.parametrize("name", DENOISING)
def test_denoising_without_noise_is_a_tied_autoencoder(process: Process, name: str) -> None:
    """Evaluation is clean: the same numbers as `tied` with the same parameters, and x itself goes in."""
    clean, tied = process.recall(remote.views, name), process.recall(remote.views, "tied")
    assert np.array_equal(tied["reconstruction"], clean["reconstruction"])
    activations = process.recall(remote.clean_forward, name)
    assert np.array_equal(clean["images"], activations["corrupted"])
    assert apart({"x": tied["codings"]}, {"x": activations["codings"]}) < FLOAT64


@pytest.mark.parametrize("name", DENOISING)
def test_corruption_follows_the_specification(process: Process, name: str) -> None:
    """`x + deviation * noise`, or kept inputs divided by the keep probability and the others 0."""
    it, found = remote.narrow(name), _trial(process, name, "phase1")
    order, noise = remote.orders_and_noise(it, it.phases[0])
    clean, amount = remote.images(it)[order[0]], it.corruption.amount if it.corruption else math.nan
    dropped = it.corruption is not None and it.corruption.kind == "dropout"
    assert noise is not None
    expected = np.where(noise[0], clean / amount, 0.0) if dropped else clean + amount * noise[0].astype(np.float64)
    assert apart({"x": expected}, {"x": found["forward"]["corrupted"]}) < FLOAT64


@pytest.mark.parametrize("name", [n for n in NAMES if remote.narrow(n).kind == "variational"])
def test_codings_of_a_variational_model_are_its_mean_without_noise(process: Process, name: str) -> None:
    """Without noise `encode` gives the mean; with it, mean + exp(log variance / 2) * noise. Outputs lie in (0, 1)."""
    found, activations = process.recall(remote.views, name), _trial(process, name, "phase1")["forward"]
    noise = remote.orders_and_noise(remote.narrow(name), remote.narrow(name).phases[0])[1]
    assert noise is not None
    expected = activations["mean"] + np.exp(activations["log_variance"] / 2.0) * noise[0]
    assert apart({"x": expected}, {"x": activations["codings"]}) < FLOAT64
    assert np.all((found["reconstruction"] > 0.0) & (found["reconstruction"] < 1.0))


def test_the_first_value_that_is_not_finite_is_named() -> None:
    """The earliest step decides, then a part before `total`; steps are counted from 1 over the whole training."""
    nan, inf = math.nan, math.inf
    losses = {
        "total": np.array([1.0, 1.0, nan, nan]), "reconstruction": np.array([1.0, 1.0, inf, nan]),
        "latent": np.array([0.0, 0.0, 0.0, nan]),
    }  # fmt: skip
    with pytest.raises(TrainingError) as caught:
        require_finite(losses, context="variational/pytorch", first_step=100)
    expected = "variational/pytorch: the loss term 'reconstruction' became inf at step 103; "
    assert str(caught.value).startswith(expected)


def test_finite_losses_pass() -> None:
    """Nothing happens when all values are finite, scalars included."""
    require_finite({"total": np.array([1.0, -3e300]), "l2": np.array(0.0)}, context="x", first_step=0)


@pytest.mark.parametrize("term", ["reconstruction", "total"])
def test_a_scalar_that_is_not_finite_is_named(term: str) -> None:
    """A single loss value is checked like a history of one step."""
    with pytest.raises(TrainingError, match=f"'{term}' became nan at step 1;"):
        require_finite({"total": np.array(1.0), term: np.array(math.nan)}, context="x", first_step=0)
