"""A real Home Assistant process on 127.0.0.1, and what a browser would ask of it."""

import asyncio
from contextlib import suppress
import json
from pathlib import Path
import sys
from typing import Any, Self

import aiohttp

COMPONENT = Path(__file__).parents[2] / "custom_components" / "timelapser"
START_SECONDS = 180
STOP_SECONDS = 60

CONFIGURATION = """\
homeassistant:
  name: Timelapser demo
  latitude: 46.6
  longitude: 8.03
  elevation: 1000
  unit_system: metric
  time_zone: Europe/Zurich
  country: CH
  media_dirs:
    local: "{media}"
api:
config:
frontend:
history:
logbook:
recorder:
sun:
system_health:
logger:
  default: warning
  logs:
    custom_components.timelapser: debug
"""


class HomeAssistant:
    """The process with its configuration folder; an async context manager.

    A folder that was used before is used again, with its user and all it remembers.
    """

    def __init__(
        self,
        config: Path,
        *,
        port: int,
        user: str = "demo",
        password: str = "demo",
        hass: Path | None = None,
    ) -> None:
        self.config = config.absolute()
        self.url = f"http://127.0.0.1:{port}"
        self.media = self.config / "media"
        self._port = port
        self._user = user
        self._password = password
        self._hass = hass or Path(sys.executable).with_name("hass")
        self._process: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession | None = None
        self._headers: dict[str, str] = {}

    @property
    def log(self) -> str:
        """All that Home Assistant has written so far."""
        path = self.config / "hass.out"
        return path.read_text(errors="replace") if path.exists() else ""

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._write_configuration)
        await self.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the process, log in, and wait until everything is set up."""
        self._session = aiohttp.ClientSession(self.url)
        with (self.config / "hass.out").open("a") as output:
            self._process = await asyncio.create_subprocess_exec(
                self._hass,
                *("-c", str(self.config)),
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._log_in(await self._wait_for_web_server())
                while (await self.call("GET", "/api/config"))["state"] != "RUNNING":
                    await asyncio.sleep(0.1)
        except BaseException:
            await self.stop()
            raise

    async def stop(self, *, kill: bool = False) -> int | None:
        """End the process, as a service manager would, or at once, as a power cut would.

        Answers its exit code, or None when it did not run.
        """
        process, self._process = self._process, None
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        if process is None or process.returncode is not None:
            return process.returncode if process else None
        if not kill:
            process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
        if process.returncode is None:
            process.kill()
            await process.wait()
        return process.returncode

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Make an authenticated request; raise RuntimeError for any answer but success."""
        async with self._client.request(method, path, json=body, headers=self._headers) as response:
            text = await response.text()
            if response.status >= 400:
                raise RuntimeError(f"{method} {path}: {response.status} {text[:500]}")
            return json.loads(text) if text[:1] in '[{"' else text

    async def fetch(self, path: str, *, authorized: bool = True) -> tuple[int, bytes]:
        """Answer the status and the body of any path."""
        headers = self._headers if authorized else {}
        async with self._client.get(path, headers=headers) as response:
            return response.status, await response.read()

    async def action(self, domain: str, name: str, **data: Any) -> Any:
        """Call an action and answer its response."""
        answer = await self.call("POST", f"/api/services/{domain}/{name}?return_response", data)
        return answer["service_response"]

    async def websocket(self, **message: Any) -> Any:
        """Send one WebSocket command and answer its result."""
        async with self._client.ws_connect("/api/websocket") as socket:
            await socket.receive_json()
            token = self._headers["Authorization"].removeprefix("Bearer ")
            await socket.send_json({"type": "auth", "access_token": token})
            await socket.receive_json()
            await socket.send_json({"id": 1, **message})
            answer = await socket.receive_json()
        if not answer["success"]:
            raise RuntimeError(f"{message['type']}: {answer['error']}")
        return answer["result"]

    async def flow(self, kind: str, handler: Any) -> dict[str, Any]:
        """Begin a flow: `kind` is "flow" or "subentries/flow"."""
        answer: dict[str, Any] = await self.call(
            "POST", f"/api/config/config_entries/{kind}", {"handler": handler}
        )
        return answer

    async def step(self, kind: str, flow_id: str, **fields: Any) -> dict[str, Any]:
        """Fill in a form, or choose from a menu, and answer the next step."""
        answer: dict[str, Any] = await self.call(
            "POST", f"/api/config/config_entries/{kind}/{flow_id}", fields
        )
        return answer

    @property
    def _client(self) -> aiohttp.ClientSession:
        assert self._session is not None
        return self._session

    def _write_configuration(self) -> None:
        self.media.mkdir(parents=True, exist_ok=True)
        (self.config / "configuration.yaml").write_text(CONFIGURATION.format(media=self.media))
        link = self.config / "custom_components" / COMPONENT.name
        link.parent.mkdir(exist_ok=True)
        if not link.exists():
            link.symlink_to(COMPONENT)
        # HTTP settings from YAML are only on trial and would be taken back after five minutes.
        self._write_storage(
            "http",
            2,
            2,
            {"stable": self._http(), "pending": None, "yaml_migration_done": True},
            always=True,
        )
        # Only the user is made over HTTP: the other steps would set up integrations that need
        # the internet.
        done = ["core_config", "analytics", "integration"]
        self._write_storage("onboarding", 4, 1, {"done": done})

    def _http(self) -> dict[str, Any]:
        return {
            "server_port": self._port,
            "server_host": ["127.0.0.1"],
            "cors_allowed_origins": [],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": True,
            "ssl_profile": "modern",
            "use_x_frame_options": True,
            "created_at": "2026-01-01T00:00:00+00:00",
            "error": None,
            "error_message": None,
        }

    def _write_storage(
        self, key: str, version: int, minor: int, data: dict[str, Any], *, always: bool = False
    ) -> None:
        path = self.config / ".storage" / key
        if path.exists() and not always:
            return
        path.parent.mkdir(exist_ok=True)
        content = {"version": version, "minor_version": minor, "key": key, "data": data}
        path.write_text(json.dumps(content))

    async def _wait_for_web_server(self) -> list[dict[str, Any]]:
        """Answer the onboarding steps, none when Home Assistant is onboarded."""
        while True:
            if self._process is None or self._process.returncode is not None:
                raise RuntimeError(f"Home Assistant ended while starting:\n{self.log[-3000:]}")
            with suppress(aiohttp.ClientError):
                async with self._client.get("/api/onboarding") as response:
                    if response.status == 200:
                        steps: list[dict[str, Any]] = await response.json()
                        return steps
                    if response.status == 404:
                        return []
            await asyncio.sleep(0.1)

    async def _log_in(self, steps: list[dict[str, Any]]) -> None:
        client_id = f"{self.url}/"
        if any(step["step"] == "user" and not step["done"] for step in steps):
            answer = await self.call(
                "POST",
                "/api/onboarding/users",
                {
                    "client_id": client_id,
                    "name": self._user.title(),
                    "username": self._user,
                    "password": self._password,
                    "language": "en",
                },
            )
            code = answer["auth_code"]
        else:
            code = await self._log_in_again(client_id)
        async with self._client.post(
            "/auth/token",
            data={"grant_type": "authorization_code", "code": code, "client_id": client_id},
        ) as response:
            tokens = await response.json()
        self._headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    async def _log_in_again(self, client_id: str) -> str:
        flow = await self.call(
            "POST",
            "/auth/login_flow",
            {
                "client_id": client_id,
                "handler": ["homeassistant", None],
                "redirect_uri": f"{client_id}?auth_callback=1",
            },
        )
        answer = await self.call(
            "POST",
            f"/auth/login_flow/{flow['flow_id']}",
            {"client_id": client_id, "username": self._user, "password": self._password},
        )
        code: str = answer["result"]
        return code
