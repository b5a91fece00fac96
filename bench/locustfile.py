"""What bench/compare.py has Locust's own workers do; bench/worker does the same in Swell."""

import os

from locust import FastHttpUser, HttpUser, constant_throughput, task

RATE = float(os.environ.get("BENCH_RATE", "5"))
BASE = {"http": HttpUser, "fasthttp": FastHttpUser}[os.environ["BENCH_CLIENT"]]


class BenchUser(BASE):
    wait_time = constant_throughput(RATE)

    @task
    def payment(self):
        self.client.get("/payments/pay_000000000042", name="/payments/[id]")
