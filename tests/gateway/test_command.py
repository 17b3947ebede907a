"""The command ``mars-nb-cluster`` with all its processes: the gateway, the embedded Dask cluster, drivers."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from gateway_tools import TOKENS, USERS

from mars_nb.gateway.auth import hash_token, read_users
from mars_nb.gateway.cli import main
from mars_nb.gateway.lock import Lock, holder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

PATIENCE_S = 60.0


class Command:
    """A running ``mars-nb-cluster``, whose temporary files are in a directory of their own."""

    def __init__(self, place, *arguments):
        self.temporary = Path(tempfile.mkdtemp(prefix="mg", dir=place.parent))
        self._log = place / f"log-{time.monotonic_ns()}"
        env = os.environ | {"TMPDIR": str(self.temporary), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "mars_nb.gateway", "--port=0", "--log-level=debug", *map(str, arguments)]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=log, text=True)
        self.said = self.process.stdout.readline().strip()
        if not self.said:
            self.process.wait(PATIENCE_S)
            self.process.stdout.close()
            raise AssertionError(self.log)
        self.known = []
        self.watched = psutil.Process(self.process.pid)
        self.port = int(re.search(r":(\d+)/", self.said)[1])
        self.token = self.said.partition("?token=")[2]

    @property
    def log(self):
        return self._log.read_text()

    def ask(self, method, path, body=None, *, token=None, context=None):
        kind = http.client.HTTPConnection if context is None else http.client.HTTPSConnection
        more = {} if context is None else {"context": context}
        connection = kind("localhost", self.port, timeout=PATIENCE_S, **more)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {"Authorization": f"Bearer {token or self.token}"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def fetch(self, path, token=None):
        """Give status and headers of a page."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=PATIENCE_S)
        connection.request("GET", path, headers={"Authorization": f"Bearer {token or self.token}"})
        answer = connection.getresponse()
        connection.close()
        return answer.status, answer.headers

    def dashboard(self):
        """Give the path of Dask's dashboard, which is a secret."""
        return self.fetch("/dashboard/")[1]["Location"]

    def family(self):
        """Give all processes that come of it."""
        self.known = [self.watched, *self.watched.children(recursive=True)]
        return self.known

    def end(self, number=signal.SIGTERM):
        """Send a signal, and give what the process returns."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE_S)
        self.process.stdout.close()
        return code


@pytest.fixture
def command(tmp_path):
    """Give a function that starts the command; what it leaves is ended."""
    started = []

    def start(*arguments):
        started.append(Command(tmp_path, *arguments))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.end(signal.SIGINT)
        for process in each.known:  # of a test that failed
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


ONE = ("--n-workers=1", "--threads-per-worker=1", "--memory-limit=1GiB")


def wait_for(what, look):
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S:.0f} s"
        time.sleep(0.05)
    return found


def runs(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE  # ended; its new parent has not heard of it
    except psutil.NoSuchProcess:
        return False


def gone(processes):
    wait_for(f"the end of {processes}", lambda: not any(map(runs, processes)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_serves_and_leaves_nothing(command, number):
    started = command(*ONE)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{40,}", started.said)
    status, info = started.ask("GET", "/api/v1/info")
    assert status == 200
    assert info["cluster"]["workers"] == 1
    assert started.ask("POST", "/api/v1/sessions", {"name": "etl"})[0] in (200, 201)
    status, told = started.ask("GET", "/api/v1/workers")
    assert [worker["threads"] for worker in told["workers"]] == [1]
    assert started.ask("GET", "/api/v1/info", token="wrong")[0] == 401

    family = started.family()
    assert len(family) >= 4, "gateway, engine, worker, driver"
    ours = [process for process in family if "resource_tracker" not in str(process.cmdline())]  # Python's, ends after
    assert started.end(number) == 0
    assert not [process for process in ours if runs(process)]
    gone(family)
    assert list(started.temporary.iterdir()) == []
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", started.port)):
        pass
    assert started.token not in started.log
    assert "Traceback" not in started.log
    assert "ERROR" not in started.log


def test_no_secret_is_seen_by_other_users(command):
    started = command(*ONE)
    started.ask("GET", "/api/v1/info")
    (folder,) = started.temporary.glob("mars-nb-*")
    assert folder.stat().st_mode & 0o777 == 0o700
    secrets = [started.token, started.dashboard().split("/")[2]]
    assert min(map(len, secrets)) > 30
    for process in started.family():
        line = " ".join(process.cmdline())
        assert not any(secret in line for secret in secrets)
        assert "--" not in line or process == started.watched or "multiprocessing" in line
        assert started.token not in str(process.environ())


FAILING = """
import sys, mars_nb, mars_nb.remote as mr
def fail():
    raise ValueError("nobody else is to read this")
mars_nb.new_session(sys.argv[1])
try:
    mr.spawn(fail).execute()
except ValueError as error:
    print(error)
