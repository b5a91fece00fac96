"""An experiment typed into Locust's form: what is wrong is said there, what is right runs."""

from pathlib import Path

from demotarget import Target
from playwright.sync_api import Page, expect
from processes import LOCUST, ROOT, SWELL, Processes, listening
from webui import WebUI
from witness import Witness


def test_experiment(page: Page, witness: Witness, processes: Processes, tmp_path: Path) -> None:
    target = Target(processes, tmp_path / "access.jsonl")
    web, port = processes.free_port(), processes.free_port()
    master = processes.start(
        "master", LOCUST, "-f", ROOT / "locust" / "locustfile.py", "--master", "--master-bind-host", "127.0.0.1",
        "--master-bind-port", port, "--web-host", "127.0.0.1", "--web-port", web, "--host", target.host,
    )  # fmt: skip
    listening(port, master)
    processes.start("worker", SWELL, "worker", "--master-host", "127.0.0.1", "--master-port", port)
    listening(web, master)
    ui = WebUI(page, "experiment")

    page.goto(f"http://127.0.0.1:{web}/")
    ui.expect_header("Workers", "1")
    expect(ui.field("Number of users")).to_have_value("10")
    expect(ui.field("Ramp up")).to_have_value("2")
    ui.button("Custom parameters").click()
    expect(ui.field("Load Seed")).to_be_visible()
    page.screenshot(path=ui.picture("form"), full_page=True)

    ui.field("Load Warmup Duration").fill("soon")
    ui.field("Load Baseline Task Weights").fill('{"browse": -3}')
    ui.button("Start").click()
    sentences = page.get_by_role("alert")
    expect(sentences).to_contain_text(
        'LOAD_WARMUP_DURATION: must be a number of seconds from 0 to 2592000 (got "soon")'
    )
    expect(sentences).to_contain_text('LOAD_BASELINE_TASK_WEIGHTS: weight of "browse" must be ≥ 0 (got -3)')
    sentences.scroll_into_view_if_needed()
    ui.picture("refused")
    ui.expect_header("Status", "ready")

    ui.field("Load Warmup Duration").fill("12")  # several polls of the page, each 2 s
    ui.field("Load Baseline Task Weights").fill('{"browse": 3, "index": 0.5}')
    ui.field("Load Intervention Users").fill("17")
    ui.field("Load Intervention Spawn Rate").fill("100")
    ui.start(users=5, ramp_up=100, host=target.host)
    ui.expect_header("Users", "17")
    assert "The warm-up of 12 s is over: intervention with 17 users, spawn rate 100" in master.output()
    ui.edit(users=6, ramp_up=100)
    ui.picture("edited")
    ui.stop()
    witness.assert_untroubled()
