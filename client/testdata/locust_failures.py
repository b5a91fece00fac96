"""Prints the failure texts that Locust's own HttpUser client reports, case by case.

Run by hand with a Python that has Locust (2.47.0 when the table in failure.go was
written); nothing in the Go tests depends on it:

    python client/testdata/locust_failures.py
"""

import locust  # noqa: F401, I001  first: it patches the standard library for gevent
from locust.clients import HttpSession
from locust.event import EventHook
from locust.stats import StatsError

import os
import resource
import socket
import ssl
import struct
import subprocess
import tempfile
import threading


os.environ["NO_PROXY"] = "*"


def serve(handle, tls=None):
    """A server that hands each connection to handle(connection); returns its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def loop():
        while True:
            connection, _ = listener.accept()
            try:
                if tls:
                    connection = tls.wrap_socket(connection, server_side=True)
                handle(connection)
            except OSError:
                connection.close()

    threading.Thread(target=loop, daemon=True).start()
    return listener.getsockname()[1]


def answer(raw):
    def handle(c):
        c.recv(65536)
        c.sendall(raw)
        c.close()

    return handle


def reset_after(raw):
    def handle(c):
        c.recv(65536)
        c.sendall(raw)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.close()

    return handle


held = []


def certificate(name):
    folder = tempfile.mkdtemp()
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            folder + "/key",
            "-out",
            folder + "/cert",
            "-days",
            "2",
            "-subj",
            "/CN=" + name,
            "-addext",
            "subjectAltName=DNS:" + name,
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + "/cert", folder + "/key")
    return context, folder + "/cert"


def show(case, base, path="/x", **kw):
    event = EventHook()

    def listener(exception=None, name=None, request_type=None, **_):
        text = StatsError.parse_error(exception) if exception else "(success)"
        print(f"{case:32} {request_type} {name}\n    {text}")

    event.add_listener(listener)
    session = HttpSession(base_url=base, request_event=event, user=None)
    method = kw.pop("method", "GET")
    try:
        session.request(method, path, **kw)
    except Exception as e:
        print(f"{case:32} RAISED\n    {e!r}")


def port(handle, tls=None):
    return f"http{'s' if tls else ''}://127.0.0.1:{serve(handle, tls)}"


unused = socket.create_server(("127.0.0.1", 0))
closed = unused.getsockname()[1]
unused.close()

show("refused", f"http://127.0.0.1:{closed}")
show("no such name", "http://nothing.invalid")
show("closed without an answer", port(answer(b"")))
show("reset without an answer", port(reset_after(b"")))
show("silent", port(held.append), timeout=0.3)
show("silent, name given", port(held.append), timeout=0.3, name="n")
full = socket.socket()
full.bind(("127.0.0.1", 0))
full.listen(0)
for _ in range(3):
    c = socket.socket()
    c.setblocking(False)
    c.connect_ex(full.getsockname())
    held.append(c)
show("connection not accepted", f"http://127.0.0.1:{full.getsockname()[1]}", timeout=0.3)
show("connection not accepted, TLS", f"https://127.0.0.1:{full.getsockname()[1]}", timeout=0.3)
show("status line cut", port(answer(b"HTTP/1.1 20")))
show("header cut", port(answer(b"HTTP/1.1 200 OK\r\nContent-Le")))
show("garbage", port(answer(b"SSH-2.0-OpenSSH_9.6\r\n")))
show("bad status", port(answer(b"HTTP/1.1 abc OK\r\n\r\n")))
show("bad header", port(answer(b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 0\r\n\r\n")))
show("body cut", port(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")))
show("body reset", port(reset_after(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")))
show("chunked body cut", port(answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")))
show("chunked body ends early", port(answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")))
show("chunk garbage", port(answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n")))
show("bad gzip", port(answer(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd")))


def hang_in_body(c):
    c.recv(65536)
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    held.append(c)


show("silent in the body", port(hang_in_body), timeout=0.3)
show("404", port(answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")))
show("404, name given", port(answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")), name="/payments/[id]")
show("503 own reason", port(answer(b"HTTP/1.1 503 Come Back Later\r\nContent-Length: 0\r\n\r\n")))
show("503 no reason", port(answer(b"HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n")))
show("500 quoted reason", port(answer(b"HTTP/1.1 500 it's broken\r\nContent-Length: 0\r\n\r\n")))
show("500 both quotes", port(answer(b'HTTP/1.1 500 it\'s "broken"\r\nContent-Length: 0\r\n\r\n')))
show("500 latin1 reason", port(answer("HTTP/1.1 500 kaputt: Überlauf\r\nContent-Length: 0\r\n\r\n".encode("latin1"))))
show("500 utf8 reason", port(answer("HTTP/1.1 500 kaputt: Überlauf\r\nContent-Length: 0\r\n\r\n".encode())))
show("999", port(answer(b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n")))
show("304", port(answer(b"HTTP/1.1 304 Not Modified\r\n\r\n")))
show("redirects for ever", port(answer(b"HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n")))
show("redirect to ftp", port(answer(b"HTTP/1.1 302 Found\r\nLocation: ftp://h/y\r\nContent-Length: 0\r\n\r\n")))
show(
    "redirect to a bad URL", port(answer(b"HTTP/1.1 302 Found\r\nLocation: http://[::1/y\r\nContent-Length: 0\r\n\r\n"))
)
show("redirect to no host", port(answer(b"HTTP/1.1 302 Found\r\nLocation: http:///y\r\nContent-Length: 0\r\n\r\n")))
show(
    "redirect to a closed port",
    port(answer(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/y\r\nContent-Length: 0\r\n\r\n" % closed)),
)
tls, own = certificate("localhost")
other, _ = certificate("other.example")
show("TLS unknown authority", port(answer(b""), tls))
show("TLS other host name", port(answer(b""), tls), verify=own)
show("TLS server speaks HTTP", port(answer(b"HTTP/1.1 400 Bad\r\n\r\n")).replace("http", "https"))
show("HTTP to a TLS port", port(answer(b""), tls).replace("https", "http"))
show("TLS closed in handshake", port(answer(b"")).replace("http", "https"))
show("TLS reset in handshake", port(reset_after(b"")).replace("http", "https"))
show("TLS silent in handshake", port(held.append).replace("http", "https"), timeout=0.3)
show("large header", port(answer(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70000 + b"\r\n\r\n")))
show("upload refused half way", port(reset_after(b"")), method="POST", data=b"x" * 10_000_000)
show("path with a space", port(answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")), path='/a b?q=ü <x>|"y"')
show("no path", port(answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")), path="")
show(
    "credentials",
    port(answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")).replace("//", "//u:p@"),
    path="/x?y=1#frag",
)

target = port(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
show("(warm up)", target)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
files = []
try:
    while True:
        files.append(open("/dev/null"))  # noqa: PTH123, SIM115  they have to stay open
except OSError:
    pass
show("no file descriptors", target)
