"""Failures, exceptions and errors of the workers, each in its tab."""

import re
import subprocess
from pathlib import Path

from demotarget import Target, cancelled
from playwright.sync_api import Page, expect
from processes import LOCUST, Processes, listening
from webui import WebUI
from witness import Witness

# The cause of each request's failures, in Locust's words.
FAILURES = {
    "/payments/[id]": "HTTPError('404 Client Error: Not Found for url: /payments/[id]')",
    "/closed-port": "ConnectionRefusedError(111, 'Connection refused')",
    "/checked": "CatchResponseError('the page has no basket')",
}
TASK_ERROR = "FailingUser.task_error: buy a chair: out of stock"
TASK_PANIC = "FailingUser.task_panic: panic: assignment to entry in nil map"
COUNT_OVER_ONE = re.compile(r"^([2-9]|[1-9]\d+)$")


def test_failures(page: Page, witness: Witness, processes: Processes, testworker: Path, tmp_path: Path) -> None:
    target = Target(processes, tmp_path / "access.jsonl")
    web, port = processes.free_port(), processes.free_port()
    master = processes.start("master", LOCUST, *master_options(testworker, tmp_path, web, port), "--host", target.host)
    listening(port, master)
    worker = processes.start("worker", testworker, "worker", "--master-host", "127.0.0.1", "--master-port", port)
    listening(web, master)
    ui = WebUI(page, "failures")

    page.goto(f"http://127.0.0.1:{web}/")
    ui.expect_header("Workers", "1")
    pick_failing_user(ui)
    ui.start(users=10, ramp_up=10, host=target.host)
    statistics_are_all_failures(ui)
    failures_are_one_row_per_cause(ui)
    exceptions_are_counted(ui)
    logs_show_the_errors(ui)
    ui.stop()
    log = target.ended()
    not_found = sum(access["status"] == 404 for access in log)
    expect_failures(ui, "/payments/[id]", not_found, cancelled(worker)[0])
    expect_failures(ui, "/checked", len(log) - not_found, cancelled(worker)[0])
    ui.picture("stopped")
    witness.assert_untroubled()


def master_options(testworker: Path, folder: Path, web: int, port: int) -> list[object]:
    locustfile = folder / "locustfile.py"
    locustfile.write_bytes(subprocess.run([testworker, "locustfile"], check=True, stdout=subprocess.PIPE).stdout)
    master = ["--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    return ["-f", locustfile, *master, "--web-host", "127.0.0.1", "--web-port", web, "--class-picker"]


def pick_failing_user(ui: WebUI) -> None:
    everyone = ui.page.get_by_role("columnheader").get_by_role("checkbox")
    expect(everyone).to_be_checked()
    everyone.uncheck()
    ui.row("FailingUser").get_by_role("checkbox").check()
    expect(ui.page.get_by_role("checkbox", checked=True)).to_have_count(1)
    ui.picture("class-picker")


def statistics_are_all_failures(ui: WebUI) -> None:
    expect(ui.rows()).to_have_count(len(FAILURES) + 1)
    for name in FAILURES:
        expect(ui.cell(ui.row("GET", name), "# Fails")).to_have_text(COUNT_OVER_ONE)
    ui.expect_header("Failures", "100%")
    ui.picture("statistics")


def failures_are_one_row_per_cause(ui: WebUI) -> None:
    ui.open("Failures")
    expect(ui.rows()).to_have_count(len(FAILURES))
    for name, cause in FAILURES.items():
        row = ui.row("GET", name)
        expect(ui.cell(row, "Message")).to_have_text(cause)
        expect(ui.cell(row, "# Failures")).to_have_text(COUNT_OVER_ONE)
    ui.picture("failures")


def exceptions_are_counted(ui: WebUI) -> None:
    ui.open("Exceptions")
    expect(ui.rows()).to_have_count(2)
    for message, trace in {TASK_ERROR: r"testworker/main\.go", TASK_PANIC: r"testworker/main\.go:\d+"}.items():
        row = ui.row(message)
        expect(ui.cell(row, "# occurrences")).to_have_text(COUNT_OVER_ONE)
        expect(ui.cell(row, "Traceback")).to_have_text(re.compile(trace))
    ui.picture("exceptions")


def logs_show_the_errors(ui: WebUI) -> None:
    ui.open("Logs")
    logs = ui.page.get_by_role("main")
    expect(logs.get_by_role("heading", name="Worker Logs")).to_be_visible()
    logs.get_by_role("button").click()  # the one worker
    for error in (TASK_ERROR, TASK_PANIC):
        expect(logs.get_by_text(re.compile(rf"ERROR/swell\.worker: {re.escape(error)}")).first).to_be_visible()
    ui.picture("logs")


def expect_failures(ui: WebUI, name: str, arrived: int, cancelled: int) -> None:
    """Waits until the tabs of a stopped test show as many failures as requests have arrived
    (a request that was cancelled may have arrived and is not counted)."""
    right = re.compile(rf"^({'|'.join(str(n) for n in range(arrived - cancelled, arrived + 1))})$")
    for tab, column in {"Statistics": "# Fails", "Failures": "# Failures"}.items():
        ui.open(tab)
        expect(ui.cell(ui.row("GET", name), column)).to_have_text(right)
