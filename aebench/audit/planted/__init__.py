"""The planted faults: what a careless port, another convention or a wrong flag does to an implementation.

Each is planted in one framework, in that framework's process, and names the first place where the ladder must part.
None needs its framework to be imported before it is planted.
"""

from aebench.audit.planted import (
    arithmetic,
    blind_spots,
    feeding,
    losses,
    networks,
    optimizers,
    phases,
    scales,
    trained,
    training,
)
from aebench.audit.planted.fault import FAULTS, STEPS, Fault, planted, planting

__all__ = [
    "FAULTS",
    "STEPS",
    "Fault",
    "arithmetic",
    "blind_spots",
    "feeding",
    "losses",
    "networks",
    "optimizers",
    "phases",
    "planted",
    "planting",
    "scales",
    "trained",
    "training",
]
