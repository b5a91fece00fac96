"""The master's side of a Swell test, printed by `swell locustfile`.

It tells a stock Locust master which user classes there are, with their weights,
tasks and tags. What the users do is in Swell, whose processes are the workers:

    locust -f locustfile.py --master
    swell worker --master-host 127.0.0.1

It also takes the settings of an experiment in two phases, as custom arguments
(in the web form, as flags and as LOAD_... variables), and changes the number of
users when the warm-up is over. Workers get the settings in the spawn message.
"""

import difflib
import json
import logging
import os
import re
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping
from time import time as _wall_clock
from typing import NamedTuple

import gevent
from flask import jsonify, request
from locust import User, events, tag, task  # noqa: F401 (for the user classes)
from locust.log import greenlet_exception_logger
from locust.runners import STATE_RUNNING, STATE_SPAWNING, MasterRunner
from werkzeug.datastructures import ImmutableMultiDict

# What is appended to this file shall not take a name of ours by chance: hence the underscores.
_logger = logging.getLogger("swell.master")


class _Setting(NamedTuple):
    """A setting of an experiment, and what its value must be."""

    name: str
    default: str
    meaning: str
    must_be: str
    lowest: float = 0
    highest: float = 0

    @property
    def option(self) -> str:
        """Its name in parsed_options, in the web form and in the spawn message."""
        return self.name.lower()

    def problems(self, text: str) -> list[str]:
        """What is wrong with a value, a sentence each, in the words of the worker."""
        if self.must_be == _WEIGHTS:
            return [f"{self.name}: {problem}" for problem in _weights(text, self.highest)[1]]
        if self.must_be in _NUMBERS:
            form, number = _NUMBERS[self.must_be]
            if form.fullmatch(text) and self.lowest <= number(text) <= self.highest:
                return []
            rule = f"{self.must_be} from {self.lowest} to {self.highest}"
        else:
            if text.lower() in self.must_be.split(" or "):
                return []
            rule = self.must_be
        return [f"{self.name}: must be {rule} (got {_quoted(_clip(text))})"]


# Tasks that the workers know, but that are of another workload than the classes here.
_ELSEWHERE: set[str] = set()

_WEIGHTS = "a JSON object, task → weight"
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NUMBERS = {
    "a number": (_DECIMAL, float),
    "a number of seconds": (_DECIMAL, float),
    "a whole number": (re.compile("0*[0-9]{1,20}"), int),
}

# These are no arguments of their own: they are the defaults of -u and -r.
_DEFAULTS = {"LOAD_BASELINE_USERS": "num_users", "LOAD_BASELINE_SPAWN_RATE": "spawn_rate"}

_SETTINGS: list[_Setting] = []  # filled below, from Swell's own table

# Variables that only the workers read.
_OF_WORKERS: set[str] = set()


# Reading settings


def _values(options: Mapping) -> dict[str, str]:
    """The settings that are set on the master, as they were typed, by name."""
    typed = {s.name: os.environ.get(s.name) if s.name in _DEFAULTS else options.get(s.option) for s in _SETTINGS}
    return {name: text.strip() for name, text in typed.items() if text and text.strip()}


def _problems(options: Mapping, tasks: Mapping[str, list[str]]) -> list[str]:
    """All that is wrong with the settings; tasks are the names of each user class's tasks."""
    set_here = _values(options)
    found = []
    for setting in _SETTINGS:
        text = set_here.get(setting.name)
        if not text:
            continue
        bad = setting.problems(text)
        if not bad and setting.must_be == _WEIGHTS:
            bad = [f"{setting.name}: {problem}" for problem in _idle_classes(text, setting.highest, tasks)]
        found += bad
    return found


def _warn_of_unknown(variables: Iterable[str]) -> None:
    """Says which of these variables look like settings and are none."""
    known = _OF_WORKERS | {setting.name for setting in _SETTINGS}
    for name in sorted(variables):
        if name.startswith("LOAD_") and name not in known:
            _logger.warning("%s: no such setting (nearest: %s)", name, *difflib.get_close_matches(name, known, 1, 0))


def _weights(text: str, highest: float) -> tuple[dict[str, float], list[str]]:
    """Reads a JSON object, task → weight, and returns all problems at once."""
    try:
        whole = json.loads(text, parse_int=float)
    except json.JSONDecodeError as e:
        return {}, [f"must be {_WEIGHTS} (line {e.lineno}, column {e.colno}: {e.msg})"]
    except RecursionError:
        return {}, [f"must be {_WEIGHTS} (got {_clip(text)})"]
    if not isinstance(whole, dict):
        return {}, [f"must be {_WEIGHTS} (got {_clip(text)})"]
    read: dict[str, float] = {}
    bad = []
    seen = set()
    for name, at, value in _members(text):
        problem = _weight_problem(value, highest)
        if name in seen:
            bad.append(f"task {_quoted(_clip(name))} must be there once (again at {_place(text, at)})")
        elif problem:
            bad.append(f"weight of {_quoted(_clip(name))} {problem} (got {_clip(value)})")
        else:
            read[name] = float(value)
        seen.add(name)
    return read, bad


