"""A PostgreSQL server of our own: made in a temporary folder, gone with it."""

from contextlib import suppress
import os
from pathlib import Path
import pwd
import secrets
import shutil
import subprocess
import time
from typing import Any, Self

from custom_components.timelapser.engine.database.config import PostgresConfig, TlsMode

USER = "timelapser"
PASSWORD = "s3cret/pg:p@ss"
START_SECONDS = 30


def find_binaries() -> Path | None:
    """Answer the folder with initdb and postgres: on PATH, or Debian's newest."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)


class PostgresServer:
    """The process; a context manager. It asks for a password on TCP, not on its socket."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self._data = folder / "data"
        self._socket = folder / "socket"
        self._folder = folder
        self._binaries = binaries
        self._process: subprocess.Popen[bytes] | None = None
        # Asking the system for a free one takes a socket, which tests may not open.
        self.port = 20_000 + secrets.randbelow(20_000)

    def __enter__(self) -> Self:
        self._socket.mkdir(parents=True)
        password = self._folder / "password"
        password.write_text(PASSWORD)
        for path in (self._folder, self._socket, password):
            self._hand_over(path)
        self._run(
            *("initdb", "-D", str(self._data), "-U", USER, f"--pwfile={password}"),
            *("--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "--encoding=UTF8"),
        )
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._process = subprocess.Popen(
            [
                self._binaries / "postgres",
                *("-D", self._data, "-k", self._socket, "-p", str(self.port)),
                *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"),
                *("-c", "shared_buffers=64MB", "-c", "max_connections=60"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **_other_user(),
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(subprocess.CalledProcessError):
                self._sql("SELECT 1")
                return
            time.sleep(0.1)
        raise RuntimeError("PostgreSQL did not start")

    def stop(self) -> None:
        """End the server at once; clients lose their connections."""
        if self._process is not None:
            self._process.send_signal(3)  # SIGQUIT: immediate shutdown
            self._process.wait(20)
            self._process = None

    def new_database(self) -> PostgresConfig:
        """Make an empty database; answer how to reach it by the socket."""
        name = f"test_{secrets.token_hex(6)}"
        self._sql(f"CREATE DATABASE {name}")
        return PostgresConfig(str(self._socket), self.port, name, USER, tls=TlsMode.DISABLE)

    def new_user(self) -> str:
        """Make a user with the usual password who may make no tables; answer the name."""
        name = f"guest_{secrets.token_hex(6)}"
        self._sql(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
        return name

    def _sql(self, statement: str) -> None:
        self._run(
            *("psql", "-q", "-h", str(self._socket), "-p", str(self.port), "-U", USER),
            *("-d", "postgres", "-c", statement),
        )

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._binaries / program, *arguments],
            check=True,
            capture_output=True,
            **_other_user(),
        )

    def _hand_over(self, path: Path) -> None:
        if other := _other_user():
            shutil.chown(path, other["user"], other["group"])


def _other_user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_name, "group": user.pw_gid, "extra_groups": []}
    return {}
