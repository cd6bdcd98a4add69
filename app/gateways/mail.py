"""One e-mail per new referral: a link and "you have a new referral", nothing else. No name, no need, no sender.

In development a letter is a file in DATA_DIR/mail; in production it goes out by SMTP (BATON_SMTP_URL). Called by the
worker, which tries again when `MailFailed` is raised: the letter's key makes a repetition recognizable.

*Source*: RFC 5322; RFC 8314 (TLS for submission).
"""

import asyncio
import os
import re
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

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


@dataclass(frozen=True, slots=True)
class Letter:
    """`key` is the same for every try of the same news; `to` are addresses of one and the same organization."""

    key: UUID
    to: tuple[str, ...]
    subject: str
    text: str
    at: datetime


class Mail(Protocol):
    async def send(self, letter: Letter) -> None:
        """Hands the letter over, or raises MailFailed."""
        ...


def new_referral(key: UUID, to: Sequence[str], public_url: str, referral: UUID, at: datetime) -> Letter:
    """The letter that tells an organization of a new referral; its link is built from the configured address."""
    link = f"{public_url}/referrals/{referral}"
    return Letter(key, tuple(to), NEW_REFERRAL_SUBJECT, NEW_REFERRAL_TEXT.format(link=link), at)


def open_mail(*, development: bool, data_dir: Path, smtp_url: str | None, public_url: str) -> Mail:
    """SMTP when there is an address for it; else files in development; else letters wait until there is one."""
    sender_domain = urlsplit(public_url).hostname or "localhost"
    if smtp_url:
        return SmtpMail.at(smtp_url, sender_domain)
    return FolderMail(data_dir / "mail", f"baton@{sender_domain}") if development else NoMail()


@dataclass(frozen=True, slots=True)
class FolderMail:
    """Each letter is `<key>.eml`; the same letter twice is one file."""

    folder: Path
    sender: str

    async def send(self, letter: Letter) -> None:
        await asyncio.to_thread(self._write, message(letter, self.sender), letter.key)

    def _write(self, content: EmailMessage, key: UUID) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = self.folder / f".{key}.half"
        half.write_bytes(content.as_bytes())
        os.replace(half, self.folder / f"{key}.eml")


@dataclass(frozen=True, slots=True)
class SmtpMail:
    """`smtp://user:secret@host:587?from=baton@example.org` (STARTTLS, demanded as soon as there is a password);
    `smtps://` speaks TLS from the first byte. User and secret are percent-encoded."""

    host: str
    port: int
    tls_first: bool
    user: str
    secret: str
    sender: str

    @classmethod
    def at(cls, url: str, sender_domain: str) -> "SmtpMail":
        parts = urlsplit(url)
        tls_first = parts.scheme == "smtps"
        sender = parse_qs(parts.query).get("from", [f"baton@{sender_domain}"])[0]
        port = parts.port or (SUBMISSION_TLS_PORT if tls_first else SUBMISSION_PORT)
        user, secret = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.hostname or "localhost", port, tls_first, user, secret, sender)

    async def send(self, letter: Letter) -> None:
        content = message(letter, self.sender)
        try:
            await asyncio.to_thread(self._submit, content)
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

    async def send(self, letter: Letter) -> None:
        raise MailFailed("no-smtp-url")


def message(letter: Letter, sender: str) -> EmailMessage:
    """The letter as it goes out. MailFailed when an address is not plainly one: no header can be smuggled in."""
    if not letter.to or not all(map(plain_address, (*letter.to, sender))):
        raise MailFailed("address")
    content = EmailMessage(policy=SMTP)
    content["From"] = Address("Baton", addr_spec=sender)
    content["To"] = [Address(addr_spec=address) for address in letter.to]
    content["Subject"] = letter.subject
    content["Date"] = format_datetime(letter.at)
    content["Message-ID"] = f"<{letter.key}@{sender.rpartition('@')[2]}>"
    content["Auto-Submitted"] = "auto-generated"
    content.set_content(letter.text)
    return content


def plain_address(text: str) -> bool:
    return len(text) <= MAX_ADDRESS and PLAIN_ADDRESS.fullmatch(text) is not None
