"""A comparison as files that others read: Markdown for a pull request, JUnit XML for a CI's own page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

from aebench.comparison.findings import Finding, named, timed
from aebench.comparison.verdict import WRONG, compared, findings, sentence
from aebench.records.comparisons import Comparison
from aebench.records.store import whole, write_text
from aebench.report.comparison import WORDS

MARKDOWN, JUNIT = "comparison.md", "comparison.xml"
# What XML cannot hold, not even written otherwise.
NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")


def export(found: Comparison, folder: Path) -> None:
    """Write both files into the folder, whole.

    Raises:
        ResultError: it cannot be written.
    """
    every = findings(found)
    write_text(folder / MARKDOWN, markdown(found, every))
    with whole(folder / JUNIT) as temporary:
        ElementTree.ElementTree(junit(found, every)).write(temporary, encoding="utf-8", xml_declaration=True)


def markdown(found: Comparison, every: Sequence[Finding]) -> str:
    """The verdict, what was compared, and a row for each finding."""
    return "\n".join(_lines(found, every)) + "\n"


def _lines(found: Comparison, every: Sequence[Finding]) -> Iterator[str]:
    yield f"**{_escaped(sentence(found, every))}**"
    yield ""
    yield from (f"- {_escaped(line)}" for line in compared(found))
    yield from (f"- Not compared: {_escaped(words)}." for words in found.left_out)
    if every:
        yield from ("", "| | what | finding | again with |", "|---|---|---|---|")
    for finding in every:
        command = f"`{finding.command}`".replace("|", "\\|") if finding.command else ""
        yield f"| {WORDS[finding.weight]} | {_escaped(finding.about)} | {_escaped(finding.sentence)} | {command} |"
    if found.differences:
        yield from ("", f"<details><summary>How {found.base.name} and {found.head.name} differ</summary>", "")
        yield from (f"| what | name | {found.base.name} | {found.head.name} |", "|---|---|---|---|")
        for it in found.differences:
            yield f"| {' | '.join(_escaped(cell) for cell in (it.kind, it.name, it.base, it.head))} |"
        yield from ("", "</details>")


def junit(found: Comparison, every: Sequence[Finding]) -> ElementTree.Element:
    """A test case for each thing that was compared: failed, in error, skipped where undecided, else passed."""
    suite = ElementTree.Element("testsuite", name=f"aebench compare {found.base.name} {found.head.name}")
    wrong = [finding for finding in every if finding.weight in WRONG]
    cases = dict(_cases(found))
    for about, framework in cases.items():
        case = ElementTree.SubElement(suite, "testcase", classname=_xml(framework), name=_xml(about))
        _told(case, next((finding for finding in wrong if about in finding.abouts), None))
    for finding in wrong:
        for about in (about for about in finding.abouts if about not in cases):
            _told(ElementTree.SubElement(suite, "testcase", classname=finding.what, name=_xml(about)), finding)
    suite.set("tests", str(len(suite)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    return suite


def _cases(found: Comparison) -> Iterator[tuple[str, str]]:
    """What every compared thing is called, and its framework."""
    for row in found.numbers:
        yield named(row), row.framework
    for sides in found.pairs:
        yield from ((about, sides.framework) for about in timed(found, sides))


def _told(case: ElementTree.Element, finding: Finding | None) -> None:
    if finding is not None:
        tag = {"regression": "failure", "undone": "error"}.get(finding.weight, "skipped")
        ElementTree.SubElement(case, tag, message=_xml(finding.sentence)).text = _xml(finding.command or "")


def _xml(text: str) -> str:
    return NO_XML.sub("�", text)


def _escaped(text: str) -> str:
    """The text as Markdown shows it, and as one cell of a table."""
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", " ".join(text.split()))
