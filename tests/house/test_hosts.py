"""By which names a server is asked for: in production its own and those that the operator names."""

from pathlib import Path

import pytest

from app.fhir.errors import Invalid
from app.settings import Settings
from app.web.front import refuse_other_hosts

SECRET = b"a secret of 32 bytes and a few more"


def answers(host: str, folder: Path, env: str, **more: str) -> bool:
    public = "https://Baton.Example:8443"
    settings = Settings(env=env, public_url=public, secret_key=SECRET, data_dir=folder, **more)
    try:
        refuse_other_hosts([(b"accept", b"*/*"), (b"host", host.encode())], settings)
    except Invalid:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "allowed", "production", "development"),
    [
        ("baton.example", "", True, True),
        ("BATON.example:1", "", True, True),
        ("127.0.0.1:8000", "", False, True),
        ("localhost", "", False, True),
        ("[::1]:8000", "", False, True),
        ("192.168.1.5", "", False, True),
        ("10.0.0.5:8000", "10.0.0.5,up.internal", True, True),
        ("up.internal", "10.0.0.5,up.internal", True, True),
        ("evil.example", "10.0.0.5,up.internal", False, False),
        ("baton.example.evil.example", "", False, False),
        ("evil.example:baton.example", "", False, False),
        ("127.0.0.1.evil.example", "", False, False),
        ("", "", False, False),
    ],
)
def test_a_host_is_ours_or_refused(
    tmp_path: Path, host: str, allowed: str, production: bool, development: bool
) -> None:
    more = {"allowed_hosts": allowed} if allowed else {}
    assert answers(host, tmp_path, "production", **more) is production
    assert answers(host, tmp_path, "development", **more) is development
