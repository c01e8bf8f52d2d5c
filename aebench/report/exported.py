"""What a comparison or a gate tells, as files that others read: Markdown for a pull request, JUnit XML for a CI."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from aebench.comparison import matrix
from aebench.comparison.findings import Finding, metric_of, named, timed
from aebench.comparison.gate import Gated
from aebench.comparison.verdict import WRONG, compared, findings, sentence
from aebench.records.comparisons import Comparison
from aebench.records.matrices import Matrix
from aebench.records.qualities import Quality
from aebench.records.store import whole, write_text
from aebench.report import gate
from aebench.report.comparison import WORDS
from aebench.report.matrix import cells

# What XML cannot hold, not even written otherwise.
NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")


@dataclass(frozen=True)
class Told:
    """What is told of a comparison or of a gate. name: of the whole. cases: what every thing that was compared is
    called, and what it belongs to. details: lines of Markdown at the end."""

    name: str
    sentence: str
    compared: Sequence[str]
    cases: Mapping[str, str]
    findings: Sequence[Finding]
    details: Sequence[str] = ()


def of_comparison(found: Comparison) -> Told:
    """What is told of base and head."""
    every = findings(found)
    lines = [*compared(found), *(f"Not compared: {words}." for words in found.left_out)]
    name = f"aebench compare {found.base.name} {found.head.name}"
    return Told(name, sentence(found, every), lines, dict(_compared(found)), every, list(_differences(found)))


def of_matrix(found: Matrix) -> Told:
    """What is told of base and several heads."""
    name = f"aebench compare --base {found.base.name} {' '.join(head.name for head in found.heads)}"
    cases = {matrix.about(head, it): head.name for head in found.heads for it in head.outcomes}
    return Told(
        name, matrix.sentence(found), list(matrix.compared(found)), cases, matrix.findings(found), list(_table(found))
    )


def _table(found: Matrix) -> Iterator[str]:
    """The table of what moved where."""
    first, *rows = cells(found)
    yield from ("", f"| {' | '.join(map(escaped, first))} |", f"|{'---|' * len(first)}")
    yield from (f"| {' | '.join(map(escaped, row))} |" for row in rows)


def of_gate(found: Gated) -> Told:
    """What is told of a run or an environment and the accepted baseline."""
    cases = dict(_of_quality(found.quality))
    return Told(f"aebench gate {found.run}", gate.sentence(found), [gate.compared(found)], cases, found.findings)


def export(told: Told, folder: Path, stem: str) -> None:
    """Write `stem`.md and `stem`.xml into the folder, whole.

    Raises:
        ResultError: they cannot be written.
    """
    write_text(folder / f"{stem}.md", markdown(told))
    with whole(folder / f"{stem}.xml") as temporary:
        ElementTree.ElementTree(junit(told)).write(temporary, encoding="utf-8", xml_declaration=True)


def markdown(told: Told) -> str:
    """The verdict, what was compared, and a row for each finding."""
    lines = [f"**{escaped(told.sentence)}**", "", *(f"- {escaped(line)}" for line in told.compared)]
    if told.findings:
        lines += ["", "| | what | finding | again with |", "|---|---|---|---|"]
    for it in told.findings:
        command = f"`{it.command}`".replace("|", "\\|") if it.command else ""
        lines.append(f"| {WORDS[it.weight]} | {escaped(it.about)} | {escaped(it.sentence)} | {command} |")
    return "\n".join([*lines, *told.details]) + "\n"


def _differences(found: Comparison) -> Iterator[str]:
    if found.differences:
        yield from ("", f"<details><summary>How {found.base.name} and {found.head.name} differ</summary>", "")
        yield from (f"| what | name | {found.base.name} | {found.head.name} |", "|---|---|---|---|")
        for it in found.differences:
            yield f"| {' | '.join(escaped(cell) for cell in (it.kind, it.name, it.base, it.head))} |"
        yield from ("", "</details>")


def junit(told: Told) -> ElementTree.Element:
    """A test case for each thing that was compared: failed, in error, skipped where undecided, else passed."""
    suite = ElementTree.Element("testsuite", name=_xml(told.name))
    wrong = [finding for finding in told.findings if finding.weight in WRONG]
    for about, belongs in told.cases.items():
        case = ElementTree.SubElement(suite, "testcase", classname=_xml(belongs), name=_xml(about))
        _told(case, next((finding for finding in wrong if about in finding.abouts), None))
    for finding in wrong:
        for about in (about for about in finding.abouts if about not in told.cases):
            _told(ElementTree.SubElement(suite, "testcase", classname=finding.what, name=_xml(about)), finding)
    suite.set("tests", str(len(suite)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    return suite


def _compared(found: Comparison) -> Iterator[tuple[str, str]]:
    """What every compared thing is called, and its framework."""
    for row in found.numbers:
        yield named(row), row.framework
    yield from _of_quality(found.quality)
    for sides in found.pairs:
        yield from ((about, sides.framework) for about in timed(found, sides))


def _of_quality(found: Sequence[Quality]) -> Iterator[tuple[str, str]]:
    for it in found:
        yield from ((metric_of(it, row), it.head) for row in it.rows if row.margin is not None)


def _told(case: ElementTree.Element, finding: Finding | None) -> None:
    if finding is not None:
        tag = {"regression": "failure", "gone": "failure", "undone": "error"}.get(finding.weight, "skipped")
        ElementTree.SubElement(case, tag, message=_xml(finding.sentence)).text = _xml(finding.command or "")


def _xml(text: str) -> str:
    return NO_XML.sub("�", text)


def escaped(text: str) -> str:
    """The text as Markdown shows it, and as one cell of a table."""
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", " ".join(text.split()))
