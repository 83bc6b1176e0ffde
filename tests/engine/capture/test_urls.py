"""Camera URLs: allowed schemes, credentials kept apart."""

import pytest

from custom_components.timelapser.engine.capture.urls import (
    PROTOCOLS,
    STREAM_SCHEMES,
    host_label,
    normalized,
    parse_url,
    redact,
    with_credentials,
)
from custom_components.timelapser.engine.errors import UrlNotAllowedError


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "concat:/etc/passwd|/etc/hosts",
        "pipe:0",
        "data:image/jpeg;base64,AAAA",
        "subfile,,start,0,end,9,,:/etc/passwd",
        "ftp://camera/picture",
        "rtsp://",
        "camera.local/stream",
        "",
        "rtsp://camera:99999/",
        "rtsp://camera/a b",
        "rtsp://camera/a\nb",
        "http://[::1/picture",
    ],
)
def test_url_that_is_not_allowed(url: str) -> None:
    with pytest.raises(UrlNotAllowedError):
        parse_url(url, STREAM_SCHEMES)


def test_protocols_reach_no_local_file() -> None:
    assert not {"file", "concat", "pipe", "data", "subfile", "fd"} & set(PROTOCOLS)


@pytest.mark.parametrize(
    ("url", "clean", "user", "password"),
    [
        ("rtsp://camera/live", "rtsp://camera/live", None, None),
        ("rtsp://me:secret@camera:8554/live?a=1", "rtsp://camera:8554/live?a=1", "me", "secret"),
        ("rtsp://me:p%40ss%3A@camera/", "rtsp://camera/", "me", "p@ss:"),
        ("http://me@[fe80::1]:80/x", "http://[fe80::1]:80/x", "me", None),
        ("  https://camera/x ", "https://camera/x", None, None),
    ],
)
def test_credentials_are_taken_out(
    url: str, clean: str, user: str | None, password: str | None
) -> None:
    parsed = parse_url(url, STREAM_SCHEMES)
    assert (parsed.url, parsed.user, parsed.password) == (clean, user, password)


def test_credentials_go_back_in_encoded() -> None:
    url = with_credentials("rtsp://camera:8554/live", "a@b", "p:/#?")
    assert url == "rtsp://a%40b:p%3A%2F%23%3F@camera:8554/live"
    assert parse_url(url, STREAM_SCHEMES).password == "p:/#?"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("rtsp://Camera/live", "rtsp://camera:554/live", True),
        ("http://me:x@camera", "http://camera:80/", True),
        ("http://[FE80::1]/a", "http://[fe80::1]:80/a", True),
        ("rtsp://camera/live", "rtsp://camera/LIVE", False),
        ("rtsp://camera/live?channel=1", "rtsp://camera/live?channel=2", False),
    ],
)
def test_the_same_camera_is_recognized(one: str, other: str, same: bool) -> None:
    assert (normalized(one) == normalized(other)) is same


@pytest.mark.parametrize(
    "text",
    [
        "cannot open rtsp://me:secret@camera/live: refused",
        "two: http://a:secret@b and https://c:secret@d/x",
        "http://camera/snap.cgi?user=admin&password=secret&x=1",
        "http://camera/?token=secret",
        "rtsp://me:se%40secret@camera",
    ],
)
def test_redaction(text: str) -> None:
    assert "secret" not in redact(text)


def test_label_names_host_and_port_only() -> None:
    assert host_label("rtsp://me:secret@camera:8554/live") == "camera:8554"