"""


def test_errors_of_users_are_told_to_them_only(command):
    started = command(*ONE)
    done = subprocess.run(
        [sys.executable, "-c", FAILING, started.said], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    assert "nobody else is to read this" in done.stdout
    driver = next(process for process in started.family() if "mars_nb.gateway.driver" in process.cmdline())
    driver.kill()
    wait_for("the log", lambda: "the driver of" in started.log and "ended with -9" in started.log)
    assert started.end() == 0
    assert "nobody else" not in started.log
    assert "Traceback" not in started.log


def test_others_cannot_use_the_cluster_behind_it(command):
    """Its scheduler and workers want certificates; over HTTP they tell nothing."""
    started = command(*ONE)
    started.ask("GET", "/api/v1/info")
    ports = set()
    for process in started.family()[1:]:
        with contextlib.suppress(psutil.NoSuchProcess):
            connections = [each for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
            ports |= {each.laddr.port for each in connections}
            assert {each.laddr.ip for each in connections} <= {"127.0.0.1"}
    assert len(ports) >= 3
    for port in ports:
        for path in (
            "/",
            "/info/main/workers.html",
            "/json/counts.json",
            "/status",
            "/metrics",
            "/health",
            "/dashboard/",
        ):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            try:
                connection.request("GET", path)
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException):
                continue  # not HTTP: TLS
            finally:
                connection.close()
            assert status == 404, (port, path)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        assert not speaks(port, context)


def speaks(port, context):
    """Tell whether what listens there accepts a client without a certificate."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as raw, context.wrap_socket(raw) as secured:
            secured.sendall(b"x" * 100)
            return bool(secured.recv(100))
    except OSError:
        return False


def test_the_dashboard_is_behind_the_login(command):
    started = command(*ONE)
    path = started.dashboard()
    assert re.fullmatch(r"/dashboard/[\w-]{30,}/status", path)
    folder = path.removesuffix("/status")
    for file in ("info/main/workers.html", "health", "statics/css/base.css"):
        assert started.fetch(f"{folder}/{file}")[0] == 200
        assert started.fetch(f"{folder}/{file}", token="wrong")[0] == 401
    for wrong in (
        "/dashboard/status",
        "/dashboard/x/status",
        f"{folder}/../x",
        f"{folder}x/status",
        f"{folder}/%2e%2e/",
    ):
        assert started.fetch(wrong)[0] == 404
    policy = started.fetch(f"{folder}/info/main/workers.html")[1]["Content-Security-Policy"]
    assert f"connect-src http://localhost:{started.port}/dashboard/" in policy


def test_a_killed_gateway_takes_all_along(command):
    started = command(*ONE)
    started.ask("GET", "/api/v1/info")
    family = started.family()
    assert started.end(signal.SIGKILL) == -signal.SIGKILL
    gone(family)


def test_sessions_outlive_a_restart(command, tmp_path):
    state = tmp_path / "s"
    first = command(*ONE, "--state-dir", state)
    session = first.ask("POST", "/api/v1/sessions", {"name": "etl"})[1]["id"]
    family = first.family()[1:]
    assert first.end(signal.SIGTERM) == 0
    assert len(psutil.wait_procs(family, 0.5)[1]) >= 3, "engine, worker and driver stay"
    assert state.stat().st_mode & 0o777 == 0o700

    second = command(*ONE, "--state-dir", state)
    assert second.token == first.token
    assert [each["id"] for each in second.ask("GET", "/api/v1/sessions")[1]] == [session]
    assert second.ask("GET", "/api/v1/workers")[1]["workers"]

    third = command(*ONE, "--state-dir", state) if second.end(signal.SIGKILL) else None  # a crash leaves them, too
    assert [each["id"] for each in third.ask("GET", "/api/v1/sessions")[1]] == [session]
    assert third.end(signal.SIGINT) == 0
    gone(family)
    left = {path.name for path in state.rglob("*")}
    assert not any(name.endswith((".sock", ".json")) for name in left)
    assert first.token not in first.log + second.log + third.log


def test_a_state_directory_has_one_gateway(command, tmp_path):
    state = tmp_path / "s"
    command("--scheduler", "tcp://127.0.0.1:1", "--state-dir", state)
    said = refused("--scheduler", "tcp://127.0.0.1:1", "--state-dir", state)
    assert "another gateway" in said


def test_a_cluster_that_dies_ends_the_gateway_if_it_was_new(command):
    started = command(*ONE)
    started.ask("GET", "/api/v1/info")
    family = started.family()
    (engine,) = [process for process in family if "mars_nb.gateway.engine" in process.cmdline()]
    engine.kill()
    assert started.process.wait(PATIENCE_S) == 1
    started.process.stdout.close()
    gone(family)
    assert "cannot be started again" in started.log


