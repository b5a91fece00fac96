"""Fixtures: a real Chromium, real processes, and what they said if a test failed."""

import contextlib
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright
from processes import LOCUST, PATIENCE, ROOT, SWELL, Processes
from webui import ARTIFACTS
from witness import Witness

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync"
)
PROCESSES: pytest.StashKey[Processes] = pytest.StashKey()
PAGE: pytest.StashKey[Page] = pytest.StashKey()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    for program, hint in {SWELL: "make build", LOCUST: "make venv", CHROMIUM: "apt-get install chromium"}.items():
        assert program.exists(), f"the browser tests need {program}: run `{hint}` first"
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split(), timeout=2 * PATIENCE * 1000)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(PATIENCE * 1000)
    yield context
    context.close()


@pytest.fixture
def witness(context: BrowserContext) -> Witness:
    return Witness(context)


@pytest.fixture
def page(request: pytest.FixtureRequest, context: BrowserContext, witness: Witness) -> Page:
    page = context.new_page()
    request.node.stash[PAGE] = page
    return page


@pytest.fixture
def processes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path)
    request.node.stash[PROCESSES] = processes
    yield processes
    processes.end()


@pytest.fixture(scope="session")
def testworker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worker with user classes that fail in every way, built."""
    program = tmp_path_factory.mktemp("testworker") / "testworker"
    subprocess.run(["go", "build", "-o", str(program), "./e2e/testworker"], cwd=ROOT, check=True)
    return program


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows what the processes said, and takes a picture of the page, when a test has failed."""
    report = yield
    if not report.failed:
        return report
    processes = item.stash.get(PROCESSES, None)
    for process in processes.started if processes else []:
        report.sections.append((f"output of {process.name}", process.output()))
    page = item.stash.get(PAGE, None)
    if call.when == "call" and page and not page.is_closed():
        picture = ARTIFACTS / f"failed-{item.name}.png"
        with contextlib.suppress(Error):  # the page may be what is broken
            page.screenshot(path=picture)
        report.sections.append(("the page", str(picture)))
    return report