def _members(text: str) -> Iterator[tuple[str, int, str]]:
    """The members of a JSON object whose syntax is right: name, where it begins, value as typed."""
    decoder = json.JSONDecoder(parse_int=float)

    def skip(at: int, signs: str = " \t\r\n") -> int:
        while text[at] in signs:
            at += 1
        return at

    at = skip(text.index("{") + 1)
    while text[at] != "}":
        start = at
        name, at = decoder.raw_decode(text, start)
        value = skip(at, ": \t\r\n")
        at = decoder.raw_decode(text, value)[1]
        yield name, start, text[value:at]
        at = skip(at, ", \t\r\n")


def _weight_problem(value: str, highest: float) -> str:
    if value[0] not in "-0123456789":
        return "must be a number"
    if value[0] == "-" and float(value) != 0:
        return "must be ≥ 0"
    return "" if float(value) <= highest else f"must be ≤ {highest}"


def _idle_classes(text: str, highest: float, tasks: Mapping[str, list[str]]) -> Iterator[str]:
    """A sentence for each user class that the weights leave nothing to do.

    A class of which no task is named keeps its own weights; but somebody's must be.
    """
    given = _weights(text, highest)[0]
    known = given.keys() & ({one for own in tasks.values() for one in own} | _ELSEWHERE)
    for name, own in tasks.items() if given else ():
        if not any(given.get(one, 0) > 0 for one in own) and (not known or known & set(own)):
            has = ", ".join(own)
            yield f'must have a weight > 0 for a task of user class "{name}", which has {has} (got {_clip(text)})'


def _place(text: str, at: int) -> str:
    before = text[:at]
    return f"line {before.count(chr(10)) + 1}, column {at - before.rfind(chr(10))}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _clip(text: str) -> str:
    return text if len(text) <= 60 else text[:60] + "…"


# A test's life


class _Phases:
    """What becomes of the settings: snapshot at a test's start, other users at the switch.

    It is no load shape, so that editing, the class picker and --run-time are as they always are.
    """

    def __init__(self, environment) -> None:
        self.environment = environment
        self.runner = environment.runner
        classes = environment.available_user_tasks or {}
        self.tasks = {name: list(dict.fromkeys(t.__name__ for t in own)) for name, own in classes.items()}
        self.waiting: gevent.Greenlet | None = None  # for the switch
        self.ramping: gevent.Greenlet | None = None  # to the intervention's users
        environment.events.test_start.add_listener(self.begin)
        environment.events.test_stopping.add_listener(self.end)
        if environment.web_ui:
            environment.web_ui.app.before_request(self.check_form)
            environment.web_ui.app.after_request(self.after_edit)

    def problems(self, typed: Mapping[str, str]) -> list[str]:
        """What is wrong with the settings as they would be with what was typed in the form."""
        return _problems(vars(self.environment.parsed_options) | typed, self.tasks)

    def begin(self, **_kwargs) -> None:
        """Says in every spawn message when the run began, and waits for the switch."""
        self.end()
        options = self.environment.parsed_options
        options.swell_run_start = _wall_clock()
        options.swell_run_id = uuid.uuid4().hex
        now = {s.name: s.default for s in _SETTINGS} | _values(vars(options))
        warmup = float(now["LOAD_WARMUP_DURATION"])
        if not warmup:
            return
        if self.environment.shape_class:
            _logger.warning(
                "LOAD_INTERVENTION_USERS: changes nothing, because the load shape decides how many users run"
            )
            return
        users, rate = int(now["LOAD_INTERVENTION_USERS"]), float(now["LOAD_INTERVENTION_SPAWN_RATE"])
        self.waiting = gevent.spawn_later(warmup, self.switch, warmup, users, rate)
        self.waiting.link_exception(greenlet_exception_logger(_logger))

    def end(self, **_kwargs) -> None:
        # Ctrl-C can come up in any greenlet, which cannot wait for its own end.
        for greenlet in (self.waiting, self.ramping):
            if greenlet and greenlet is not gevent.getcurrent():
                greenlet.kill()

    def switch(self, warmup: float, users: int, rate: float) -> None:
        if self.runner.state == STATE_SPAWNING:  # two ramps at once would disturb each other
            _logger.warning("The ramp takes longer than the warm-up of %g s: %d users after it", warmup, users)
        while self.runner.state == STATE_SPAWNING:
            gevent.sleep(0.05)
        if self.runner.state != STATE_RUNNING:  # all workers are lost
            return
        _logger.info("The warm-up of %g s is over: intervention with %d users, spawn rate %g", warmup, users, rate)
        self.ramping = gevent.spawn(self.runner.start, users, rate)
        self.ramping.link_exception(greenlet_exception_logger(_logger))

    def check_form(self):
        """Before the form is taken: a bad value gets an answer, and a running test keeps its settings."""
        if request.endpoint != "locust.swarm":
            return None
        typed = request.form.to_dict()
        kept = {"swell_run_start", "swell_run_id"}
        if self.runner.state in (STATE_SPAWNING, STATE_RUNNING):
            self.tell_changes(typed)
            kept |= {setting.option for setting in _SETTINGS}
        elif bad := self.problems(typed):
            for problem in bad:
                _logger.error(problem)
            return jsonify({"success": False, "message": "; ".join(bad), "host": self.environment.host})
        request.form = ImmutableMultiDict([field for field in request.form.items(multi=True) if field[0] not in kept])
        return None

    def tell_changes(self, typed: Mapping[str, str]) -> None:
        """Says which settings of a running test were edited, for that changes nothing."""
        before = _values(vars(self.environment.parsed_options))
        after = _values(vars(self.environment.parsed_options) | typed)
        if changed := [s.name for s in _SETTINGS if before.get(s.name) != after.get(s.name)]:
            _logger.warning("%s: stays for this test as it was at its start", ", ".join(changed))

    def after_edit(self, response):
        """An edit ends the ramp to the intervention, as it ends Locust's own."""
        if request.endpoint == "locust.swarm" and self.ramping and response.is_json and response.json["success"]:
            self.ramping.kill()
        return response


