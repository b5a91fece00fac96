"""Writes the *.msgpack files next to it: messages as Locust itself serializes them.

/path/to/python-with-locust generate.py
"""

import datetime
import pathlib

from locust.rpc.protocol import Message

NODE = "host_0123456789abcdef0123456789abcdef"
OPTIONS = {  # an excerpt of vars(environment.parsed_options), and what custom arguments may add
    "locustfile": "locustfile.py",
    "host": "http://127.0.0.1:8080",
    "num_users": 20,
    "spawn_rate": 2.5,
    "headless": False,
    "reset_stats": True,
    "tags": ["read", "write"],
    "exclude_tags": None,
    "stop_timeout": 3.0,
    "csv_prefix": None,
    "long": "x" * 300,
    "umlaut": "Zürich",
    "negative": -70000,
    "big": 2**62,
    "nested": {"by number": {1: "one", 2: [None, True, 1.5]}, "empty": {}},
    "at": datetime.datetime(2026, 1, 2, 3, 4, 5, 600000),
}
MESSAGES = {
    "ack": ("ack", {"index": 3}),
    "spawn": (
        "spawn",
        {
            "timestamp": 1767322245.25,
            "user_classes_count": {"PaymentUser": 15, "Clerk": 0},
            "host": "http://127.0.0.1:8080/",
            "stop_timeout": 3.0,
            "parsed_options": OPTIONS,
        },
    ),
    "spawn-without-options": (
        "spawn",
        {
            "timestamp": 1767322246.5,
            "user_classes_count": {"PaymentUser": 100000},
            "host": None,
            "stop_timeout": None,
            "parsed_options": {},
        },
    ),
    "spawning_complete": ("spawning_complete", {"user_count": 15}),
    "stop": ("stop", None),
    "quit": ("quit", None),
    "heartbeat": ("heartbeat", None),
    "reconnect": ("reconnect", None),
    "update_user_class": ("update_user_class", {"user_class_name": "Clerk", "weight": 2}),
    "custom-list": ("custom", [1, "two", None, {"three": 3}]),
    "custom-binary": ("custom", b"\x00\xff\xfe"),
}

here = pathlib.Path(__file__).parent
for name, (kind, data) in MESSAGES.items():
    (here / f"{name}.msgpack").write_bytes(Message(kind, data, NODE).serialize())
