"""Real processes of one test: started, watched and ended by their own handle.

Owns: start, free ports, waiting, output. Does not know what the programs do.

    target = processes.start("target", SWELL, "target", "--listen", f"127.0.0.1:{port}")
    processes.listening(port, target)
    assert target.interrupt() == 0
"""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SWELL = ROOT / "bin" / "swell"
LOCUST = ROOT / ".venv" / "bin" / "locust"

# How long something may take that happens at once on a quiet machine, in seconds. It bounds failures only.
PATIENCE = 60


class Process:
    """A running program; its output goes to a file."""

    def __init__(self, name: str, output: Path, command: list[str]) -> None:
        self.name = name
        self._output = output
        env = {key: value for key, value in os.environ.items() if not key.startswith("LOCUST_")}
        with output.open("wb") as out:
            self._popen = subprocess.Popen(
                command,
                cwd=ROOT,
                env=env | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def output(self) -> str:
        return self._output.read_text(errors="replace")

    def running(self) -> bool:
        return self._popen.poll() is None

    def interrupt(self) -> int:
        """Sends SIGINT, as Ctrl-C does, and returns the exit code."""
        self._popen.send_signal(signal.SIGINT)
        return self._popen.wait(2 * PATIENCE)

    def end(self) -> None:
        """Ends what still runs: asked first, then killed."""
        if not self.running():
            return
        self._popen.terminate()
        try:
            self._popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


class Processes:
    """All processes of a test, in the order of their start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._given: set[int] = set()
        self.started: list[Process] = []

    def start(self, name: str, program: Path, *args: object) -> Process:
        process = Process(name, self._folder / f"{name}.out", [str(program), *map(str, args)])
        self.started.append(process)
        return process

    def end(self) -> None:
        for process in reversed(self.started):
            process.end()

    def free_port(self) -> int:
        """A port that nobody uses, below those the system gives to outgoing connections, so that none takes it."""
        while True:
            port = random.randrange(20_000, 32_000)
            with socket.socket() as probe:
                if port not in self._given and probe.connect_ex(("127.0.0.1", port)) != 0:
                    self._given.add(port)
                    return port


def listening(port: int, process: Process) -> None:
    """Waits until the process accepts connections."""

    def accepts() -> bool:
        assert process.running(), f"{process.name} has ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    until(f"{process.name} listens on port {port}", accepts)


def until(what: str, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE} s in vain until {what}"
        time.sleep(0.05)
