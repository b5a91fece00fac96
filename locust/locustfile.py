"""The master's side of a Swell test, printed by `swell locustfile`.

It tells a stock Locust master which user classes there are, with their weights,
tasks and tags. What the users do is in Swell, whose processes are the workers:

    locust -f locustfile.py --master
    swell worker --master-host 127.0.0.1
"""

import sys

from locust import User, events, tag, task
from locust.runners import MasterRunner


@events.init.add_listener
def only_as_a_master(environment, runner, **_kwargs):
    """A stub that a Python worker ran would send nothing and call it a success."""
    if not isinstance(runner, MasterRunner):
        environment.events.quitting.fire(environment=environment, reverse=True)
        sys.exit(
            "This locustfile's users run in Swell: start the master with `locust -f <this file> --master`"
            " and the workers with `swell worker`, not with `locust --worker`."
        )


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
