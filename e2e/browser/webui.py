"""Locust's web UI as its user sees it: found by roles and texts, waited for, never slept for.

Owns: where things are on the page, and the pictures in e2e/artifacts. Does not know what is right.
"""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from processes import ROOT

ARTIFACTS = ROOT / "e2e" / "artifacts"

# For each chart: how many rows of pixels its curves touch. Legend, axes and grid do not count: they are grey or above.
CURVES = """charts => charts.map(chart => {
    const {width, height} = chart, legend = 60 * height / chart.clientHeight;
    const pixels = chart.getContext('2d').getImageData(0, legend, width, height - legend).data;
    const rows = new Set();
    for (let i = 0; i < pixels.length; i += 4) {
        const [r, g, b, a] = pixels.slice(i, i + 4);
        if (a > 128 && Math.max(r, g, b) - Math.min(r, g, b) > 60) rows.add(Math.floor(i / 4 / width));
    }
    return rows.size;
})"""


class WebUI:
    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self._name = name
        ARTIFACTS.mkdir(exist_ok=True)

    def picture(self, name: str) -> Path:
        path = ARTIFACTS / f"{self._name}-{name}.png"
        self.page.screenshot(path=path, animations="disabled")
        return path

    # The header

    def header(self, label: str) -> Locator:
        """A figure of the header with its label, like "Users20"."""
        return self.page.get_by_role("banner").get_by_text(label, exact=True).locator("..")

    def expect_header(self, label: str, value: str) -> None:
        expect(self.header(label)).to_have_text(re.compile(rf"^{label}\s*{re.escape(value)}$", re.IGNORECASE))

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    # The forms

    def field(self, label: str) -> Locator:
        return self.page.get_by_role("textbox", name=label)

    def start(self, users: int, ramp_up: int, host: str) -> None:
        self._fill(users, ramp_up)
        self.field("Host").fill(host)
        self.button("Start").click()
        expect(self.tab("Statistics")).to_be_visible()
        self.expect_header("Host", host)
        self.expect_header("Status", "running")
        self.expect_header("Users", str(users))

    def edit(self, users: int, ramp_up: int) -> None:
        self.button("Edit").click()
        expect(self.page.get_by_role("heading", name="Edit running load test")).to_be_visible()
        self._fill(users, ramp_up)
        self.picture("edit")
        self.button("Update").click()
        self.expect_header("Users", str(users))
        self.expect_header("Status", "running")

    def stop(self) -> None:
        """Stops the test and waits for the master's answer: it has the workers' last numbers then."""
        with self.page.expect_response("**/stop") as answer:
            self.button("Stop").click()
        answer.value.finished()
        self.expect_header("Status", "stopped")
        expect(self.button("New")).to_be_visible()

    def _fill(self, users: int, ramp_up: int) -> None:
        self.field("Number of users").fill(str(users))
        self.field("Ramp up").fill(str(ramp_up))

    # The tabs

    def tab(self, name: str) -> Locator:
        return self.page.get_by_role("tab", name=name, exact=True)

    def open(self, tab: str) -> None:
        self.tab(tab).click()
        expect(self.tab(tab)).to_have_attribute("aria-selected", "true")

    def rows(self) -> Locator:
        """The rows of the open tab's table, without its head."""
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("cell"))

    def row(self, *texts: str) -> Locator:
        """The row that has a cell of exactly each text."""
        row = self.rows()
        for text in texts:
            row = row.filter(has=self.page.get_by_role("cell", name=text, exact=True))
        return row

    def cell(self, row: Locator, column: str) -> Locator:
        heads = self.page.get_by_role("columnheader")
        expect(heads.filter(has_text=column)).to_have_count(1)
        return row.get_by_role("cell").nth(heads.all_inner_texts().index(column))

    def expect_growth(self, cell: Locator) -> None:
        """Waits until a number has become a greater one."""
        expect(cell).to_have_text(re.compile(r"^[1-9]\d*$"))
        before = cell.inner_text()
        expect(cell).not_to_have_text(before)
        assert int(cell.inner_text()) > int(before)

    def expect_curves(self, charts: int) -> None:
        """Waits until every chart shows curves that rise by 40 pixels or more."""
        drawn = self.page.locator("canvas")
        expect(drawn).to_have_count(charts)
        self.page.wait_for_function(
            f"least => ({CURVES})([...document.querySelectorAll('canvas')]).every(rows => rows >= least)", arg=40
        )

    def download(self, link: str, into: Path) -> Path:
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name=link, exact=True).click()
        download.value.save_as(into)
        return into
