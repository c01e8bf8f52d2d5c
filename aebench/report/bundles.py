"""What `aebench bundle` and `aebench replay` say of a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from aebench.agreement.bundled import ladder_text
from aebench.records.archive import Archive, opened
from aebench.report.agreement import verdict


def print_made(path: Path, document: Mapping[str, Any], console: Console) -> None:
    """What a new bundle holds, its size, how its subjects agree, and how it is replayed."""
    found = opened(path).manifest
    names = list(dict.fromkeys(climb.specification.name for climb in found.climbs))
    sizes = "in their shipped sizes" if found.full else "narrow"
    console.print(f"{path}: {path.stat().st_size / 1e6:.1f} MB", style="bold", soft_wrap=True)
    console.print(f"Autoencoders, {sizes}: {', '.join(names)}.", soft_wrap=True)
    console.print(f"Traces of {', '.join(found.subjects)}, in {len(found.climbs)} climbs.", soft_wrap=True)
    if document["agreements"]:
        console.print(Text(verdict(document)))
        for row in document["agreements"]:
            if row["parting"]:
                console.print(f"{row['autoencoder']}, {row['dtype']}: {row['parting']}", style="red", soft_wrap=True)
    console.print(f"Replay it with: aebench replay {path}", soft_wrap=True)


def print_made_by(bundle: Archive, console: Console) -> None:
    """Who made a bundle and, where its text was another one, the ladder: what to know before the verdict."""
    made = bundle.manifest.conditions
    by = f"aebench {made.aebench.version or 'unknown'} on {made.machine.processor or 'an unknown processor'}"
    console.print(f"{bundle.path}: made by {by}.", style="dim", markup=False, soft_wrap=True)
    if bundle.manifest.ladder != ladder_text():
        console.print(
            "Its ladder's text is not the one here: an array that only one side has may be no framework's fault.",
            style="yellow", soft_wrap=True,
        )  # fmt: skip
