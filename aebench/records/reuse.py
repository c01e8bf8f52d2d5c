"""Going on with a document, and putting several together, only where options and conditions are the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import structs

from aebench.errors import UsageError
from aebench.records.conditions import Conditions, Difference, Matter, differences, in_words, merged
from aebench.records.fields import checked, plain

Content = Mapping[str, Any]


def require_same_options(path: Path, then: Content, now: Content, advice: str) -> None:
    """Refuse to go on with what was measured with other options; those of `then` are compared.

    Raises:
        UsageError: names every option that is another one, and gives the advice.
    """
    changed = [f"{key}: {value} then, {now.get(key)} now" for key, value in then.items() if value != now.get(key)]
    if changed:
        raise UsageError(f"{path} was measured differently ({'; '.join(changed)}); {advice}")


def require_same_document(
    path: Path, document: Content, now: Content, advice: str, *, matter: Matter | None = None
) -> dict[str, Any]:
    """Refuse to go on with a document whose conditions are not those of now; both conditions are plain data.

    matter: only what matters for that counts; default: everything.
    Returns the conditions of both, those of now with the subjects, specifications and data of then.

    Raises:
        UsageError: the conditions are others, or not on record; names the first few, and gives the advice.
    """
    if document["conditions"] is None:
        raise UsageError(f"{path} does not say under which conditions it was measured; {advice}")
    before, after = (checked(each, Conditions) for each in (document["conditions"], now))
    if found := [d for d in differences(before, after) if matter is None or matter in d.matters]:
        raise UsageError(f"{path} was measured differently ({in_words(found)}); {advice}")
    return plain(merged(before, after))


def require_alike(
    conditions: Iterable[Content | None],
    what: str,
    advice: str,
    *,
    matter: Matter | None = None,
    same_data: bool = False,
) -> dict[str, Any] | None:
    """Refuse to put together what was measured under several conditions; None: not on record.

    matter: only what matters for that counts; default: everything. same_data: they must also speak of the same data,
    as trainings of one autoencoder do. Returns the conditions of all, None where they are not on record.

    Raises:
        UsageError: two of them differ; names the first few differences.
    """
    known, devices = list(conditions), dict[str, str | None]()
    if not known or all(each is None for each in known):
        return None
    together: Conditions | None = None
    for each in known:
        if each is None:
            raise UsageError(f"{what} were measured differently (conditions of some are not on record); {advice}")
        now = structs.replace(checked(each, Conditions), busy=None)
        found = [] if together is None else [*differences(together, now, but=("device",))]
        sentences = [d for d in found if matter is None or matter in d.matters]
        # The arbiter computes on the CPU, also beside others that do not.
        sentences += [Difference(f"device of {name}: {devices[name]} in one, {now.device} in another")
                      for name in now.subjects if devices.setdefault(name, now.device) != now.device]  # fmt: skip
        if same_data and together is not None and now.data.keys().isdisjoint(together.data):
            sentences.append(Difference(f"data: {', '.join(together.data)} in one, {', '.join(now.data)} in another"))
        if sentences:
            raise UsageError(f"{what} were measured differently ({in_words(sentences)}); {advice}")
        together = merged(together, now)
    return None if together is None else plain(together)
