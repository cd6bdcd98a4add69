"""The letter about a new referral: what it says, what it cannot say, and what happens when it cannot be sent."""

import asyncio
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path
from uuid import UUID

import pytest

from app.clock import SystemIds
from app.gateways.mail import MailFailed, new_referral, open_mail
from app.settings import Settings

REFERRAL = UUID("01990000-0000-7000-8000-000000000001")


class StandingClock:
    def now(self) -> datetime:
        return datetime(2026, 11, 23, 17, 0, tzinfo=UTC)


def settings(tmp_path: Path, **chosen: str) -> Settings:
    known = {"env": "development", "public_url": "https://baton.example"} | chosen
    return Settings(data_dir=tmp_path, secret_key=b"0123456789abcdefghijklmnopqrstuv", **known)


def send(known: Settings, to: str, subject: str, text: str) -> None:
    asyncio.run(open_mail(known, StandingClock(), SystemIds()).send(to, subject, text))


def test_in_development_a_letter_is_a_file_with_the_link_and_nothing_about_the_person(tmp_path: Path) -> None:
    subject, text = new_referral("https://baton.example", REFERRAL)
    send(settings(tmp_path), "info@foodbank.example", subject, text)
    [file] = (tmp_path / "mail").glob("*.eml")
    letter = message_from_bytes(file.read_bytes())
    assert letter["To"] == "info@foodbank.example"
    assert letter["Subject"] == "You have a new referral"
    assert letter["Date"] == "Mon, 23 Nov 2026 17:00:00 +0000"
    assert [line for line in str(letter.get_payload()).splitlines() if "http" in line] == [
        f"https://baton.example/referrals/{REFERRAL}"
    ]


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\r\nBcc: everybody@evil.example",
        "a@b.example\nX: y",
        "a@b.example, c@evil.example",
        "Ana <a@b.example>",
        "a@b.example\x00",
        "nobody",
        "",
        "a@" + "b" * 300,
    ],
)
def test_an_address_cannot_smuggle_in_a_header_or_a_second_reader(tmp_path: Path, address: str) -> None:
    with pytest.raises(MailFailed):
        send(settings(tmp_path), address, "News", "Text")
    assert not (tmp_path / "mail").exists()


def test_a_subject_cannot_smuggle_in_a_header(tmp_path: Path) -> None:
    send(settings(tmp_path), "a@b.example", "News\r\nBcc: everybody@evil.example", "Text")
    [file] = (tmp_path / "mail").glob("*.eml")
    assert message_from_bytes(file.read_bytes())["Bcc"] is None


def test_production_without_an_smtp_address_keeps_the_letter_waiting(tmp_path: Path) -> None:
    with pytest.raises(MailFailed, match="no-smtp-url"):
        send(settings(tmp_path, env="production"), "a@b.example", "News", "Text")


def test_an_smtp_server_that_is_away_is_a_failure_without_the_address(tmp_path: Path) -> None:
    with pytest.raises(MailFailed) as failure:
        send(settings(tmp_path, smtp_url="smtp://127.0.0.1:1"), "ana@foodbank.example", "News", "Text")
    assert "ana" not in str(failure.value)


class Postbox(socketserver.ThreadingTCPServer):
    """As much of RFC 5321 as takes one letter in; `log` is what the client said."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.log: list[str] = []


class Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        said = self.server.log  # type: ignore[attr-defined]
        self.wfile.write(b"220 ready\r\n")
        in_letter = False
        for raw in self.rfile:
            line = raw.decode().rstrip("\r\n")
            said.append(line)
            if in_letter:
                in_letter = line != "."
                answer = b"" if in_letter else b"250 kept\r\n"
            elif line.upper() == "DATA":
                in_letter, answer = True, b"354 go on\r\n"
            else:
                answer = b"221 bye\r\n" if line.upper() == "QUIT" else b"250 fine\r\n"
            self.wfile.write(answer)


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with Postbox() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_letter_goes_out_by_smtp_from_the_configured_sender(tmp_path: Path, postbox: Postbox) -> None:
    url = f"smtp://127.0.0.1:{postbox.server_address[1]}?from=referrals@network.example"
    send(
        settings(tmp_path, env="production", smtp_url=url),
        "info@foodbank.example",
        *new_referral("https://b.example", REFERRAL),
    )
    said = "\n".join(postbox.log)
    assert "mail FROM:<referrals@network.example>" in said
    assert "rcpt TO:<info@foodbank.example>" in said
    assert f"https://b.example/referrals/{REFERRAL}" in said


def test_a_password_never_travels_without_tls(tmp_path: Path, postbox: Postbox) -> None:
    url = f"smtp://ana:secret@127.0.0.1:{postbox.server_address[1]}"
    with pytest.raises(MailFailed):
        send(settings(tmp_path, env="production", smtp_url=url), "info@foodbank.example", "News", "Text")
    assert not any(line.upper().startswith(("AUTH", "MAIL")) for line in postbox.log)