@events.init_command_line_parser.add_listener
def settings_as_arguments(parser) -> None:
    for setting in _SETTINGS:
        if setting.name not in _DEFAULTS:
            # The form cuts what is too long for a line: the default first.
            help_text = f"default {setting.default}; {setting.meaning}"
            parser.add_argument("--" + setting.option.replace("_", "-"), env_var=setting.name, help=help_text)
            continue
        text = os.environ.get(setting.name, "").strip() or setting.default
        if not setting.problems(text):  # the others are told below
            parser.set_defaults(**{_DEFAULTS[setting.name]: text})


@events.init.add_listener
def only_as_a_master(environment, runner, **_kwargs) -> None:
    """A stub that a Python worker ran would send nothing and call it a success."""
    if not isinstance(runner, MasterRunner):
        environment.events.quitting.fire(environment=environment, reverse=True)
        sys.exit(
            "This locustfile's users run in Swell: start the master with `locust -f <this file> --master`"
            " and the workers with `swell worker`, not with `locust --worker`."
        )
    _warn_of_unknown(os.environ)
    bad = _Phases(environment).problems({})
    if bad:
        print(*bad, sep="\n", file=sys.stderr)
        sys.exit(2)


# From here on it is made from the settings and user classes of the binary that printed it.

# fmt: off
_SETTINGS += [
    _Setting("LOAD_WARMUP_DURATION", "0", "seconds of baseline before the switch to intervention; 0: no experiment, baseline for the whole run", "a number of seconds", 0, 2592000),
    _Setting("LOAD_BASELINE_USERS", "10", "concurrent users in the baseline", "a whole number", 0, 10000000),
    _Setting("LOAD_BASELINE_SPAWN_RATE", "2", "users per second on the way there, up or down", "a number", 0.001, 1000000),
    _Setting("LOAD_BASELINE_TASK_WEIGHTS", "{}", "JSON object, task → weight (≥ 0, fractions allowed; a task that is not named has 0); empty: the class's own weights", "a JSON object, task → weight", 0, 1000000000),
    _Setting("LOAD_BASELINE_ARRIVAL_RATE", "1.0", "intensity of one user: the wait is divided by it", "a number", 0.001, 1000000),
    _Setting("LOAD_BASELINE_THINK_TIME_MEAN", "5.0", "mean seconds between requests while ON", "a number of seconds", 0, 2592000),
    _Setting("LOAD_BASELINE_THINK_TIME_CV", "0.5", "coefficient of variation of the think time; 0 is constant", "a number", 0, 10),
    _Setting("LOAD_INTERVENTION_USERS", "10", "concurrent users in the intervention", "a whole number", 0, 10000000),
    _Setting("LOAD_INTERVENTION_SPAWN_RATE", "2", "users per second on the way there, up or down", "a number", 0.001, 1000000),
    _Setting("LOAD_INTERVENTION_TASK_WEIGHTS", "{}", "JSON object, task → weight, as for the baseline", "a JSON object, task → weight", 0, 1000000000),
    _Setting("LOAD_INTERVENTION_ARRIVAL_RATE", "1.0", "intensity of one user: the wait is divided by it", "a number", 0.001, 1000000),
    _Setting("LOAD_INTERVENTION_THINK_TIME_MEAN", "5.0", "mean seconds between requests while ON", "a number of seconds", 0, 2592000),
    _Setting("LOAD_INTERVENTION_THINK_TIME_CV", "0.5", "coefficient of variation of the think time; 0 is constant", "a number", 0, 10),
    _Setting("LOAD_BURST_ON_DURATION_MEAN", "30.0", "mean seconds a user is ON (active) before it goes OFF", "a number of seconds", 0.001, 2592000),
    _Setting("LOAD_BURST_ON_DURATION_CV", "0.5", "its coefficient of variation; 0 is constant", "a number", 0, 10),
    _Setting("LOAD_BURST_OFF_DURATION_MEAN", "60.0", "mean seconds a user is OFF (idle); 0 switches bursts off", "a number of seconds", 0, 2592000),
    _Setting("LOAD_BURST_OFF_DURATION_CV", "0.5", "its coefficient of variation; 0 is constant", "a number", 0, 10),
    _Setting("LOAD_SESSION_LENGTH_MEAN", "20.0", "mean number of requests until the user leaves (rounded, at least 1)", "a number", 1, 1000000000),
    _Setting("LOAD_SESSION_LENGTH_CV", "0.5", "its coefficient of variation; 0 is constant", "a number", 0, 10),
    _Setting("LOAD_SESSION_GAP_MEAN", "120.0", "mean seconds a user that left stays away; it comes back as somebody else", "a number of seconds", 0, 2592000),
    _Setting("LOAD_SESSION_GAP_CV", "0.5", "its coefficient of variation; 0 is constant", "a number", 0, 10),
    _Setting("LOAD_BURST_START", "stationary", "stationary: as if every user had lived for a long time; on: all start ON", "stationary or on"),
    _Setting("LOAD_SETTLE_DURATION", "0", "seconds after a switch that are sent and recorded, but kept out of the comparison", "a number of seconds", 0, 2592000),
    _Setting("LOAD_SEED", "0", "repeats a run's draws; 0: drawn and logged", "a whole number", 0, 18446744073709551615),
]
_OF_WORKERS.update(["LOAD_DEFAULT_PASSWORD", "LOAD_GROUP_A_PERCENTAGE", "LOAD_MAX_TASKS_BEFORE_ROTATION", "LOAD_MIN_TASKS_BEFORE_ROTATION", "LOAD_PEOPLE_FILE", "LOAD_STEP_PAUSE_MAX", "LOAD_STEP_PAUSE_MIN", "LOAD_WAIT_TIME_MAX", "LOAD_WAIT_TIME_MIN"])
_ELSEWHERE.update(["create_quote", "convert_quote", "review_quotes", "update_policy_status", "file_claim", "process_claim", "review_claims"])
# fmt: on


