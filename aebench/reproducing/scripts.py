"""The script of a reproduction: the network's own text in one file, what it is given, and what is expected of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aebench import networks, registry
from aebench.arrays import Array
from aebench.errors import ReproductionError
from aebench.flattening import binds, flattened
from aebench.plugins import OURS
from aebench.records.checkpoint import write_arrays
from aebench.records.store import write_text
from aebench.reproduced import EXPECTED
from aebench.reproducing.cases import Case
from aebench.spec import Autoencoder, Phase

SCRIPT, ARRAYS = "reproduce.py", "arrays.safetensors"
WIDTH = 110
# A network's text is held against its specification when it is built; a script's specification is made for its text.
CHECKS = re.compile(r"require\(|if self\.text:|text(: .*)? = (Text\(|replace\(.*\btext\b|None)", re.DOTALL)


@dataclass(frozen=True)
class Script:
    """What is written down.

    subject: whose script it is, without its environment. expected: what others computed, by what these are called.
    against: the one of them that it is held against; largest, rms: how far it may be from that. said: what the script
    says of itself at its top.
    """

    case: Case
    subject: str
    expected: Mapping[str, Array]
    against: str
    largest: float
    rms: float
    said: str

    def write(self, folder: Path) -> None:
        """Leave script and arrays in the folder.

        Raises:
            ReproductionError: the texts cannot be made one.
            UnwritableError: the disk is full, or the folder cannot be written.
        """
        text = self.text()
        write_arrays(
            folder / ARRAYS, {**self.case.arrays, **_named(self.expected)}, {"format": "aebench-reproduction/1"}
        )
        write_text(folder / SCRIPT, text)

    def text(self) -> str:
        """The script."""
        framework, case = registry.variants()[self.subject], self.case
        place = framework.place(case.autoencoder.name)
        if place is None:
            raise ReproductionError(networks.lacking(framework.plain, case.autoencoder.name))
        module, name = place.split(":")
        home = text_of(self.subject)
        modes = ("eager", "compiled") if framework.mode == "compiled" else ("eager",)
        functions = {mode: _function(home, case.kind, mode) for mode in modes}
        ready = {"eager": "as_written", "compiled": "compiled"}
        roots = [(module, name), *((home, found) for found in ("versions", "built", "given", "operations"))]
        roots += [(home, found) for mode in modes for found in (functions[mode], ready[mode])]
        roots += [(f"{OURS}.reproduced", found) for found in ("Values", "Specification", "shown")]
        flat = flattened(roots, {OURS, module.partition(".")[0]}, checks)
        ways = ", ".join(f'"{mode}": way({functions[mode]}, {ready[mode]})' for mode in modes)
        return TEMPLATE.format(
            said=self.said,
            imports="\n".join(flat.imports),
            definitions="\n\n\n".join(flat.definitions),
            specification=literal(specification(case.autoencoder, case.phase), called="Specification"),
            asked=literal(self._asked(framework.mode)),
            network=name,
            ways=ways,
        )

    def _asked(self, mode: str) -> dict[str, Any]:
        case = self.case
        return {
            "array": case.array, "dtype": case.dtype, "device": case.device, "way": mode, "against": self.against,
            "largest": self.largest, "rms": self.rms,
        }  # fmt: skip


def text_of(subject: str) -> str:
    """The module that says what a script computes in the subject's framework.

    Raises:
        ReproductionError: the framework has none.
    """
    framework = registry.variants()[registry.bare(subject)]
    home = f"{type(framework).__module__}.reproduction"
    if networks.source(f"{home}:") is None:
        raise ReproductionError(
            f"{framework.plain} brings no text for scripts, which would be {home}, so there is no script of it"
        )
    return home


TEMPLATE = '''"""{said}"""

from __future__ import annotations

{imports}


{definitions}


SPECIFICATION = {specification}
PHASE = SPECIFICATION.phases[0]
ASKED = {asked}


def way(function, ready):
    """What makes of the arrays the computation by that function, each of whose parts is made ready so."""

    def prepared(arrays):
        network, tensors = built({network}(SPECIFICATION), arrays, ASKED), given(arrays, ASKED)
        return lambda: function(network, PHASE, tensors, ready)

    return prepared


if __name__ == "__main__":
    raise SystemExit(shown(ASKED, {{{ways}}}, versions(), operations))
'''


def checks(node: ast.stmt) -> bool:
    """Whether a statement of a network's text holds it against its specification."""
    return isinstance(node, (ast.Expr, ast.If, ast.Assign, ast.AnnAssign)) and bool(CHECKS.match(ast.unparse(node)))


def _function(home: str, kind: str, mode: str) -> str:
    """The function that computes a case in that mode: one of its own, where there is one."""
    own = f"{kind}_{mode}"
    return own if binds(home, own) else kind


def _named(expected: Mapping[str, Array]) -> dict[str, Array]:
    return {f"{EXPECTED}{name}": array for name, array in expected.items()}


def specification(autoencoder: Autoencoder, phase: Phase) -> dict[str, Any]:
    """What a network's text reads of its specification and of the phase, as plain values."""
    layers = [
        {**_fields(layer, "name", "n_inputs", "n_outputs", "activation", "tied_to"), "is_dense": layer.is_dense}
        for layer in autoencoder.layers
    ]
    trained = {"terms": autoencoder.terms(phase), "trained": autoencoder.trained(phase), "passes": phase.passes}
    parts = {
        "optimizer": _fields(phase.optimizer, "learning_rate", "beta1", "beta2", "epsilon"),
        "l2": phase.l2 and _fields(phase.l2, "scale", "layers"),
        "sparsity": phase.sparsity and _fields(phase.sparsity, "weight", "target"),
    }
    corruption = autoencoder.corruption and _fields(autoencoder.corruption, "kind", "amount")
    phases = [{**_fields(phase, "name", "trains", "frozen", "inputs"), **trained, **parts}]
    return {**_fields(autoencoder, "name", "kind", "coding_layer", "n_inputs", "n_codings"),
            "layers": layers, "phases": phases, "corruption": corruption}  # fmt: skip


def _fields(thing: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in names}


def literal(value: Any, indent: int = 0, called: str = "Values") -> str:
    """The text that makes the value: mappings as `Values`, in several lines where one is too short.

    called: what the outermost is made by.
    """
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    if not isinstance(value, (dict, list)):
        return repr(value)
    begin, end = (f"{called}(", ")") if isinstance(value, dict) else ("[", "]")
    names = [f"{name}=" for name in value] if isinstance(value, dict) else [""] * len(value)
    parts = list(value.values()) if isinstance(value, dict) else value
    short = ", ".join(name + literal(part) for name, part in zip(names, parts, strict=True))
    if len(short) + indent < WIDTH and "\n" not in short:
        return f"{begin}{short}{end}"
    inside = " " * (indent + 4)
    lines = (f"{inside}{name}{literal(part, indent + 4)},\n" for name, part in zip(names, parts, strict=True))
    return f"{begin}\n{''.join(lines)}{' ' * indent}{end}"
