"""Compares what a request costs in CPU: Locust's own workers and Swell's, one after the other in one run.

    make bench-workers

Each worker runs alone under a stock master, sends the same request to the demo target at the same rate, and its CPU
time over the run is divided by the requests that the master counted. Absolute times are those of the machine; the
ratios are what to quote.
"""

import contextlib
import csv
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
LOCUST = Path(sys.executable).parent / "locust"
USERS, RATE, SECONDS = 80, 5, 20
STUB = "from locust import User, task\n\n\nclass BenchUser(User):\n    @task\n    def payment(self):\n        pass\n"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until_listening(port):
    for _ in range(200):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nobody listens on port {port}")


class Target:
    """The demo target, which adds no time of its own."""

    def __init__(self, swell, port):
        self.host = f"http://127.0.0.1:{port}"
        command = [swell, "target", "--listen", f"127.0.0.1:{port}", "--service-time", "0"]
        self.process = psutil.Popen(command, stderr=subprocess.DEVNULL)
        wait_until_listening(port)


def cpu(process):
    """Seconds of CPU that a process has used."""
    times = process.cpu_times()
    return times.user + times.system


def measure(worker, env, locustfile, folder, target):
    """Runs one worker under a headless master: its and the target's CPU time per request in microseconds, the rest."""
    port, prefix = free_port(), Path(folder) / "run"
    env = {**os.environ, **env, "BENCH_RATE": str(RATE)}
    command = [LOCUST, "-f", locustfile, "--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", str(port)]
    command += ["--headless", "-u", str(USERS), "-r", str(USERS), "-t", f"{SECONDS}s", "--host", target.host]
    command += ["--csv", prefix, "--only-summary"]
    master = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until_listening(port)
    address = ["--master-host", "127.0.0.1", "--master-port", str(port)]
    process = psutil.Popen([*worker, *address], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    used, before = 0.0, cpu(target.process)
    while master.poll() is None:
        with contextlib.suppress(psutil.Error):
            used = cpu(process)
        time.sleep(0.1)
    served = cpu(target.process) - before
    process.wait(30)
    with Path(f"{prefix}_stats.csv").open() as file:
        total = next(row for row in csv.DictReader(file) if row["Name"] == "Aggregated")
    requests, failures = int(total["Request Count"]), int(total["Failure Count"])
    if failures or requests < USERS * RATE * SECONDS * 0.8:
        sys.exit(f"{worker[0]}: {requests} requests, {failures} failures: it cannot be compared")
    return used / requests * 1e6, served / requests * 1e6, requests, float(total["95%"])


def main():
    with tempfile.TemporaryDirectory() as folder:
        for program, source in (("swell", "."), ("worker", "./bench/worker")):
            subprocess.run(["go", "build", "-o", f"{folder}/{program}", source], cwd=ROOT, check=True)
        stub = Path(folder) / "stub.py"
        stub.write_text(STUB)
        target = Target(f"{folder}/swell", free_port())
        own = ROOT / "bench" / "locustfile.py"
        python_worker = [LOCUST, "-f", own, "--worker"]
        try:
            http = measure(python_worker, {"BENCH_CLIENT": "http"}, own, folder, target)
            fast = measure(python_worker, {"BENCH_CLIENT": "fasthttp"}, own, folder, target)
            swell = measure([f"{folder}/worker", "worker"], {}, stub, folder, target)
        finally:
            target.process.terminate()
            target.process.wait(10)
    print("| worker | requests | CPU per request | against Swell | the target's CPU | 95th percentile |")
    print("|---|---|---|---|---|---|")
    runs = (("Locust, HttpUser", http), ("Locust, FastHttpUser", fast), ("Swell", swell))
    for name, (cost, served, requests, p95) in runs:
        print(f"| {name} | {requests} | {cost:.0f} µs | {cost / swell[0]:.1f} × | {served:.0f} µs | {p95:.0f} ms |")


if __name__ == "__main__":
    main()
