"""A report seen in a browser: Chromium through Playwright, where both are there; light, dark, on a phone, on paper.

`pip install playwright`, and Debian's `chromium`. AEBENCH_AXE names axe-core's axe.min.js (npm), which looks for what
readers with other needs would stumble over.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from examples import trial
from reports import parting, run

from aebench.records.opened import opened
from aebench.report.html.writing import write

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: apt install chromium")
DRAWN = "[...document.querySelectorAll('.drawing')].every((one) => one.querySelector('svg') || one.textContent)"
Open = Callable[..., tuple[Any, list[str]]]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run that parts."""
    folder = tmp_path_factory.mktemp("report")
    trials = [trial(name, seed, 0.01 + seed / 1000) for name in ("tensorflow", "pytorch") for seed in range(12)]
    write(opened([run(folder / "run", agreements=parting(), trials=trials)]), folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium."""
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def look(browser: Any, page: Path) -> Iterator[Open]:
    """Open the report in a window of such settings; the window, and what went wrong or left the page."""
    contexts = []

    def opening(anchor: str = "", **settings: Any) -> tuple[Any, list[str]]:
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings}))
        window, wrong = contexts[-1].new_page(), list[str]()
        window.on("console", lambda said: wrong.append(said.text))
        window.on("pageerror", lambda error: wrong.append(str(error)))
        window.on(
            "request", lambda it: None if it.url.startswith(("file:", "data:", "blob:")) else wrong.append(it.url)
        )
        window.goto(page.as_uri() + anchor)
        window.wait_for_function(DRAWN, timeout=60_000)
        return window, wrong

    yield opening
    for context in contexts:
        context.close()


SETTINGS = {"light": {}, "dark": {"color_scheme": "dark"}, "phone": {"viewport": {"width": 390, "height": 844}}}


@pytest.mark.parametrize("name", SETTINGS)
def test_it_is_drawn_without_a_complaint(name: str, look: Open) -> None:
    """Every plot is there, nothing is asked of a network, and the page is no wider than the window."""
    window, wrong = look(**SETTINGS[name])
    assert [] == wrong
    assert window.locator(".drawing svg").count() == window.locator(".drawing").count() > 0
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_table_sorts_and_filters(look: Open) -> None:
    """By numbers as numbers, both ways; a filter hides what lacks a word."""
    window, _ = look()
    table = window.locator("#costs-1")
    heading = table.locator("button.sort", has_text="seed")
    heading.click()
    seeds = table.locator("tbody tr td:nth-child(3)").all_inner_texts()
    assert sorted(seeds, key=int) == seeds
    heading.click()
    assert seeds[::-1] != seeds
    assert sorted(seeds, key=int, reverse=True) == table.locator("tbody tr td:nth-child(3)").all_inner_texts()
    table.locator("input.filter").fill("pytorch")
    assert 12 == table.locator("tbody tr:visible").count()


def test_a_link_unfolds_what_it_leads_to(look: Open) -> None:
    """To a row of a table that is folded, and was not in the page."""
    window, _ = look("#metrics-1-1")
    assert window.locator("#metrics-1-1").is_visible()
    folded, _ = look("#all-trials-1-2")
    folded.wait_for_selector("#all-trials-1-2", state="visible")


def test_a_pointer_shows_the_numbers_of_a_cell(look: Open) -> None:
    """Of the heat map: the rung and its headroom."""
    window, _ = look()
    window.locator("#agreement .drawing svg .mark-rect path").first.hover()
    window.wait_for_selector("#vg-tooltip-element.visible")
    assert "init" in window.locator("#vg-tooltip-element").inner_text()


def test_it_prints(look: Open) -> None:
    """In black on white, with its plots."""
    window, _ = look(color_scheme="dark")
    window.emulate_media(media="print")
    colours = window.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert ["rgb(0, 0, 0)", "rgb(255, 255, 255)"] == colours
    assert len(window.pdf()) > 10_000


@pytest.mark.skipif("AEBENCH_AXE" not in os.environ, reason="needs axe-core: AEBENCH_AXE=…/axe.min.js")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(scheme: str, look: Open) -> None:
    """axe-core finds no violation, folded and unfolded."""
    window, _ = look(color_scheme=scheme)
    window.add_script_tag(path=os.environ["AEBENCH_AXE"])
    for _ in range(2):
        found = window.evaluate("axe.run()")["violations"]
        assert [] == [(it["id"], it["nodes"][0]["html"][:200]) for it in found]
        window.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        window.wait_for_function(f"!document.querySelector('details.folded:not([data-filled])') && {DRAWN}")