class PaymentUser(User):
    weight = 1

    @tag("read")
    @task(20)
    def index(self):
        """Runs in Swell."""

    @tag("read")
    @task(24)
    def browse(self):
        """Runs in Swell."""

    @tag("read")
    @task(16)
    def search(self):
        """Runs in Swell."""

    @tag("read")
    @task(8)
    def recommendations(self):
        """Runs in Swell."""

    @tag("write")
    @task(6)
    def create(self):
        """Runs in Swell."""

    @tag("write")
    @task(3)
    def update(self):
        """Runs in Swell."""

    @tag("write")
    @task(2)
    def delete(self):
        """Runs in Swell."""

    @tag("write")
    @task(8)
    def checkout(self):
        """Runs in Swell."""

    @tag("read")
    @task(4)
    def dashboard(self):
        """Runs in Swell."""

    @tag("write")
    @task(2)
    def refund(self):
        """Runs in Swell."""

    @tag("write")
    @task(1)
    def payout(self):
        """Runs in Swell."""

    @tag("write")
    @task(1)
    def dispute(self):
        """Runs in Swell."""

    @tag("write")
    @task(1)
    def webhook(self):
        """Runs in Swell."""

    @tag("edge")
    @task(1)
    def declined_card(self):
        """Runs in Swell."""

    @tag("edge")
    @task(1)
    def insufficient_funds(self):
        """Runs in Swell."""

    @tag("edge")
    @task(1)
    def three_d_secure(self):
        """Runs in Swell."""

    @tag("edge")
    @task(1)
    def idempotent_replay(self):
        """Runs in Swell."""

    @tag("edge")
    @task(1)
    def validation_error(self):
        """Runs in Swell."""

    @tag("edge")
    @task(1)
    def missing_permission(self):
        """Runs in Swell."""

    @tag("edge")
    @task(1)
    def not_found(self):
        """Runs in Swell."""

    @tag("edge")
    @task(1)
    def expired_session(self):
        """Runs in Swell."""

    @tag("edge")
    @task(1)
    def rate_limited(self):
        """Runs in Swell."""
