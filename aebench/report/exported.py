"""What a comparison or a gate tells, as files that others read: Markdown for a pull request, JUnit XML for a CI."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from aebench.comparison import matrix
from aebench.comparison.findings import Finding, metric_of, named, timed
from aebench.comparison.gate import Gated
from aebench.comparison.verdict import WEIGHTS, WRONG, called, compared, findings, sentence
from aebench.errors import ExportError
from aebench.records.comparisons import Comparison
from aebench.records.fields import checked
from aebench.records.matrices import Matrix
from aebench.records.qualities import Quality
from aebench.records.store import whole, write_text
from aebench.report import agreement, gate
from aebench.report.comparison import WORDS
from aebench.report.matrix import cells

# The kinds of records that hold verdicts.
JUDGED = ("run", "agreements", "comparison", "matrix")
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
    name = f"aebench compare {called(found.base)} {called(found.head)}"
    return Told(name, sentence(found, every), lines, dict(_compared(found)), every, list(_differences(found)))


def of_matrix(found: Matrix) -> Told:
    """What is told of base and several heads."""
    name = f"aebench compare --base {called(found.base)} {' '.join(called(head) for head in found.heads)}"
    cases = {matrix.about(head, it): called(head) for head in found.heads for it in head.outcomes}
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
    cases = dict(_of_quality(found.quality)) | dict(found.costs)
    return Told(f"aebench gate {found.run}", gate.sentence(found), [gate.compared(found)], cases, found.findings)


def of_ladders(document: Mapping[str, Any], name: str) -> Told:
    """What is told of a run, or of climbs alone: every pair that climbed, and every training, is a case."""
    rows, trials = document["agreements"], document.get("trials", ())
    cases = {_pair(row): row["autoencoder"] for row in rows} | {_training(row): row["autoencoder"] for row in trials}
    found = sorted([*_partings(rows), *_failures(document)], key=lambda finding: WEIGHTS.index(finding.weight))
    return Told(name, agreement.verdict(document), [agreement.compared(rows)] if rows else [], cases, found)


def _pair(row: Mapping[str, Any]) -> str:
    seed = f", seed {row['seed']}" if "seed" in row else ""
    return f"{row['autoencoder']}, {row['left']} and {row['right']}, {row['dtype']}{seed}"


def _training(row: Mapping[str, Any]) -> str:
    return f"{row['autoencoder']}, {row['framework']}, seed {row['seed']}, training"


def _partings(rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    for row in rows:
        if row["parting"]:
            yield Finding("numbers", (_pair(row),), "regression", row["parting"], row.get("command"))
        for rung in row.get("vacuous", ()):
            words = f"rung {rung} is vacuous, it lets anything through"
            yield Finding("numbers", (_pair(row),), "undecided", words, row.get("command"))


def _failures(document: Mapping[str, Any]) -> Iterator[Finding]:
    """What did not climb, did not train, or measured something that is not a number."""
    for row in document["failures"]:
        yield Finding("numbers", (f"{row['autoencoder']}, {row['framework']}",), "undone", row["failure"])
    for row in document.get("trials", ()):
        if "failure" in row:
            yield Finding("quality", (_training(row),), "undone", row["failure"])
        for metric, why in row.get("invalid", {}).items():
            yield Finding("quality", (_training(row),), "regression", f"{metric}: {why}")


def told(kind: str, content: Mapping[str, Any], name: str) -> Told:
    """What is told of a record; name: what it is called, where it does not say so itself.

    Raises:
        ExportError: a record of that kind holds no verdicts.
    """
    if kind == "comparison":
        return of_comparison(checked(content, Comparison))
    if kind == "matrix":
        return of_matrix(checked(content, Matrix))
    if kind in ("run", "agreements"):
        return of_ladders(content, name)
    raise ExportError(f"JUnit holds verdicts, and a record of kind {kind} has none; {' and '.join(JUDGED)} have some")


def export(told: Told, folder: Path, stem: str) -> None:
    """Write `stem`.md and `stem`.xml into the folder, whole.

    Raises:
        ResultError: they cannot be written.
    """
    write_text(folder / f"{stem}.md", markdown(told))
    write_junit(folder / f"{stem}.xml", [told])


def write_junit(path: Path, every: Sequence[Told]) -> None:
    """Write one suite, or several, whole.

    Raises:
        ResultError: the file cannot be written.
    """
    suites = [junit(told) for told in every]
    root = suites[0]
    if len(suites) > 1:
        root = ElementTree.Element("testsuites")
        root.extend(suites)
    with whole(path) as temporary:
        ElementTree.ElementTree(root).write(temporary, encoding="utf-8", xml_declaration=True)


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
        base, head = (escaped(called(side)) for side in (found.base, found.head))
        yield from ("", f"<details><summary>How {base} and {head} differ</summary>", "")
        yield from (f"| what | name | {base} | {head} |", "|---|---|---|---|")
        for it in found.differences:
            yield f"| {' | '.join(escaped(cell) for cell in (it.kind, it.name, it.base, it.head))} |"
        yield from ("", "</details>")


def junit(told: Told) -> ElementTree.Element:
    """A test case for each thing that was compared: failed, in error, skipped where undecided, else passed; what moved
    or got better is what its case has to say."""
    suite = ElementTree.Element("testsuite", name=_xml(told.name))
    wrong = [finding for finding in told.findings if finding.weight in WRONG]
    for about, belongs in told.cases.items():
        case = ElementTree.SubElement(suite, "testcase", classname=_xml(belongs), name=_xml(about))
        _told(case, next((finding for finding in wrong if about in finding.abouts), None))
        said = [it for it in told.findings if about in it.abouts and it.weight not in WRONG]
        if said:
            lines = [f"{WORDS[it.weight]}: {it.sentence}" for it in said]
            ElementTree.SubElement(case, "system-out").text = _xml("\n".join(lines))
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