def test_users_are_read_again(command, tmp_path):
    file = tmp_path / "tokens"
    file.write_text(USERS)
    started = command("--scheduler", "tcp://127.0.0.1:1", "--token-file", file)
    assert started.said.endswith("for ann, bob, broken, eve")
    assert started.ask("GET", "/api/v1/login", token=TOKENS["ann"])[1]["user"] == "ann"
    assert started.ask("GET", "/api/v1/login", token=TOKENS["eve"])[0] == 401, "expired"
    file.write_text("nonsense")
    started.process.send_signal(signal.SIGHUP)
    wait_for("the log", lambda: "users stay" in started.log)
    assert started.ask("GET", "/api/v1/login", token=TOKENS["ann"])[0] == 200
    file.write_text("\n".join(line for line in USERS.splitlines() if not line.startswith("ann")))
    started.process.send_signal(signal.SIGHUP)
    wait_for("the end of ann", lambda: started.ask("GET", "/api/v1/login", token=TOKENS["ann"])[0] == 401)
    assert started.ask("GET", "/api/v1/login", token=TOKENS["bob"])[0] == 200


def make_certificate(folder):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*pem))
    return folder / "cert.pem", folder / "key.pem"


def test_tls(command, tmp_path):
    cert, key = make_certificate(tmp_path)
    more = ("--scheduler", "tcp://127.0.0.1:1", "--host", "0.0.0.0", "--hostname", "cluster.example")
    started = command(*more, "--tls-cert", cert, "--tls-key", key)
    assert started.said.startswith("https://")
    trusting = ssl.create_default_context(cafile=str(cert))
    assert started.ask("GET", "/api/v1/login", context=trusting)[0] == 200
    assert started.ask("GET", "/api/v1/login", context=trusting, token="wrong")[0] == 401
    with pytest.raises(ssl.SSLError):
        started.ask("GET", "/health", context=ssl.create_default_context())
    with pytest.raises((OSError, http.client.HTTPException)):
        started.ask("GET", "/health")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(cert)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        started.ask("GET", "/health", context=old)
    connection = http.client.HTTPSConnection("localhost", started.port, context=trusting)
    connection.request("GET", f"/login?token={started.token}")
    cookie = connection.getresponse().headers["Set-Cookie"]
    connection.close()
    assert "Secure" in cookie


def refused(*arguments):
    """Run the command, which refuses to start, and give what it says."""
    command = [sys.executable, "-m", "mars_nb.gateway", "--port=0", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_without_tls_only_this_machine_is_served(host):
    said = refused("--host", host)
    assert "without TLS" in said
    assert "--tls-cert" in said
    assert "ssh -L" in said


def test_what_cannot_be_is_said(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = refused(f"--port={taken.getsockname()[1]}", "--scheduler=tcp://127.0.0.1:1")
        assert "cannot be listened on" in said
        assert "--port 0" in said
    (tmp_path / "tokens").write_text("ann:secret-in-the-clear")
    said = refused("--token-file", tmp_path / "tokens")
    assert "64 hexadecimal" in said
    assert "secret-in-the-clear" not in said
    assert "go together" in refused("--tls-cert", tmp_path / "tokens")
    assert "cannot be used" in refused("--tls-cert", tmp_path / "tokens", "--tls-key", tmp_path / "tokens")
    (tmp_path / "open").mkdir(mode=0o755)
    assert "chmod 700" in refused("--state-dir", tmp_path / "open")
    assert "too long a name" in refused("--scheduler=tcp://127.0.0.1:1", "--state-dir", tmp_path / ("x" * 100))
    assert "duration" in refused("--idle-timeout=soon")


def test_a_token_is_made_and_told_once():
    made = CliRunner().invoke(
        main, ["token", "ann", "--expires=2030-01-01", "--sessions=3", "--bytes=2GB", "--dashboard"]
    )
    assert made.exit_code == 0, made.output
    [(digest, user)] = read_users(made.stdout).items()
    assert (user.name, user.quota.sessions, user.quota.nbytes, user.dashboard) == ("ann", 3, 2 * 10**9, True)
    token = made.stderr.split()[-1]
    assert hash_token(token) == digest
    assert token not in made.stdout
    assert "Error" in CliRunner().invoke(main, ["token", "../ann"]).stderr


def test_the_gateways_process_cannot_unpickle():
    code = "import mars_nb.gateway.cli, sys; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "mars_nb.gateway.server" in loaded
    assert loaded.isdisjoint(
        {"cloudpickle", "dask", "distributed", "numpy", "pandas", "mars_nb.planner", "mars_nb.scheduler"}
    )


def test_a_lock_is_held_by_one_process(tmp_path):
    path = tmp_path / "lock"
    assert holder(path) is None
    with Lock(path):
        assert holder(path) == os.getpid()
        with pytest.raises(BlockingIOError):
            Lock(path)
    assert holder(path) is None
    code = f"import os, pathlib; from mars_nb.gateway.lock import Lock; Lock(pathlib.Path({str(path)!r})); os._exit(9)"
    subprocess.run([sys.executable, "-c", code], check=False)
    assert holder(path) is None, "the system lets go for a process that died"
