"""The demo target is what its OpenAPI document says: a property-based test by schemathesis."""

import json
import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Container
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from demotarget import Target
from processes import ROOT, Processes, until

# Seconds that schemathesis goes on at random. That has no end of its own.
BUDGET = 15

# What it makes up is the same in each run, unless another seed is asked for.
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")

# Operations that refuse what is made up, for they go by what it means.
REFUSED = {
    "POST /auth/login": "nobody has the email and the password",
    "POST /payments": "of a card and a saved method there must be one, and the card's check digit right",
    "GET /static/{name}": "no file has the name",
    # The first payment and the first intent are the only ones whose id it knows, and they go one way each.
    "POST /payments/{id}/capture": "the payment is not authorized",
    "POST /payments/{id}/void": "the payment is not authorized",
    "POST /payment_intents/{id}/payment_method": "the intent is cancelled",
    "POST /payment_intents/{id}/confirm": "the intent is cancelled",
    "POST /payment_intents/{id}/challenge": "the intent is cancelled",
    "POST /payment_intents/{id}/capture": "the intent is cancelled",
    "GET /payment_intents/{id}/receipt": "the intent is cancelled",
}

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

    def fill(self, currencies: list[str]) -> None:
        """Makes the first thing of each kind, whose id the document gives as its example."""
        merchant, customer = "mer_000000000000", "cus_000000000000"
        order = {"amount": 1099, "currency": "eur", "merchant": merchant}
        paid = [self.post("/payments", card=CARD, **order)["id"] for _ in range(2)]
        self.post("/payment_intents", card=CARD, **order)
        self.post("/payment_methods", card=CARD, customer=customer)
        self.post("/refunds", payment=paid[0])
        self.post("/disputes", payment=paid[1], reason="other")
        self.post("/webhook_endpoints", url="https://shop.example.com", events=["payment.succeeded"], merchant=merchant)
        for currency in currencies:  # enough for any payout
            self.post("/payments", card=CARD, amount=99_999_999, currency=currency, merchant=merchant)
        until("the money is there to be paid out", self.settled)
        self.post("/payouts", amount=1, currency="eur", merchant=merchant, destination="bank_default")

    def settled(self) -> bool:
        return all(currency["accounts"]["pending"] == 0 for currency in self.get("/admin/audit")["currencies"])


def schemathesis(host: str, token: str, folder: Path, unchecked: str, untried: str) -> None:
    """Sends what it makes up: first to each operation in turn, which has an end, then at random.

    A check is left out where valid data may be refused by its meaning, as a check digit.
    """
    for phases in (("--phases", "examples,coverage"), ("--phases", "fuzzing,stateful", "--max-time", str(BUDGET))):
        run = subprocess.run(
            [
                *(ROOT / ".venv" / "bin" / "schemathesis", "run", f"{host}/openapi.json", "--no-color", *phases),
                *("--header", f"Authorization: Bearer {token}", "--exclude-path", untried),
                *("--continue-on-failure", "--generation-database", "none", "--seed", SEED),
                *("--exclude-checks", unchecked, "--warnings", "off"),
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout[-10000:] + run.stderr


def assert_answered(document: dict, log: list[dict], untried: str, refused: Container[str] = ()) -> None:
    """Schemathesis has come to each operation, and but for those refused each has done once what it is there for."""
    answers = defaultdict(set)
    for request in log:
        if request["user_agent"].startswith("schemathesis"):
            answers[request["method"], template(document, request["path"])].add(request["status"])
    missing = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            name, got = f"{method.upper()} {path}", answers[method.upper(), path]
            good = {int(status) for status in operation["responses"] if status.startswith("2")}
            if path != untried and (not got or name not in refused and not got & good):
                missing.append(f"{name} answered {sorted(got)}, never {sorted(good)}")
    assert not missing, "\n".join(missing)


def template(document: dict, path: str) -> str | None:
    """The path of the document that a request's is one of."""
    for known in sorted(document["paths"], key=lambda known: known.count("{")):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path):
            return known
    return None


def test_every_route_keeps_its_word(processes: Processes, tmp_path: Path) -> None:
    target = Target(processes, tmp_path / "access.jsonl", "--service-time", "0")
    api = Api(target.host)
    document = api.get("/openapi.json")
    api.fill(document["components"]["schemas"]["payoutOrder"]["properties"]["currency"]["enum"])
    # A guest may read, so a missing token is not always refused.
    schemathesis(api.host, api.token, tmp_path, "positive_data_acceptance,ignored_auth", "/auth/logout")
    audit = api.get("/admin/audit")
    assert all(currency["sum"] == 0 for currency in audit["currencies"]), audit
    assert_answered(document, target.ended(), "/auth/logout", REFUSED)


def test_every_route_of_the_insurance_service_keeps_its_word(processes: Processes, tmp_path: Path) -> None:
    target = Target(processes, tmp_path / "access.jsonl", "--workload", "insurance", "--service-time", "0")
    host = target.host
    with urlopen(f"{host}/api/v1/users?limit=1") as answer:
        person = json.load(answer)["data"][0]
    login = json.dumps({"email": person["email"], "password": "password123"}).encode()
    with urlopen(Request(f"{host}/api/v1/auth/login", login)) as answer:
        token = json.load(answer)["access_token"]
    with urlopen(f"{host}/openapi.json") as answer:
        document = json.load(answer)
    schemathesis(host, token, tmp_path, "positive_data_acceptance", "/api/v1/auth/login")
    assert_answered(document, target.ended(), "/api/v1/auth/login")


def test_the_log_has_a_line_a_request_whatever_its_path(processes: Processes, tmp_path: Path) -> None:
    target = Target(processes, tmp_path / "access.jsonl")
    paths = [f"/{line_end}x" for line_end in ("\n", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029")]
    for path in paths:
        with pytest.raises(HTTPError):
            urlopen(target.host + quote(path))
    assert [request["path"] for request in target.ended()] == paths
