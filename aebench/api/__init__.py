"""The suite from Python: what the commands `run`, `agree`, `quality`, `plot` and `show` do, in a script or a notebook.

`run` trains, `resume` goes on, `result` opens what a run left, `agree` climbs the ladder, `quality` judges over seeds,
`texts` shows an autoencoder in every framework. What they give shows itself: as text in a terminal, as tables and
pictures in a notebook. Frameworks compute in processes of their own, as with the commands, whose code this is, and
whatever is wrong is an `aebench.errors.AebenchError` with the message that the command would print.
"""

from aebench.api.agreements import Agreement, agree
from aebench.api.results import Quality, Result, quality, result, resume, run
from aebench.api.shown import Table
from aebench.api.texts import Texts, texts
from aebench.report.gallery import Picture

__all__ = [
    "Agreement",
    "Picture",
    "Quality",
    "Result",
    "Table",
    "Texts",
    "agree",
    "quality",
    "result",
    "resume",
    "run",
    "texts",
]
