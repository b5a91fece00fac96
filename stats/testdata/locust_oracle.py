"""What the real Locust makes of latencies, for the tests of swell/stats.

Reads one JSON object from stdin and answers with one on stdout:

    {"buckets": [micros, …]}             → {"buckets": [key, …]}
    {"start": s, "requests": […],
     "windows": [wire, …]}           → {"entry_keys": …, "error_keys": …, "locust": numbers, "master": numbers}

"locust" is what log_request and log_error say of the requests, "master" what a
master's stats say after it was told of the windows by its worker_report event.
"""

import json
import sys

from locust import stats
from locust.event import Events


class Clock:
    """Stands for the module time in locust.stats."""

    now = 0.0

    def time(self):
        return self.now


def numbers(s):
    """Every number that Locust shows of s, its tables' rows by "method name"."""
    table = {}
    for entry in [s.total, *s.entries.values()]:
        row = entry.serialize()
        for key in ("response_times", "num_reqs_per_sec", "num_fail_per_sec"):
            row[key] = {str(k): n for k, n in sorted(row[key].items())}
        row["percentiles"] = [entry.get_response_time_percentile(p) for p in stats.PERCENTILES_TO_REPORT]
        for name in (
            "median_response_time",
            "avg_response_time",
            "fail_ratio",
            "avg_content_length",
            "current_rps",
            "current_fail_per_sec",
            "total_rps",
            "total_fail_per_sec",
        ):
            row[name] = getattr(entry, name)
        table[f"{entry.method} {entry.name}"] = row
    errors = {f"{e.method} {e.name} {e.error}": e.serialize() for e in s.errors.values()}
    return {"entries": table, "errors": errors, "error_rows": len(s.errors)}


def logged(start, requests, clock):
    clock.now = start
    s = stats.RequestStats()
    for r in requests:
        clock.now = r["end"]
        s.log_request(r["method"], r["name"], r["ms"], r["bytes"])
        if r["error"] is not None:
            s.log_error(r["method"], r["name"], r["error"])
    return s


def reported(start, windows, clock):
    clock.now = start
    events, s = Events(), stats.RequestStats()
    stats.setup_distributed_stats_event_listeners(events, s)
    for window in windows:
        for entry in [*window["stats"], window["stats_total"]]:
            for key in ("response_times", "num_reqs_per_sec", "num_fail_per_sec"):
                entry[key] = {int(k): n for k, n in entry[key].items()}  # JSON has no other keys
        events.worker_report.fire(client_id="swell", data=window)
    return s


def main():
    question = json.load(sys.stdin)
    if "buckets" in question:
        json.dump(
            {"buckets": [stats.bucket_response_time(micros / 1000) for micros in question["buckets"]]}, sys.stdout
        )
        return
    clock = stats.time = Clock()
    start = question["start"]
    json.dump(
        {
            "entry_keys": sorted(stats.StatsEntryDict.__annotations__ | stats.StatsBaseDict.__annotations__),
            "error_keys": sorted(stats.StatsErrorDict.__annotations__ | stats.StatsBaseDict.__annotations__),
            "locust": numbers(logged(start, question["requests"], clock)),
            "master": numbers(reported(start, question["windows"], clock)),
        },
        sys.stdout,
    )


main()
