"""Small IDX sets in the place of the real ones, a cache of the test's own, and a local mirror that can misbehave."""

from __future__ import annotations

import gzip
import hashlib
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from aebench.data import download, images, places

N_TRAIN, N_VALIDATION, N_TEST = 20, 5, 8
Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class FakeSet:
    """A small image set under the real names: the arrays, and the uncompressed and gzipped bytes by stem."""

    images: np.ndarray
    labels: np.ndarray
    payloads: dict[str, bytes]
    zipped: dict[str, bytes]

    @staticmethod
    def idx_bytes(magic: int, values: np.ndarray) -> bytes:
        """An IDX file, uncompressed."""
        return struct.pack(f">{1 + values.ndim}I", magic, *values.shape) + values.astype(np.uint8).tobytes()

    def write(self, folder: Path, *, compressed: bool = True) -> Path:
        """The four files in the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for stem, content in (self.zipped if compressed else self.payloads).items():
            (folder / (f"{stem}.gz" if compressed else stem)).write_bytes(content)
        return folder


def _fake(seed: int) -> FakeSet:
    total = N_TRAIN + N_TEST
    pixels = (np.arange(total * 784) * (seed + 3) % 256).reshape(total, 28, 28)
    labels = (np.arange(total) + seed) % 10
    split = slice(0, N_TRAIN), slice(N_TRAIN, None)
    arrays = [(2051, pixels[split[0]]), (2049, labels[split[0]]), (2051, pixels[split[1]]), (2049, labels[split[1]])]
    payloads = {
        file.stem: FakeSet.idx_bytes(magic, values)
        for file, (magic, values) in zip(images.MNIST.files, arrays, strict=True)
    }
    zipped = {stem: gzip.compress(payload, mtime=0) for stem, payload in payloads.items()}
    return FakeSet(pixels, labels, payloads, zipped)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a cache of the test's own; no folder is named by the environment."""
    root = tmp_path / "cache"
    monkeypatch.setattr(places, "cache_dir", lambda name: root / name)
    for variable in (places.DATA_VARIABLE, download.MIRROR_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    return root


@pytest.fixture
def fakes(cache: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeSet]:
    """Small mnist and fashion-mnist, known by their checksums in the place of the real ones; no mirrors."""
    made = {"mnist": _fake(0), "fashion-mnist": _fake(1)}
    table = {}
    for name, fake in made.items():
        files = []
        for file in images.IMAGE_SETS[name].files:
            sha256 = hashlib.sha256(fake.payloads[file.stem]).hexdigest() if file.sha256 else ""
            md5 = hashlib.md5(fake.zipped[file.stem]).hexdigest() if file.md5 else ""
            count = N_TEST if file.stem.startswith("t10k") else N_TRAIN
            files.append(replace(file, count=count, sha256=sha256, md5=md5))
        table[name] = replace(
            images.IMAGE_SETS[name], files=tuple(files), n_validation=N_VALIDATION, mirrors=("http://127.0.0.1:1/",)
        )
    monkeypatch.setattr(images, "IMAGE_SETS", table)
    return made


@dataclass
class Mirror:
    """A server on this machine. `replies` maps a path to what is done in turn, the last one for good; else 404."""

    url: str
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def serve(self, fake: FakeSet, prefix: str = "/") -> None:
        """Serve the four gzipped files under the prefix."""
        for stem, content in fake.zipped.items():
            self.replies[f"{prefix}{stem}.gz"] = [self.whole(content)]

    @staticmethod
    def whole(content: bytes, *, promised: int | None = None) -> Reply:
        """Status 200 and the content; `promised` another length than it has, -1 for no length at all."""

        def reply(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            length = len(content) if promised is None else promised
            if length >= 0:
                handler.send_header("Content-Length", str(length))
            handler.end_headers()
            handler.wfile.write(content)

        return reply

    @staticmethod
    def refuse(status: int) -> Reply:
        """Answer with that status."""
        return lambda handler: handler.send_error(status)


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """A local mirror that no proxy stands before; pauses between attempts are none."""
    served = Mirror(url="")

    def answer(handler: BaseHTTPRequestHandler) -> None:
        served.asked.append(handler.path)
        replies = served.replies.get(handler.path, [served.refuse(404)])
        (replies.pop(0) if len(replies) > 1 else replies[0])(handler)

    quiet = {"do_GET": answer, "log_message": lambda *_: None}
    handler_class = type("Handler", (BaseHTTPRequestHandler,), quiet)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_class)
    served.url = f"http://127.0.0.1:{server.server_port}/"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSES", (0.0, 0.0))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    server.shutdown()
    thread.join()
    server.server_close()
