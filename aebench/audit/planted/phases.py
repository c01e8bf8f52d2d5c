"""Faults between phases: what is frozen, copied, cached, started anew."""

from __future__ import annotations

from aebench.audit.planted.fault import planted


@planted("pytorch", "layerwise_joint", "layerwise_joint.LayerwiseJoint.phase2", "forward", "hidden3", phase="phase2")
def elu_missing_in_phase2(sound):
    """The decoder's first layer reproduces hidden1, an ELU's output, without ELU."""

    def phase2(network, x):
        activations = sound(network, x)
        return {**activations, "hidden3": network.decoder1.affine(activations["codings"])}

    return phase2


@planted(
    "pytorch", "layerwise_separate", "layerwise_separate.LayerwiseSeparate.forward", "forward", "outputs",
    phase="phase2",
)  # fmt: skip
def elu_on_the_second_model(sound):
    """The second model's outputs are linear; ELU follows only once the two are stacked."""

    def forward(network, phase, x, noise):
        activations = sound(network, phase, x, noise)
        if phase.name == "phase1":
            return activations
        outputs = activations["outputs"]
        return {**activations, "outputs": outputs.where(outputs > 0, outputs.expm1())}

    return forward


@planted(
    "pytorch", "layerwise_separate", "layerwise_separate.LayerwiseSeparate.hidden1", "inputs", "hidden1",
    phase="phase2",
)  # fmt: skip
def codings_without_elu(sound):
    """The second model reads the first layer before its activation."""
    return lambda network, x: network.encoder1.affine(x)


@planted("pytorch", "layerwise_cached", "training.PyTorchTrainer.put", "inputs", "hidden1", phase="phase2")
def cache_stale(sound):
    """The cached activations are those of the untrained first layer."""

    def put(trainer, images, labels):
        model = trainer.model
        if not hasattr(model, "cached"):
            model.cached = model.network.hidden1(model.cast(images)).detach()
        sound(trainer, images, labels)
        if trainer.phase.inputs != "images":
            trainer.data = model.cached

    return put


def _train_too(*layers):
    """What makes a step train these layers beside its own, from their first step in the phase on."""

    def change(sound):
        def step(trainer, rows, noise):
            if trainer.phase.name not in ("phase2", "frozen"):
                return sound(trainer, rows, noise)
            network, group = trainer.model.network, trainer.optimizer.param_groups[0]
            more = [p for name in layers for p in (getattr(network, name).weight, getattr(network, name).bias)]
            for parameter in more:
                parameter.requires_grad_(True)
            if not any(parameter is more[0] for parameter in group["params"]):
                group["params"].extend(more)
            return sound(trainer, rows, noise)

        return step

    return change


@planted(
    "pytorch", "layerwise_joint", "training.PyTorchTrainer.step", "step", "encoder1.weight", phase="phase2",
    also={"layerwise_joint.frozen": lambda sound: lambda x: x},
)  # fmt: skip
def first_layer_not_frozen(sound):
    """Phase 2 trains the first layer on, which moves its own target."""
    return _train_too("encoder1")(sound)


@planted("pytorch", "layerwise_joint", "training.EpsilonHatAdam.step", "step", "encoder1.weight")
def first_phase_twice_as_fast(sound):
    """Phase 1 learns twice as fast; phase 2 is sound and only starts elsewhere."""

    def step(optimizer, closure=None):
        group = optimizer.param_groups[0]
        # The first weight that phase 1 trains is as wide as the images, that of phase 2 is not.
        group["lr"] = optimizer.adam.learning_rate * (2.0 if group["params"][0].shape[1] == 784 else 1.0)
        return sound(optimizer, closure)

    return step


@planted("pytorch", "layerwise_joint", "layerwise_joint.LayerwiseJoint.losses", "losses", "l2", phase="phase2")
def penalty_of_the_frozen_layer(sound):
    """Phase 2 reports the penalty of all weights."""

    def losses(network, phase, activations, x, labels):
        terms = sound(network, phase, activations, x, labels)
        if phase.name == "phase1":
            return terms
        more = phase.l2.scale * 0.5 * (network.encoder1.weight.square().sum() + network.decoder2.weight.square().sum())
        return {**terms, "l2": terms["l2"] + more, "total": terms["total"] + more}

    return losses


@planted("pytorch", "pretrained", "training.PyTorchTrainer.step", "step", "encoder1.weight", phase="frozen")
def frozen_arm_trains_all(sound):
    """The frozen arm trains the encoder as well."""
    return _train_too("encoder1", "encoder2")(sound)


def _copied(sound, taken):
    """Whole sets of parameters are taken as they are, of copied layers those that `taken` says."""

    def assign(model, parameters):
        whole = len(parameters) == len(model.autoencoder.shapes)
        sound(model, parameters if whole else {n: v for n, v in parameters.items() if n.split(".")[0] in taken})

    return assign


@planted("pytorch", "pretrained", "training.PyTorchModel.assign", "init", "encoder1.weight", phase="finetuned")
def encoder_not_copied(sound):
    """The pretrained layers are read and dropped."""
    return _copied(sound, ())


@planted("pytorch", "pretrained", "training.PyTorchModel.assign", "init", "encoder2.weight", phase="finetuned")
def encoder_half_copied(sound):
    """Only the first of the pretrained layers arrives."""
    return _copied(sound, ("encoder1",))


@planted("pytorch", "pretrained", "training.PyTorchModel.put", "init", "logits.weight", phase="finetuned")
def arm_goes_on_from_the_last(sound):
    """An arm gets the pretrained encoder, but its last layer is the one that the arm before has trained."""

    def put(model, parameters):
        model.assigned = getattr(model, "assigned", 0) + 1
        if model.assigned <= 2 or len(parameters) < len(model.autoencoder.shapes):
            sound(model, parameters)

    return put


def _carry_over(*, count):
    """What gives a trainer the moments of the one before, and its step count."""

    def change(sound):
        def init(trainer, model, phase):
            sound(trainer, model, phase)
            before = getattr(model, "optimizer_before", None)
            if before is not None:
                trainer.optimizer.step_count = before.step_count if count else 0
                for parameter in trainer.optimizer.param_groups[0]["params"]:
                    if parameter in before.state:
                        state = {name: value.clone() for name, value in before.state[parameter].items()}
                        state["step"] = state["step"] if count else state["step"] * 0.0
                        trainer.optimizer.state[parameter] = state
            model.optimizer_before = trainer.optimizer

        return init

    return change


@planted("pytorch", "layerwise_joint", "training.PyTorchTrainer.__init__", "step", "optimizer.step", phase="phase2")
def optimizer_carried_into_phase2(sound):
    """One optimiser for both phases: its count goes on."""
    return _carry_over(count=True)(sound)


@planted(
    "pytorch", "pretrained", "training.PyTorchTrainer.__init__", "step", "optimizer.encoder1.weight.first_moment",
    phase="finetuned",
)  # fmt: skip
def moments_carried_between_arms(sound):
    """The count starts anew, the moments do not."""
    return _carry_over(count=False)(sound)
