"""The real image and the real Compose file, with a real container engine.

`make image-test` runs this, outside of `make test`: it needs Docker with Compose,
or podman. docs/deploy.md tells of machines that reach no image registry.
"""

import csv
import io
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMAGE = "test-load-generator:image-test"
PATIENCE = 120  # seconds; bounds failures only
# Users that hardly pause, so that there is something to count.
BUSY = {"LOAD_BURST_OFF_DURATION_MEAN": "0", "LOAD_BASELINE_THINK_TIME_MEAN": "0.2", "LOAD_SESSION_GAP_MEAN": "0.2"}


def docker_answers():
    return (
        shutil.which("docker") and not subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    )


DOCKER = docker_answers()
ENGINE = ["docker"] if DOCKER else ["podman"]
COMPOSE = ["docker", "compose"] if DOCKER else [str(ROOT / ".venv/bin/podman-compose"), "--in-pod", "false"]
BUILD = [*ENGINE, "build"] if DOCKER else [*ENGINE, "build", "--network", "host", "--format", "docker"]


def sh(*args, check=True, **more):
    print("$", *args)
    done = subprocess.run(args, capture_output=True, text=True, cwd=ROOT, check=False, **more)
    assert not check or done.returncode == 0, f"{args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def until(what, condition):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if got := condition():
                return got
        except (OSError, ValueError):
            pass
        time.sleep(0.2)
    raise AssertionError(f"waited {PATIENCE} s in vain until {what}")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


@pytest.fixture(scope="session", autouse=True)
def image():
    sh(*BUILD, "--build-arg", f"TAGS={os.environ.get('TAGS', '')}", "--tag", IMAGE, ".")


@pytest.fixture
def container():
    """Starts containers that end with the test."""
    started = []

    def start(*args, options=()):
        done = sh(*ENGINE, "run", "--detach", *options, IMAGE, *args)
        started.append(done.stdout.split()[-1])
        return started[-1]

    yield start
    for name in started:
        print(sh(*ENGINE, "logs", name, check=False))
        sh(*ENGINE, "rm", "--force", "--volumes", name, check=False)


@pytest.fixture
def compose():
    """Runs Compose commands in a project of its own, which ends with the test."""
    port = free_port()
    env = {**os.environ, **BUSY, "SWELL_IMAGE": IMAGE, "WEB_PORT": str(port), "COMPOSE_PROJECT_NAME": f"swell-{port}"}
    files = ["--file", str(ROOT / "docker-compose.yml"), "--project-name", f"swell-{port}"]

    def run(*args, **settings):
        return sh(*COMPOSE, *files, *args, env=env | settings)

    run.port, run.project = port, f"swell-{port}"
    yield run
    print(sh(*COMPOSE, *files, "logs", env=env, check=False).stdout[-20000:])
    for name in sh(*ENGINE, "ps", "--all", "--quiet", "--filter", f"name={run.project}").stdout.split():
        sh(*ENGINE, "rm", "--force", name, check=False)  # podman-compose's down forgets scaled ones
    sh(*COMPOSE, *files, "--profile", "headless", "down", "--volumes", env=env, check=False)


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def said(container):
    done = sh(*ENGINE, "logs", container)
    return done.stdout + done.stderr


def test_the_default_command_is_the_whole_thing(container):
    port = free_port()
    name = container(options=["--publish", f"127.0.0.1:{port}:8089", "--read-only", "--cap-drop=ALL"])
    until("the web UI answers", lambda: "Locust" in get(f"http://127.0.0.1:{port}/"))
    until("its worker is ready", lambda: "1 workers connected" in said(name))
    assert sh(*ENGINE, "exec", name, "id", "-u").stdout.strip() == "10001"
    assert "named in the web UI's form" in said(name)
    health = json.loads(sh(*ENGINE, "inspect", name).stdout)[0]["Config"]["Healthcheck"]["Test"]
    sh(*ENGINE, "exec", name, *health[1:])
    sh(*ENGINE, "stop", "--time", "30", name)
    assert json.loads(sh(*ENGINE, "inspect", name).stdout)[0]["State"]["ExitCode"] in (0, 2)  # Locust's own


