"""The master's side against Locust's own runner, with workers that speak its protocol.

What needs real workers, a real master process or a browser is tested in e2e.
"""

import logging
from argparse import Namespace
from collections.abc import Callable, Iterator

import gevent
import locustfile
import pytest
from locust import LoadTestShape, __version__
from locust.argument_parser import get_parser, ui_extra_args_dict
from locust.env import Environment
from locust.event import Events
from locust.rpc import Message, zmqrpc
from locust.runners import MasterRunner

PATIENCE = 60  # seconds; bounds failures only


def until(what: str, condition: Callable[[], object]) -> None:
    with gevent.Timeout(PATIENCE, AssertionError(f"waited in vain until {what}")):
        while not condition():
            gevent.sleep(0.01)


class Worker:
    """A worker that has as many users as it is told, and keeps what it was told."""

    def __init__(self, master: MasterRunner, name: str) -> None:
        self.name = name
        self.spawns: list[dict] = []
        self._client = zmqrpc.Client("127.0.0.1", master.server.port, name)
        self._listening = gevent.spawn(self._listen)
        self.say("client_ready", __version__)

    def say(self, kind: str, data: object = None) -> None:
        self._client.send(Message(kind, data, self.name))

    def _listen(self) -> None:
        while True:
            message = self._client.recv()
            if message.type == "spawn":
                self.spawns.append(message.data)
                self.say("spawning_complete", {"user_classes_count": message.data["user_classes_count"]})
            elif message.type == "stop":
                self.say("client_stopped")

    def close(self) -> None:
        self._listening.kill()
        self._client.close(linger=0)


class Master:
    """A master with the locustfile's classes, and as much of the plugin as it has without a web UI."""

    def __init__(self, **options: str) -> None:
        parsed = get_parser(default_config_files=[]).parse_args([])
        classes = {"PaymentUser": locustfile.PaymentUser}
        self.environment = Environment(
            user_classes=list(classes.values()),
            available_user_classes=classes,
            available_user_tasks={name: one.tasks for name, one in classes.items()},
            events=Events(),
            parsed_options=Namespace(**vars(parsed) | options),
        )
        self.runner = self.environment.create_master_runner("127.0.0.1", 0)
        self.phases = locustfile._Phases(self.environment)
        self.workers: list[Worker] = []

    def worker(self) -> Worker:
        self.workers.append(Worker(self.runner, f"worker_{len(self.workers)}"))
        until("the worker is known", lambda: self.workers[-1].name in self.runner.clients)
        return self.workers[-1]

    def close(self) -> None:
        self.phases.end()
        self.runner.greenlet.kill()
        self.runner.server.close(linger=0)
        for worker in self.workers:
            worker.close()


@pytest.fixture
def master(request: pytest.FixtureRequest) -> Iterator[Callable[..., Master]]:
    def start(**options: str) -> Master:
        made = Master(**options)
        request.addfinalizer(made.close)
        return made

    return start


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in locustfile._SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)


def users(spawn: dict) -> int:
    return sum(spawn["user_classes_count"].values())


def test_a_worker_that_joins_late_gets_the_same_run_and_settings(master: Callable[..., Master]) -> None:
    running = master(load_warmup_duration="1000", load_seed="7")
    first = running.worker()
    running.runner.start(2, 100)
    late = running.worker()
    until("the late worker has users", lambda: late.spawns)
    told, told_late = first.spawns[0]["parsed_options"], late.spawns[0]["parsed_options"]
    names = [name for name in told if name.startswith(("load_", "swell_"))]
    assert {name: told[name] for name in names} == {name: told_late[name] for name in names}
    assert len(names) == 22 + 2
    assert 0 <= late.spawns[0]["timestamp"] - told["swell_run_start"] < PATIENCE
    assert told["load_seed"] == "7"
    assert told["load_settle_duration"] is None


def test_the_arguments_say_their_default_and_what_they_mean() -> None:
    shown = ui_extra_args_dict([])  # in the form, from the same parser as --help
    settings = [one for one in locustfile._SETTINGS if one.name not in locustfile._DEFAULTS]
    assert set(shown) == {setting.option for setting in settings}
    for setting in settings:
        assert setting.meaning
        assert setting.default
        assert shown[setting.option]["help_text"] == f"default {setting.default}; {setting.meaning}"


def test_the_switch_and_what_workers_are_told_of_it(master: Callable[..., Master]) -> None:
    running = master(load_warmup_duration="0.2", load_intervention_users="6", load_intervention_spawn_rate="1000")
    worker = running.worker()
    running.runner.start(2, 100)
    until("the worker has the intervention's users", lambda: worker.spawns and users(worker.spawns[-1]) == 6)
    runs = {spawn["parsed_options"]["swell_run_id"] for spawn in worker.spawns}
    assert len(runs) == 1
    elapsed = worker.spawns[-1]["timestamp"] - worker.spawns[-1]["parsed_options"]["swell_run_start"]
    assert elapsed >= 0.199  # two clocks: the timer's and the wall's


def test_a_test_begins_anew_although_the_last_had_no_end(master: Callable[..., Master]) -> None:
    running = master(load_warmup_duration="1000")
    running.phases.begin()
    first, run = running.phases.waiting, running.environment.parsed_options.swell_run_id
    running.phases.begin()
    assert first is not None
    assert first.dead
    assert running.environment.parsed_options.swell_run_id != run


def test_no_switch_when_no_test_runs_any_more(master: Callable[..., Master]) -> None:
    running = master(load_warmup_duration="0.01", load_intervention_users="6")
    running.worker()
    running.phases.begin()  # of a test whose workers were all lost, which Locust ends without a word
    assert running.phases.waiting is not None
    running.phases.waiting.join(PATIENCE)
    assert running.phases.waiting.dead
    assert running.phases.ramping is None


def test_a_variable_that_nobody_reads_is_told(caplog: pytest.LogCaptureFixture) -> None:
    mistyped, right, of_workers = "LOAD_INTERVENTION_USER", "LOAD_SEED", "LOAD_PEOPLE_FILE"
    locustfile._warn_of_unknown([mistyped, right, of_workers, "LOADING"])
    assert caplog.messages == ["LOAD_INTERVENTION_USER: no such setting (nearest: LOAD_INTERVENTION_USERS)"]


class Shape(LoadTestShape):
    def tick(self) -> None:
        return None


def test_a_load_shape_keeps_its_say(master: Callable[..., Master], caplog: pytest.LogCaptureFixture) -> None:
    running = master(load_warmup_duration="0.01")
    running.environment.shape_class = Shape()
    with caplog.at_level(logging.WARNING):
        running.phases.begin()
    assert running.phases.waiting is None
    assert "the load shape decides" in caplog.text


@pytest.mark.parametrize("options", [{}, {"load_warmup_duration": "0"}, {"load_warmup_duration": " "}])
def test_without_a_warm_up_there_is_no_switch(master: Callable[..., Master], options: dict[str, str]) -> None:
    running = master(load_intervention_users="6", **options)
    running.phases.begin()
    assert running.phases.waiting is None
    assert running.environment.parsed_options.swell_run_id
