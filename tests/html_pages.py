"""A folder of HTML pages as a reader of them finds it: what each links to, asks for and says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

# What a browser fetches by itself, by tag; of a `link` that depends on what it is for.
FETCHED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "link": "href",
}
NOT_FETCHED = {"canonical", "next", "prev", "index", "search", "genindex", "author", "copyright"}
BY_STYLE = re.compile(r"@import\s+[\"']?([^\"';\s]+)|url\(\s*[\"']?([^\"')]+)")


@dataclass
class Page(HTMLParser):
    """One page. links: of a reader's; asks: of the browser's; ids: that a link may lead to."""

    path: Path
    links: list[str] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        wanted = FETCHED.get(tag)
        if wanted in found and found.get("rel") not in NOT_FETCHED:
            self.asks.append(found[wanted])

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    @property
    def text(self) -> str:
        """All that it says, each run of white space as one space."""
        return " ".join("".join(self.said).split())


def pages(folder: Path) -> dict[Path, Page]:
    """Every page of the folder by its place."""
    return {path: Page(path) for path in sorted(folder.rglob("*.html"))}


def target(page: Path, link: str) -> tuple[Path, str]:
    """The place and the anchor that a link leads to."""
    place, anchor = urldefrag(link)
    return (page.parent / unquote(place)).resolve() if place else page, unquote(anchor)


def elsewhere(link: str) -> bool:
    """Whether it leaves the folder."""
    return bool(urlsplit(link).scheme or urlsplit(link).netloc)


def dead(found: dict[Path, Page]) -> list[str]:
    """Links within the folder that lead to nothing."""
    wrong = []
    for path, page in found.items():
        for link in (it for it in page.links if not elsewhere(it)):
            place, anchor = target(path, link)
            there = place.is_file() and (not anchor or place not in found or anchor in found[place].ids)
            wrong += [] if there else [f"{path.name}: {link}"]
    return wrong


def misshapen(found: dict[Path, Page]) -> list[str]:
    """Links to other hosts that no browser could follow."""
    links = [(path, link) for path, page in found.items() for link in page.links if elsewhere(link)]
    shaped = {
        "https": r"https://[\w.-]+\.\w+(/\S*)?",
        "http": r"http://[\w.-]+\.\w+(/\S*)?",
        "mailto": r"mailto:\S+@\S+",
    }
    return [f"{path.name}: {it}" for path, it in links if not re.fullmatch(shaped.get(urlsplit(it).scheme, "none"), it)]


def unreachable(found: dict[Path, Page], begin: Path) -> set[str]:
    """Pages that no chain of links leads to."""
    seen, open_ = {begin}, [begin]
    while open_:
        path = open_.pop()
        new = {target(path, link)[0] for link in found[path].links if not elsewhere(link)} & found.keys() - seen
        seen |= new
        open_ += new
    return {path.name for path in found.keys() - seen}


def asked_of_others(folder: Path, found: dict[Path, Page]) -> list[str]:
    """What a browser would fetch from another host: by a page, or by a style sheet."""
    wrong = [f"{path.name}: {it}" for path, page in found.items() for it in page.asks if elsewhere(it)]
    for path in (*folder.rglob("*.css"), *found):
        urls = [a or b for a, b in BY_STYLE.findall(path.read_text(encoding="utf-8"))]
        wrong += [f"{path.name}: {url}" for url in urls if elsewhere(url) and not url.startswith("data:")]
    return wrong
