"""The demo as its user sees it: `swell demo`, then everything in the web UI."""

import csv
import re
from pathlib import Path

from demotarget import Target, accesses, assert_agree, cancelled, heard_out, told
from playwright.sync_api import Page, expect
from processes import SWELL, Process, Processes, listening
from webui import WebUI
from witness import Witness

# A request of every task, by method and name.
REQUESTS = [
    ("GET", "/"),
    ("GET", "/static/logo.png"),
    ("GET", "/merchants/[id]"),
    ("GET", "/payments?[filter]"),
    ("POST", "/payments"),
    ("GET", "/payment_intents/[id]/receipt"),
]


def test_demo(page: Page, witness: Witness, processes: Processes, tmp_path: Path) -> None:
    web, master, port = (processes.free_port() for _ in range(3))
    own_log = tmp_path / "own.jsonl"
    ports = ("--web-port", web, "--master-port", master, "--target-port", port)
    demo = processes.start("demo", SWELL, "demo", *ports, "--access-log", own_log)
    other = Target(processes, tmp_path / "other.jsonl")
    listening(web, demo)
    ui = WebUI(page, "demo")

    page.goto(f"http://127.0.0.1:{web}/")
    ui.expect_header("Workers", "1")
    expect(ui.field("Host")).to_have_value(f"http://127.0.0.1:{port}")
    ui.picture("form")

    ui.start(users=30, ramp_up=10, host=other.host)
    statistics_fill(ui)
    charts_are_drawn(ui)
    one_worker_runs(ui, users=30)
    nothing_fails(ui)
    ui.edit(users=40, ramp_up=20)
    one_worker_runs(ui, users=40)
    ui.open("Statistics")
    ui.picture("statistics")
    ui.stop()
    counts = downloaded(ui, tmp_path)
    the_page_agrees(ui, counts)
    arrived = other.ended()
    assert own_log.read_text() == "", "the demo's own target had traffic although the form named another host"
    for method in ("GET", "POST"):
        log = [access for access in arrived if access["method"] == method]
        assert_agree(counts[method], len(log), cancelled(demo)[0])
    assert_agree(counts["Aggregated"], len(arrived), cancelled(demo)[0])

    ui.button("New").click()
    expect(ui.field("Host")).to_have_value(other.host)
    ui.start(users=10, ramp_up=10, host=f"http://localhost:{port}")
    ui.open("Statistics")
    ui.expect_growth(ui.cell(ui.row("Aggregated"), "# Requests"))
    ui.picture("second-test")
    witness.assert_untroubled()
    page.close()
    code = demo.interrupt()
    assert code in (0, 2), "SIGINT can end a stock master with 2, when it hits a greenlet that is busy"
    assert f"Shutting down (exit code {code})" in demo.output()
    counted = told(demo)[1]
    if heard_out(demo):
        assert printed_total(demo) == counted
    assert printed_total(demo) <= counted
    assert_agree(counted, len(accesses(own_log)), cancelled(demo)[1])


def statistics_fill(ui: WebUI) -> None:
    for method, name in REQUESTS:
        row = ui.row(method, name)
        expect(ui.cell(row, "# Requests")).to_have_text(re.compile(r"^[1-9]\d*$"))
        expect(ui.cell(row, "# Fails")).to_have_text("0")
        expect(ui.cell(row, "Average size (bytes)")).not_to_have_text("0")
    ui.expect_growth(ui.cell(ui.row("POST", "/payments"), "# Requests"))
    ui.expect_growth(ui.cell(ui.row("Aggregated"), "# Requests"))
    expect(ui.header("RPS")).to_have_text(re.compile(r"[1-9]"))
    ui.expect_header("Failures", "0%")
    ui.picture("statistics-early")


def charts_are_drawn(ui: WebUI) -> None:
    ui.open("Charts")
    ui.expect_curves(charts=3)
    ui.picture("charts")
    ui.page.locator("canvas").last.scroll_into_view_if_needed()
    ui.picture("charts-users")


def one_worker_runs(ui: WebUI, users: int) -> None:
    ui.open("Workers")
    expect(ui.rows()).to_have_count(1)
    row = ui.rows()
    expect(ui.cell(row, "State")).to_have_text("running")
    expect(ui.cell(row, "# users")).to_have_text(str(users))
    expect(ui.cell(row, "CPU usage")).to_have_text(re.compile(r"[1-9]"))
    expect(ui.cell(row, "Memory usage")).to_have_text(re.compile(r"^[1-9]\d*(\.\d+)? MB$"))
    ui.picture(f"workers-{users}")


def nothing_fails(ui: WebUI) -> None:
    for tab in ("Failures", "Exceptions"):
        ui.open(tab)
        expect(ui.page.get_by_role("columnheader").first).to_be_visible()
        expect(ui.rows()).to_have_count(0)
        ui.picture(tab.lower())
    ui.open("Current Ratio")
    expect(ui.page.get_by_role("listitem").filter(has_text="7.6% checkout").first).to_be_visible()
    ui.picture("ratio")
    ui.open("Logs")
    expect(ui.page.get_by_text("All users spawned")).to_be_visible()
    ui.picture("logs")


def downloaded(ui: WebUI, folder: Path) -> dict[str, int]:
    """The counts of the statistics' CSV by method, and in all."""
    ui.open("Download Data")
    ui.picture("download")
    file = ui.download("Download requests CSV", folder / "requests.csv")
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert {(row["Type"], row["Name"]) for row in rows} >= set(REQUESTS)
    counts: dict[str, int] = {}
    for row in rows:
        assert row["Failure Count"] == "0", row
        key = row["Type"] or row["Name"]
        counts[key] = counts.get(key, 0) + int(row["Request Count"])
    assert 2 * counts["Aggregated"] == sum(counts.values()) > 400
    return counts


def the_page_agrees(ui: WebUI, counts: dict[str, int]) -> None:
    """What the page shows of a stopped test is what was downloaded."""
    ui.open("Statistics")
    expect(ui.cell(ui.row("Aggregated"), "# Requests")).to_have_text(str(counts["Aggregated"]))
    ui.picture("stopped")
    ui.open("Workers")
    expect(ui.cell(ui.rows(), "State")).to_have_text("ready")
    expect(ui.cell(ui.rows(), "# users")).to_have_text("0")
    ui.picture("workers-stopped")


def printed_total(demo: Process) -> int:
    """The total of the table that the master prints at its end."""
    totals = re.findall(r"Aggregated\s+(\d+)\s+0\(0\.00%\)", demo.output())
    assert totals, "the master has not printed its table"
    return int(totals[-1])
