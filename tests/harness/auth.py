"""HTTP authentication as the test servers check it: Basic and RFC 7616 Digest."""

import base64
from collections.abc import Callable, Mapping
import hashlib
import hmac
import re
from typing import Literal

type DigestAlgorithm = Literal["MD5", "SHA-256"]


def parse_digest(header: str) -> dict[str, str]:
    """Fields of an `Authorization: Digest` header, names in lower case."""
    fields = re.findall(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', header.partition(" ")[2])
    return {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted) or token for name, quoted, token in fields
    }


def digest_response(
    fields: Mapping[str, str],
    *,
    method: str,
    user: str,
    password: str,
    algorithm: DigestAlgorithm = "MD5",
) -> str:
    """The `response` those fields must carry, with or without `qop`."""
    digest = _hash(algorithm)
    secret = digest(f"{user}:{fields['realm']}:{password}")
    target = digest(f"{method}:{fields['uri']}")
    middle = [fields["nonce"]]
    if "qop" in fields:
        middle += [fields["nc"], fields["cnonce"], fields["qop"]]
    return digest(":".join([secret, *middle, target]))


def digest_matches(
    header: str,
    *,
    method: str,
    realm: str,
    user: str,
    password: str,
    algorithm: DigestAlgorithm = "MD5",
) -> bool:
    """Whether an `Authorization` header proves the user's password; the nonce is the caller's."""
    fields = parse_digest(header)
    if fields.get("username") != user or fields.get("realm") != realm:
        return False
    try:
        expected = digest_response(
            fields, method=method, user=user, password=password, algorithm=algorithm
        )
    except KeyError:
        return False
    return hmac.compare_digest(expected, fields.get("response", ""))


def basic_matches(header: str, *, user: str, password: str) -> bool:
    """Whether an `Authorization: Basic` header holds the user and the password."""
    expected = base64.b64encode(f"{user}:{password}".encode()).decode()
    return hmac.compare_digest(header.partition(" ")[2].strip(), expected)


def _hash(algorithm: DigestAlgorithm) -> Callable[[str], str]:
    make = hashlib.md5 if algorithm == "MD5" else hashlib.sha256
    return lambda text: make(text.encode()).hexdigest()
