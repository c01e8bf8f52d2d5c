"""How far a framework strays by itself, where no reference is there to judge."""

from __future__ import annotations

from aebench.agreement.bounds import UNIT_ROUNDOFF, Spread, magnitudes
from aebench.agreement.ladder import Climb
from aebench.agreement.spreads import Spreads, draw, wider
from aebench.data import Dataset
from aebench.protocol import Framework
from aebench.records.trace import Trace


def own_spreads(framework: Framework, climb: Climb, dataset: Dataset, trace: Trace) -> Spreads:
    """The spreads of a framework's own climb, which left the trace.

    Its parameters are disturbed, and nothing that it computes with them, as is in the reference. So each is at least
    the rounding of the array itself: of a loss that the parameters hardly move, such as one of decided units, sound
    frameworks differ by the order of its sum (seen: a mean of 4452 with a linear last layer, by two units in the last
    place of float32, where the parameters moved it by less than one).
    """
    unit, found = UNIT_ROUNDOFF[climb.dtype], draw(framework, climb, dataset, trace)
    sizes = {place: magnitudes(trace.arrays[place], climb.dtype) for place in found}
    return {
        place: wider(spread, Spread(unit * sizes[place][0], unit * sizes[place][1])) for place, spread in found.items()
    }
