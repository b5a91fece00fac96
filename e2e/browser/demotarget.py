"""The demo target as a process, and its access log: what really arrived."""

import json
import re
from pathlib import Path

from processes import SWELL, Process, Processes, listening


class Target:
    def __init__(self, processes: Processes, log: Path, *args: str) -> None:
        port = processes.free_port()
        self.host = f"http://127.0.0.1:{port}"
        self._log = log
        listen = ("--listen", f"127.0.0.1:{port}", "--access-log", log)
        self._process = processes.start("target", SWELL, "target", *listen, *args)
        listening(port, self._process)

    def ended(self) -> list[dict]:
        """Ends the target and returns its whole log."""
        assert self._process.interrupt() == 0
        return accesses(self._log)


def accesses(log: Path) -> list[dict]:
    """The log of a target that has ended: one entry a request.

    A JSON line ends with a newline and nothing else. A path may hold what Unicode, and so splitlines, takes for the
    end of a line, as U+0085.
    """
    with log.open(encoding="utf-8", newline="\n") as lines:
        return [json.loads(line) for line in lines]


def cancelled(*workers: Process) -> list[int]:
    """How many requests the workers say they broke off, for each of their tests that has ended."""
    endings = re.findall(r"the test is over.*", "\n".join(worker.output() for worker in workers))
    counts = [re.search(r"cancelled in flight: (\d+)", line) for line in endings]
    return [int(count[1]) if count else 0 for count in counts]


def told(worker: Process) -> list[int]:
    """How many requests the worker says it counted, for each of its tests that has ended."""
    return [int(n) for n in re.findall(r"the test is over, [^:]*: (\d+) requests counted", worker.output())]


def heard_out(demo: Process) -> bool:
    """The demo's master, which listens for half a second after its quit, has read its worker's goodbye."""
    return bool(re.search(r"Worker '[^']*' \(index \d+\) quit\.", demo.output()))


def assert_agree(counted: int, arrived: int, cancelled: int) -> None:
    """Nothing was lost or made up. A request that was cancelled may or may not have arrived."""
    assert counted <= arrived <= counted + cancelled, (
        f"the master counted {counted} requests, {arrived} arrived and {cancelled} were cancelled"
    )
