"""Downloads: from the first mirror that has the file right, whole or not at all, with a reason for each that failed."""

from __future__ import annotations

import gzip
import io
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from aebench.cli import main
from aebench.data import download, images, load
from aebench.errors import DataError

FIRST = images.MNIST.files[0].stem


@pytest.fixture
def mnist(fakes: dict[str, Any], mirror: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The fake MNIST, with the local mirror as the only one."""
    monkeypatch.setenv("AEBENCH_MIRROR", mirror.url)
    return fakes["mnist"]


def _leftovers(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", list(images.IMAGE_SETS))
def test_missing_files_are_downloaded_into_the_cache_and_kept(
    fakes: dict[str, Any], mirror: Any, cache: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The first load downloads the four files, the second asks for nothing."""
    monkeypatch.setenv("AEBENCH_MIRROR", mirror.url)
    mirror.serve(fakes[name], f"/{name}/")
    first = load(name)
    asked = len(mirror.asked)
    second = load(name)
    assert 4 == asked == len(mirror.asked)
    assert sorted(f"{file.stem}.gz" for file in images.MNIST.files) == _leftovers(cache)
    assert np.array_equal(first.train.inputs, second.train.inputs)


def test_only_what_the_cache_lacks_is_downloaded(mnist: Any, mirror: Any, cache: Path) -> None:
    """Three of four files in the cache: one request."""
    mirror.serve(mnist, "/mnist/")
    (mnist.write(cache / "mnist") / f"{FIRST}.gz").unlink()
    load("mnist")
    assert [f"/mnist/{FIRST}.gz"] == mirror.asked


def test_aebench_mirror_works_with_and_without_the_name_as_folder(mnist: Any, mirror: Any) -> None:
    """A mirror of one set needs no sub-folder; once the plain form worked it is tried first."""
    mirror.serve(mnist, "/")
    assert len(load("mnist").train) == 15
    assert [f"/mnist/{FIRST}.gz", f"/{FIRST}.gz"] == mirror.asked[:2]
    assert len(mirror.asked) == 5


@pytest.mark.parametrize("wrong", ["ftp://example.org/", "/data/mirror", "http://"])
def test_a_mirror_that_is_no_http_url_is_refused(
    fakes: dict[str, Any], monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """The message repeats what was found and says what a mirror looks like."""
    monkeypatch.setenv("AEBENCH_MIRROR", wrong)
    with pytest.raises(DataError, match=f"AEBENCH_MIRROR is '{wrong}'; expected a base URL"):
        load("mnist")


def _break(mirror: Any, fake: Any, fault: str) -> None:
    """Make /mnist/ fail for the first file; / is right."""
    content = fake.zipped[FIRST]
    replies = {
        "404": mirror.refuse(404),
        "500": mirror.refuse(500),
        "half": mirror.whole(content[: len(content) // 2], promised=len(content)),
        "half without length": mirror.whole(content[: len(content) // 2], promised=-1),
        "wrong checksum": mirror.whole(_other_pixels(fake)),
        "page": mirror.whole(b"<html>please log in</html>"),
    }
    mirror.serve(fake, "/")
    mirror.replies[f"/mnist/{FIRST}.gz"] = [replies[fault]]


def _other_pixels(fake: Any) -> bytes:
    content = bytearray(fake.payloads[FIRST])
    content[100] ^= 1
    return gzip.compress(bytes(content))


REASONS = {
    "404": "HTTP 404 Not Found",
    "500": r"HTTP 500 Internal Server Error \(3 attempts\)",
    "half": r"IncompleteRead.* \(3 attempts\)",
    "half without length": "the file is cut short: the gzip stream stops after",
    "wrong checksum": "the file has corrupt bytes: the SHA-256",
    "page": "the file is not gzip although its name says so: it begins with b'<html>pl",
}


@pytest.mark.parametrize("fault", REASONS)
def test_the_second_mirror_helps_when_the_first_fails(mnist: Any, mirror: Any, cache: Path, fault: str) -> None:
    """Whatever the first mirror does wrong, the file comes from the second, and nothing of the first stays."""
    _break(mirror, mnist, fault)
    assert len(load("mnist").train) == 15
    assert sorted(f"{file.stem}.gz" for file in images.MNIST.files) == _leftovers(cache)


@pytest.mark.parametrize("fault", REASONS)
def test_when_all_mirrors_fail_each_has_its_reason(mnist: Any, mirror: Any, cache: Path, fault: str) -> None:
    """The message lists every mirror and why, how to supply the files by hand, and what needs no network."""
    _break(mirror, mnist, fault)
    mirror.replies[f"/{FIRST}.gz"] = [mirror.refuse(403)]
    with pytest.raises(DataError) as caught:
        load("mnist")
    lines = str(caught.value).splitlines()
    assert f"mnist: {FIRST}.gz could not be downloaded from any mirror:" == lines[0]
    assert lines[1].startswith(f"  {mirror.url}mnist/{FIRST}.gz: ")
    assert re.search(REASONS[fault], lines[1])
    assert f"  {mirror.url}{FIRST}.gz: HTTP 403 Forbidden" == lines[2]
    assert all(hint in lines[3] for hint in ("--data-dir", "AEBENCH_DATA", "AEBENCH_MIRROR", "`--dataset digits`"))
    assert _leftovers(cache) == []


def test_a_refused_connection_is_a_reason(fakes: dict[str, Any], mirror: Any) -> None:
    """No network at all: the known mirror is named with the system's own words."""
    with pytest.raises(DataError, match=r"http://127.0.0.1:1/.*ConnectionError.*Connection refused.*\(3 attempts\)"):
        load("mnist")


def test_a_fault_that_passes_is_outlived(mnist: Any, mirror: Any) -> None:
    """Two lost attempts, a status 503 and half a body, then the file: the same mirror serves it."""
    mirror.serve(mnist, "/mnist/")
    content = mnist.zipped[FIRST]
    mirror.replies[f"/mnist/{FIRST}.gz"] = [
        mirror.refuse(503), mirror.whole(content[:100], promised=len(content)), mirror.whole(content),
    ]  # fmt: skip
    assert len(load("mnist").train) == 15
    assert len(mirror.asked) == 6


def test_a_missing_file_is_not_asked_for_again(mnist: Any, mirror: Any) -> None:
    """A 404 does not pass: one attempt at each mirror, no pause."""
    with pytest.raises(DataError, match="HTTP 404"):
        load("mnist")
    assert [f"/mnist/{FIRST}.gz", f"/{FIRST}.gz"] == mirror.asked


def test_attempts_are_spaced(mnist: Any, mirror: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the attempts at one mirror lie the pauses of the module."""
    slept: list[float] = []
    monkeypatch.setattr(download, "PAUSES", (0.25, 0.75))
    monkeypatch.setattr(time, "sleep", slept.append)
    _break(mirror, mnist, "500")
    load("mnist")
    assert [pause for pause in slept if pause in download.PAUSES] == [0.25, 0.75]


def test_without_pooch_the_message_installs_it(mnist: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing library is an error of the house with the command."""
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(DataError, match=r"^downloads need the library pooch .* pip install pooch"):
        load("mnist")


def test_a_cache_that_cannot_be_written_is_an_error_of_the_house(mnist: Any, mirror: Any, cache: Path) -> None:
    """A file stands where the cache folder should be: the message names the target, not the mirror."""
    mirror.serve(mnist, "/mnist/")
    cache.parent.mkdir(exist_ok=True)
    cache.write_text("in the way")
    with pytest.raises(DataError, match=f"cannot write {cache / 'mnist' / FIRST}.gz: .*XDG_CACHE_HOME"):
        load("mnist")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_only(
    mnist: Any, mirror: Any, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal a download prints nothing; on one it draws a line for each file up to 100 %."""
    mirror.serve(mnist, "/mnist/")
    load("mnist")
    assert capsys.readouterr() == ("", "")
    for path in cache.rglob("*.gz"):
        path.unlink()
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    load("mnist")
    lines = terminal.getvalue().split("\n")
    assert len(lines) == 5
    assert lines[0].endswith(f"{FIRST}.gz 100% of 0.0 MB")


def test_a_line_of_progress_ends_when_the_download_breaks(
    mnist: Any, mirror: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is printed after a broken download begins on a line of its own."""
    _break(mirror, mnist, "half")
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    load("mnist")
    assert terminal.getvalue().endswith("\n")
    assert all(line.count("\r") <= 4 for line in terminal.getvalue().split("\n"))


@pytest.mark.parametrize(
    "words", ["run sparse -f reference", "compare here {python} sparse -f reference --only numbers"]
)
def test_a_dry_run_downloads_nothing(mnist: Any, mirror: Any, cache: Path, words: str) -> None:
    """It says what would be downloaded, and from then on downloads are made as before."""
    mirror.serve(mnist, "/mnist/")
    arguments = [*words.format(python=sys.executable).split(), "-d", "mnist", "--dry-run"]
    done = CliRunner().invoke(main, arguments)
    assert (2, [], False) == (done.exit_code, mirror.asked, cache.exists()), done.output
    assert "mnist: not here yet: " in done.output
    assert "A dry run downloads nothing." in done.output
    assert load("mnist").name == "mnist"


def test_what_a_killed_download_left_goes_with_a_later_one(mnist: Any, mirror: Any, cache: Path) -> None:
    """The part of yesterday; that of an hour ago may be another process's, which still writes it."""
    mirror.serve(mnist, "/mnist/")
    folder = cache / "mnist"
    folder.mkdir(parents=True)
    for number, hours in ((1, 25), (2, 1)):
        part = folder / f".{FIRST}.gz.{number}.partial"
        part.touch()
        os.utime(part, times=(time.time() - 3600 * hours,) * 2)
    load("mnist")
    assert [f".{FIRST}.gz.2.partial"] == [name for name in _leftovers(cache) if name.endswith(".partial")]