def test_the_documented_settings_reach_the_worker(container):
    port = free_port()
    settings = ["LOCUST_HOST=http://your-service:8081", 'LOAD_BASELINE_TASK_WEIGHTS={"browse": 10, "create": 2}']
    options = [word for setting in settings for word in ("--env", setting)]
    name = container(options=[*options, "--publish", f"127.0.0.1:{port}:8089"])
    until("the form names the host", lambda: "http://your-service:8081" in get(f"http://127.0.0.1:{port}/"))
    until("its worker is ready", lambda: "1 workers connected" in said(name))
    form = urllib.parse.urlencode({"user_count": 1, "spawn_rate": 1}).encode()
    urllib.request.urlopen(f"http://127.0.0.1:{port}/swarm", data=form).close()
    weights = r"this run's settings: .*LOAD_BASELINE_TASK_WEIGHTS=\S*browse\W+10\W+create\W+2\b"
    until("the worker says the weights", lambda: re.search(weights, said(name)))


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["version"], r"^swell 0\.1\.0"),
        (["swell", "version"], r"^swell 0\.1\.0"),
        (["locust", "--version"], r"^locust 2\.47\.0"),
        (["sh", "-c", "echo hello"], "^hello"),
        (["--help"], "Swell sends the traffic"),
        (["--master", "--help"], r"Usage: locust \[options\]"),
        (["nonsense"], 'unknown command "nonsense"'),
        (["cat", "/app/locustfile.py"], "class PaymentUser"),
        (["demo", "--workload", "insurance", "--headless", "-u", "2", "-r", "2", "-t", "3s"], '"QuoteAgent": 1'),
        (["swell", "run", "--headless"], "--host: must be the URL of your service"),
    ],
)
def test_what_the_entrypoint_starts(args, says):
    done = sh(*ENGINE, "run", "--rm", "--read-only", IMAGE, *args, check=False)
    assert re.search(says, done.stdout + done.stderr, re.MULTILINE)


def test_a_login_before_the_web_ui(container):
    port = free_port()
    settings = ["LOCUST_LOCUSTFILE=/app/locustfile.py,/app/login.py", "LOCUST_WEB_LOGIN=true", "WEB_PASSWORD=hush"]
    options = [word for setting in settings for word in ("--env", setting)]
    container(options=[*options, "--publish", f"127.0.0.1:{port}:8089"])

    def leads_to():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats/requests", timeout=10) as answer:
            return answer.url

    assert until("the web UI answers", leads_to).endswith("/login?next=%2Fstats%2Frequests")


def test_nothing_of_the_build_is_left_in_the_image():
    done = sh(*ENGINE, "run", "--rm", IMAGE, "sh", "-c", "ls -d /src /root/go /usr/local/go /opt/locust/bin/pip; env")
    assert "/src" not in done.stdout
    assert not re.search("KEY|SECRET|TOKEN|PASSWORD", done.stdout)


def requests_sent(log):
    """The lines of the target's access log, without the health checks'."""
    return sum(json.loads(line)["path"] != "/healthz" for line in log.split("\n") if line.endswith("}"))


def test_headless_counts_agree(compose):
    run = compose(
        "--profile",
        "headless",
        "run",
        "--rm",
        "headless",
        LOCUST_RUN_TIME="10s",
        LOCUST_USERS="20",
        LOCUST_SPAWN_RATE="10",
    )
    print(run.stdout)

    def result(file):
        volume = f"{compose.project}_results:/results"
        return sh(*ENGINE, "run", "--rm", "--volume", volume, IMAGE, "cat", f"/results/{file}").stdout

    rows = {row["Name"]: row for row in csv.DictReader(io.StringIO(result("run_stats.csv")))}
    counted = int(rows["Aggregated"]["Request Count"])
    cancelled = sum(int(n) for n in re.findall(r"cancelled in flight: (\d+)", run.stdout + run.stderr))
    until("the access log is written", lambda: requests_sent(result("access.jsonl")) >= counted)
    sent = requests_sent(result("access.jsonl"))
    print(f"counted {counted}, cancelled {cancelled}, sent {sent}")
    assert counted > 100
    assert counted <= sent <= counted + cancelled
    assert "<html" in result("run.html")


def test_scaled_workers_and_their_master_count_what_the_target_saw(compose):
    compose("up", "--detach", "--scale", "worker=2")
    url = f"http://127.0.0.1:{compose.port}"

    def stats():
        return json.loads(get(f"{url}/stats/requests"))

    def total():
        return next((row["num_requests"] for row in stats()["stats"] if row["name"] == "Aggregated"), 0)

    until("both workers are ready", lambda: [w["state"] for w in stats()["workers"]] == ["ready", "ready"])
    form = urllib.parse.urlencode({"user_count": 20, "spawn_rate": 20, "host": "http://target:8081"}).encode()
    with urllib.request.urlopen(f"{url}/swarm", data=form) as answer:
        assert json.load(answer)["success"]
    until("requests flow", lambda: total() > 200)
    workers = sh(*ENGINE, "ps", "--quiet", "--filter", f"name={compose.project}.worker").stdout.split()
    assert len(workers) == 2
    for worker in workers:
        sh(*ENGINE, "exec", worker, "swell", "healthcheck", "http://127.0.0.1:8090/readyz")
    urllib.request.urlopen(f"{url}/stop", data=b"").close()
    until("the test is stopped", lambda: stats()["state"] == "stopped")
    target = sh(*ENGINE, "ps", "--quiet", "--filter", f"name={compose.project}.target").stdout.split()[0]
    until(
        "the counts agree",
        lambda: requests_sent(sh(*ENGINE, "exec", target, "cat", "/results/access.jsonl").stdout) == total(),
    )
    print(f"counted and sent {total()}")
