"""Going on with a document only where options and conditions are the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aebench.errors import UsageError
from aebench.records.conditions import Conditions, differences, in_words, merged
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


def require_same_document(path: Path, document: Content, now: Content, advice: str) -> dict[str, Any]:
    """Refuse to go on with a document whose conditions are not those of now; both conditions are plain data.

    Returns the conditions of both, those of now with the subjects, specifications and data of then.

    Raises:
        UsageError: the conditions are others, or not on record; names the first few, and gives the advice.
    """
    if document["conditions"] is None:
        raise UsageError(f"{path} does not say under which conditions it was measured; {advice}")
    before, after = (checked(each, Conditions) for each in (document["conditions"], now))
    if found := differences(before, after):
        raise UsageError(f"{path} was measured differently ({in_words(found)}); {advice}")
    return plain(merged(before, after))
