"""Whatever a browser does that its user does not see: requests, failures, errors."""

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response


class Witness:
    """Watches all pages of a context from the start."""

    def __init__(self, context: BrowserContext) -> None:
        self._hosts: set[str] = set()
        self._troubles: list[str] = []
        self._failed: list[Request] = []
        self._downloads: set[str] = set()
        context.on("request", self._request)
        context.on("requestfailed", self._fail)
        context.on("response", self._response)
        context.on("console", self._console)
        context.on("weberror", lambda error: self._troubles.append(f"page error: {error.error}"))
        context.on("page", self._page)

    def assert_untroubled(self) -> None:
        troubles = self._troubles + [
            f"failed: {request.method} {request.url}: {request.failure}"
            for request in self._failed
            if not self._became_download(request)
        ]
        assert not troubles, "\n".join(troubles)
        assert self._hosts, "the witness saw no request at all"
        assert self._hosts <= {"127.0.0.1", "localhost"}, f"the page asked {self._hosts}"

    def _became_download(self, request: Request) -> bool:
        """Chromium calls a click that ends in a download an aborted visit of a page."""
        return request.url in self._downloads and request.failure == "net::ERR_ABORTED"

    def _page(self, page: Page) -> None:
        page.on("websocket", lambda socket: self._visit(socket.url))
        page.on("download", lambda download: self._downloads.add(download.url))
        page.on("crash", lambda _: self._troubles.append("the page crashed"))

    def _visit(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"data", "blob", "about"}:
            self._hosts.add(parts.hostname or url)

    def _request(self, request: Request) -> None:
        self._visit(request.url)

    def _fail(self, request: Request) -> None:
        self._failed.append(request)

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self._troubles.append(f"answered with {response.status}: {response.request.method} {response.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._troubles.append(f"console error: {message.text}")
