"""A login for the web UI, beside any locustfile:

    WEB_USERNAME=load WEB_PASSWORD=… locust -f locustfile.py,login.py --master --web-login

It is Locust's own login page, for one user whose password is in the environment. The
password crosses the network as it is typed: use TLS (--tls-cert, or a proxy's).
"""

import hmac
import os
import secrets
import sys

from flask import Blueprint, redirect, request, session, url_for
from flask_login import UserMixin, login_user
from locust import events


class Visitor(UserMixin):
    """Whoever knows the password."""

    def __init__(self, name):
        self.id = name


@events.init.add_listener
def log_in(environment, **_kwargs):
    ui = environment.web_ui
    if not ui:
        return
    name, password = os.environ.get("WEB_USERNAME", "locust"), os.environ.get("WEB_PASSWORD")
    problems = []
    if not password:
        problems.append("WEB_PASSWORD: must be set, it is what lets one into the web UI")
    if not ui.web_login:
        problems.append("--web-login: must be given, or the web UI is open")
    if problems:
        environment.events.quitting.fire(environment=environment, reverse=True)
        print(*problems, sep="\n", file=sys.stderr)
        sys.exit(2)

    ui.app.secret_key = secrets.token_bytes()  # who was logged in before a restart logs in again
    ui.login_manager.user_loader(lambda user: Visitor(user) if user == name else None)
    ui.auth_args = {"username_password_callback": f"{environment.parsed_options.web_base_path.rstrip('/')}/log-in"}
    pages = Blueprint("swell_login", __name__, url_prefix=environment.parsed_options.web_base_path.rstrip("/") or None)

    @pages.post("/log-in")
    def submit():
        typed = request.form.get("username", ""), request.form.get("password", "")
        right = [hmac.compare_digest(t.encode(), r.encode()) for t, r in zip(typed, (name, password), strict=True)]
        if not all(right):
            session["auth_error"] = "Wrong user name or password"
            return redirect(url_for("locust.login"))
        session.pop("auth_error", None)
        login_user(Visitor(name))
        return redirect(url_for("locust.index"))

    ui.app.register_blueprint(pages)
