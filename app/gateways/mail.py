"""One e-mail per new referral: a link and "you have a new referral", nothing else. No name, no need, no sender.

In development a letter is a file in DATA_DIR/mail; in production it goes out by SMTP (BATON_SMTP_URL). Called by the
worker, which tries again later when `MailFailed` is raised.

*Source*: RFC 5322; RFC 8314 (TLS for submission).
"""

import asyncio
import os
import re
import smtplib
import ssl
from dataclasses import dataclass, replace
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from app.clock import Clock, Ids
from app.settings import Settings

TIMEOUT_S = 20
SUBMISSION_PORT, SUBMISSION_TLS_PORT = 587, 465
MAX_ADDRESS = 254
PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")

NEW_REFERRAL_SUBJECT = "You have a new referral"
NEW_REFERRAL_TEXT = """\
You have a new referral.

Please sign in to read it and to answer:
{link}

For the safety of the person, this e-mail says nothing more.
"""


class MailFailed(Exception):
    """Not handed over; trying again later may help. Carries a rule word, no address."""


class Mail(Protocol):
    async def send(self, to: str, subject: str, text: str) -> None:
        """Hands one letter to one address over, or raises MailFailed."""
        ...


def new_referral(public_url: str, referral: UUID) -> tuple[str, str]:
    """Subject and text of the letter about a new referral; its link is built from the configured address."""
    return NEW_REFERRAL_SUBJECT, NEW_REFERRAL_TEXT.format(link=f"{public_url}/referrals/{referral}")


def open_mail(settings: Settings, clock: Clock, ids: Ids) -> Mail:
    """SMTP when there is an address for it; else files in development; else letters wait until there is one."""
    sender = f"baton@{urlsplit(settings.public_url).hostname}"
    post_room = PostRoom(sender if plain_address(sender) else "baton@localhost", clock, ids)
    if settings.smtp_url:
        return SmtpMail.at(settings.smtp_url, post_room)
    return FolderMail(settings.data_dir / "mail", post_room) if settings.development else NoMail()


@dataclass(frozen=True, slots=True)
class PostRoom:
    """Makes letters: who sends them, when, and under which number."""

    sender: str
    clock: Clock
    ids: Ids

    def letter(self, to: str, subject: str, text: str) -> EmailMessage:
        """The letter as it goes out. MailFailed when an address is not plainly one: no header can be smuggled in."""
        if not (plain_address(to) and plain_address(self.sender)):
            raise MailFailed("address")
        content = EmailMessage(policy=SMTP)
        content["From"] = Address("Baton", addr_spec=self.sender)
        content["To"] = Address(addr_spec=to)
        content["Subject"] = " ".join(subject.split())
        content["Date"] = format_datetime(self.clock.now())
        content["Message-ID"] = f"<{self.ids.next()}@{self.sender.rpartition('@')[2]}>"
        content["Auto-Submitted"] = "auto-generated"
        content.set_content(text)
        return content


def plain_address(text: str) -> bool:
    return len(text) <= MAX_ADDRESS and PLAIN_ADDRESS.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class FolderMail:
    """Each letter is a file `<number>.eml`; the newest sorts last."""

    folder: Path
    post_room: PostRoom

    async def send(self, to: str, subject: str, text: str) -> None:
        letter = self.post_room.letter(to, subject, text)
        await asyncio.to_thread(self._write, letter.as_bytes(), str(self.post_room.ids.next()))

    def _write(self, content: bytes, name: str) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = self.folder / f".{name}.half"
        half.write_bytes(content)
        os.replace(half, self.folder / f"{name}.eml")


@dataclass(frozen=True, slots=True)
class SmtpMail:
    """`smtp://user:secret@host:587?from=baton@example.org` (STARTTLS, demanded as soon as there is a password);
    `smtps://` speaks TLS from the first byte. User and secret are percent-encoded."""

    host: str
    port: int
    tls_first: bool
    user: str
    secret: str
    post_room: PostRoom

    @classmethod
    def at(cls, url: str, post_room: PostRoom) -> "SmtpMail":
        parts = urlsplit(url)
        tls_first = parts.scheme == "smtps"
        sender = parse_qs(parts.query).get("from", [post_room.sender])[0]
        port = parts.port or (SUBMISSION_TLS_PORT if tls_first else SUBMISSION_PORT)
        user, secret = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.hostname or "localhost", port, tls_first, user, secret, replace(post_room, sender=sender))

    async def send(self, to: str, subject: str, text: str) -> None:
        letter = self.post_room.letter(to, subject, text)
        try:
            await asyncio.to_thread(self._submit, letter)
        except (OSError, smtplib.SMTPException):
            # The server's answer may quote the address: it does not travel further.
            raise MailFailed("smtp") from None

    def _submit(self, content: EmailMessage) -> None:
        context = ssl.create_default_context()
        with self._connect(context) as server:
            if not self.tls_first and (self.secret or server.has_extn("starttls")):
                server.starttls(context=context)
                server.ehlo()
            if self.user:
                server.login(self.user, self.secret)
            server.send_message(content)

    def _connect(self, context: ssl.SSLContext) -> smtplib.SMTP:
        if self.tls_first:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
        server.ehlo()
        return server


class NoMail:
    """Production without BATON_SMTP_URL: every letter waits with its delivery, where the operator sees it."""

    async def send(self, to: str, subject: str, text: str) -> None:
        raise MailFailed("no-smtp-url")
