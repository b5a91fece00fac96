"""The demo target is what its OpenAPI document says: a property-based test by schemathesis."""

import json
import subprocess
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from processes import ROOT, SWELL, Processes, listening

# Seconds that schemathesis makes up requests for. It has no end of its own.
BUDGET = 25

CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040}


@pytest.fixture
def processes(tmp_path: Path):
    group = Processes(tmp_path)
    yield group
    group.end()


class Api:
    """The target, used by somebody who is logged in."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.token = ""
        everybody = json.loads((ROOT / "people.json").read_text())
        person = next(p for p in everybody["people"] if p["role"] == "admin")
        password = person.get("password", everybody["default_password"])
        self.token = self.post("/auth/login", email=person["email"], password=password)["access_token"]

    def post(self, path: str, **body) -> dict:
        request = Request(self.host + path, json.dumps(body).encode(), {"Authorization": f"Bearer {self.token}"})
        with urlopen(request) as answer:
            return json.load(answer)

    def get(self, path: str) -> dict:
        with urlopen(Request(self.host + path, headers={"Authorization": f"Bearer {self.token}"})) as answer:
            return json.load(answer)

    def fill(self) -> None:
        """Makes the first thing of each kind, whose id the document gives as its example."""
        merchant, customer = "mer_000000000000", "cus_000000000000"
        order = {"amount": 1099, "currency": "eur", "merchant": merchant}
        paid = [self.post("/payments", card=CARD, **order)["id"] for _ in range(3)]
        self.post("/payment_intents", card=CARD, **order)
        self.post("/payment_methods", card=CARD, customer=customer)
        self.post("/refunds", payment=paid[0])
        self.post("/disputes", payment=paid[1], reason="other")
        self.post("/webhook_endpoints", url="https://shop.example.com", events=["payment.succeeded"], merchant=merchant)


def schemathesis(host: str, token: str, folder: Path, excluded: str, *more: str) -> subprocess.CompletedProcess:
    """Sends what it makes up. A check is excluded where valid data may be refused by its meaning, as a check digit."""
    return subprocess.run(
        [
            *(ROOT / ".venv" / "bin" / "schemathesis", "run", f"{host}/openapi.json", "--no-color"),
            *("--header", f"Authorization: Bearer {token}", *more),
            *("--max-time", str(BUDGET), "--continue-on-failure", "--generation-database", "none"),
            *("--exclude-checks", excluded, "--warnings", "off"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_route_keeps_its_word(processes: Processes, tmp_path: Path) -> None:
    port = processes.free_port()
    target = processes.start("target", SWELL, "target", "--listen", f"127.0.0.1:{port}", "--service-time", "0")
    listening(port, target)
    api = Api(f"http://127.0.0.1:{port}")
    api.fill()
    # A guest may read, so a missing token is not always refused.
    run = schemathesis(
        api.host, api.token, tmp_path, "positive_data_acceptance,ignored_auth", "--exclude-path", "/auth/logout"
    )
    assert run.returncode == 0, run.stdout[-10000:] + run.stderr
    audit = api.get("/admin/audit")
    assert all(currency["sum"] == 0 for currency in audit["currencies"]), audit
    assert target.interrupt() == 0


def test_every_route_of_the_insurance_service_keeps_its_word(processes: Processes, tmp_path: Path) -> None:
    port = processes.free_port()
    service = ("--workload", "insurance", "--service-time", "0")
    target = processes.start("target", SWELL, "target", "--listen", f"127.0.0.1:{port}", *service)
    listening(port, target)
    host = f"http://127.0.0.1:{port}"
    with urlopen(f"{host}/api/v1/users?limit=1") as answer:
        person = json.load(answer)["data"][0]
    login = json.dumps({"email": person["email"], "password": "password123"}).encode()
    with urlopen(Request(f"{host}/api/v1/auth/login", login)) as answer:
        token = json.load(answer)["access_token"]
    run = schemathesis(host, token, tmp_path, "positive_data_acceptance", "--exclude-path", "/api/v1/auth/login")
    assert run.returncode == 0, run.stdout[-10000:] + run.stderr
    assert target.interrupt() == 0
