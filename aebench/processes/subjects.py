"""What the frameworks' processes say about themselves."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait

from aebench.errors import AebenchError
from aebench.processes.worker import FrameworkProcess
from aebench.records import capture
from aebench.records.conditions import Subject


def subjects(processes: Mapping[str, FrameworkProcess]) -> dict[str, Subject]:
    """Each process's subject by its name, all asked at once, since that imports the frameworks.

    One that cannot say is asked once more, in a new process: it may have hung, or have been killed. What then cannot is
    left out: it will not compute, either, and has a row with the reason.
    """
    found = _asked(processes)
    return found | _asked({name: process for name, process in processes.items() if name not in found})


def _asked(processes: Mapping[str, FrameworkProcess]) -> dict[str, Subject]:
    found: dict[str, Subject] = {}
    with ThreadPoolExecutor(len(processes) or 1) as threads:
        futures: dict[str, Future[Subject]] = {
            name: threads.submit(process.call, capture.subject, name) for name, process in processes.items()
        }
        try:
            wait(futures.values())
        except BaseException:
            # An interruption waits for nobody.
            for process in processes.values():
                process.close()
            raise
        for name, future in futures.items():
            try:
                found[name] = future.result()
            except AebenchError:
                continue
    return found
