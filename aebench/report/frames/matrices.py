"""Tables of `aebench compare --base`: what became of every row in every environment."""

from __future__ import annotations

from aebench.report.frames.conditions import options
from aebench.report.frames.frame import AUTOENCODER, FAILURE, FRAMEWORK, Content, Frame, frame, text, without

HEAD = text("head", "the environment's name")
HEADS = (HEAD, text("said", "as the user named it"), FAILURE)
VERSIONS = (HEAD, FRAMEWORK, text("base_version", "of the framework"), text("head_version", "of the framework"))
PACKAGES = (HEAD, text("package", "that both hold"), text("base_version", "of it"), text("head_version", "of it"))
OUTCOMES = (
    HEAD,
    FRAMEWORK,
    AUTOENCODER,
    text("what", "numbers, quality, speed or memory"),
    text("row", "the first rung that moved, the metric or the measure"),
    text("verdict", "as the comparison has it"),
    text("weight", "how grave that is; missing: as before"),
    text("sentence", "by how much, how sure"),
    text("command", "what shows it again"),
    text("known", "why it is so, where that is known"),
    FAILURE,
)
GONE = (text("about", "what a known difference was about"), text("sentence", "that it no longer shows"))


def matrix(content: Content) -> list[Frame]:
    """A row for each row of each comparison, and one for a head that could not be compared."""
    heads = content["heads"]
    outcomes = [{"head": head["name"], **row} for head in heads for row in head["outcomes"]]
    outcomes += [{"head": head["name"], "failure": head["failure"]} for head in heads if head["failure"] is not None]
    versions = (
        {"head": head["name"], "framework": framework, "base_version": both[0], "head_version": both[1]}
        for head in heads
        for framework, both in head["versions"].items()
    )
    packages = (
        {"head": head["name"], "package": package, "base_version": both[0], "head_version": both[1]}
        for head in heads
        for package, both in head.get("packages", {}).items()
    )
    gone = ({"about": about, "sentence": sentence} for about, sentence in content["gone"])
    environments = ({"head": it["name"], **without(it, "name", "versions", "outcomes", "packages")} for it in heads)
    return [
        frame("outcomes", "What became of every row", OUTCOMES, outcomes),
        frame("gone", "Known differences that no longer show", GONE, gone),
        frame("heads", "Environments that base was held against", HEADS, environments),
        frame("versions", "Versions of the frameworks", VERSIONS, versions),
        frame("packages", "Packages that are of another version than base's", PACKAGES, packages),
        options({"base": content["base"]}),
    ]
