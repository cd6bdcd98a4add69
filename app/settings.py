"""What the operator decides, read once from the environment into one frozen value.

`load()` is called by the commands and by the server; nothing else reads the environment. Every field stands in the
table of docs/operator.md (a test says so). `X_FILE` names a file that holds the value of `X`. Errors name the variable
and what would be right, never the value: it may be a password.
"""

import os
import re
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

BARE_NAMES = frozenset({"database_url", "migration_database_url", "database_direct_url", "data_dir", "host", "port"})
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
# a name, an address of four numbers, or one of IPv6 in brackets as a Host header has it
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9.\-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]", re.ASCII)
MIN_SECRET_BYTES = 32
MIN_DISTINCT_BYTES = 12  # "changeme" repeated, or one letter forty times, is long enough and still no secret
KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE


class SettingsError(Exception):
    """One clear line per wrong setting; holds no value."""


def variable(field: str) -> str:
    """The name of the environment variable of a field: `data_dir` is DATA_DIR, `log_level` is BATON_LOG_LEVEL."""
    return field.upper() if field in BARE_NAMES else f"BATON_{field.upper()}"


def make_data_dir(data_dir: Path) -> None:
    """Ours alone; root lets others pass through it, since PostgreSQL, which is not root there, has its folder in it."""
    data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)


def _postgres_url(url: str) -> str:
    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        raise ValueError("must be a postgresql:// address")
    return url


def _web_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an http(s) address without user, query or fragment")
    return url.rstrip("/")


def _networks(written: str) -> str:
    """Addresses and networks with a comma between them; never everybody."""
    try:
        found = [ip_network(each.strip()) for each in written.split(",")]
    except ValueError:
        found = []
    if not found or not all(network.prefixlen for network in found):
        raise ValueError("must be addresses or networks of your own proxies, such as 10.0.0.5,10.1.0.0/16")
    return ",".join(map(str, found))


def _hosts(written: str) -> str:
    """Names and addresses with a comma between them, without ports; never a pattern."""
    found = [each.strip().lower() for each in written.split(",")]
    if not all(HOST_NAME.fullmatch(each) for each in found):
        raise ValueError("must be names or addresses without ports, such as baton.internal,10.0.0.5")
    return ",".join(found)


def _smtp_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("must be smtp://host:port (STARTTLS) or smtps://host:port")
    return url


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("must be an IANA time zone such as America/New_York")
    return name


def _secret_key(key: bytes) -> bytes:
    if len(key) < MIN_SECRET_BYTES or len(set(key)) < MIN_DISTINCT_BYTES:
        raise ValueError(
            f"must be a random secret of at least {MIN_SECRET_BYTES} bytes (openssl rand -base64 48); "
            "for a try-out on this machine set BATON_ENV=development, which makes one"
        )
    return key


def _default_public_url(chosen: dict[str, Any]) -> str:
    return f"http://127.0.0.1:{chosen['port']}"


def _default_env(chosen: dict[str, Any]) -> Literal["development", "production"]:
    """Production, unless nobody but this machine can reach what is started: loopback addresses and no DATABASE_URL."""
    here = chosen["host"] in LOOPBACK_HOSTS and urlsplit(chosen["public_url"]).hostname in LOOPBACK_HOSTS
    return "development" if here and chosen["database_url"] is None else "production"


def _default_secret_key(chosen: dict[str, Any]) -> bytes:
    """In development: made once and kept in DATA_DIR/secret.key (0600). In production: empty, which is refused."""
    if chosen["env"] != "development":
        return b""
    data_dir: Path = chosen["data_dir"]
    make_data_dir(data_dir)
    file, fresh = data_dir / "secret.key", data_dir / f".secret.key.{os.getpid()}"
    if not file.exists():
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):  # another command was first: its key is the key
            os.link(fresh, file)
        fresh.unlink()
    return file.read_bytes()


class Settings(BaseSettings):
    """Every setting with its default; frozen. Sizes in bytes (`_bytes`), times in seconds (`_s`)."""

    model_config = SettingsConfigDict(
        frozen=True, case_sensitive=True, validate_by_name=True, validate_default=True, alias_generator=variable
    )

    database_url: Annotated[str, AfterValidator(_postgres_url)] | None = Field(default=None, repr=False)
    migration_database_url: Annotated[str, AfterValidator(_postgres_url)] | None = Field(default=None, repr=False)
    database_direct_url: Annotated[str, AfterValidator(_postgres_url)] | None = Field(default=None, repr=False)
    data_dir: Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())] = Path("data")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: Annotated[str, AfterValidator(_web_url)] = Field(default_factory=_default_public_url)
    trusted_proxies: Annotated[str, AfterValidator(_networks)] | None = None
    allowed_hosts: Annotated[str, AfterValidator(_hosts)] | None = None
    env: Literal["development", "production"] = Field(default_factory=_default_env)
    secret_key: Annotated[bytes, AfterValidator(_secret_key)] = Field(default_factory=_default_secret_key, repr=False)
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    smtp_url: Annotated[str, AfterValidator(_smtp_url)] | None = Field(default=None, repr=False)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    max_resource_bytes: int = Field(default=MEBIBYTE, ge=KIBIBYTE)
    max_binary_bytes: int = Field(default=5 * MEBIBYTE, ge=KIBIBYTE)
    max_bundle_bytes: int = Field(default=10 * MEBIBYTE, ge=KIBIBYTE)
    max_bundle_entries: int = Field(default=500, ge=1)
    max_url_bytes: int = Field(default=8 * KIBIBYTE, ge=KIBIBYTE)
    page_size: int = Field(default=50, ge=1)
    max_page_size: int = Field(default=500, ge=1)
    idempotency_days: int = Field(default=7, ge=1, le=90)
    pool_size: int = Field(default=10, ge=1, le=200)
    statement_timeout_s: float = Field(default=5, gt=0)
    request_timeout_s: float = Field(default=30, gt=0)
    idle_in_transaction_timeout_s: float = Field(default=10, gt=0)
    access_token_s: int = Field(default=300, ge=1, le=3600)
    client_assertion_s: int = Field(default=300, ge=1, le=300)
    clock_skew_s: int = Field(default=30, ge=0, le=60)
    session_idle_s: int = Field(default=1800, ge=60, le=3600)
    session_absolute_s: int = Field(default=43200, ge=300, le=86400)
    discovery_s: int = Field(default=300, ge=0, le=3600)
    outbound_read_s: float = Field(default=20, gt=0, le=20)

    @property
    def development(self) -> bool:
        return self.env == "development"

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if not self.development and not self.public_url.startswith("https://"):
            raise ValueError("BATON_PUBLIC_URL: must be an https address (http only in development)")
        return self

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, EnvSettingsSource(settings_cls), _FileSource(settings_cls)


class _FileSource(EnvSettingsSource):
    """`X_FILE=/run/secrets/x` stands for `X=<what the file holds>`, without the line break at its end."""

    def __call__(self) -> dict[str, Any]:
        names = {variable(field) for field in self.settings_cls.model_fields}
        files = {name: os.environ[f"{name}_FILE"] for name in names if f"{name}_FILE" in os.environ}
        return {name: _read_secret(name, Path(file)) for name, file in files.items()}


def _read_secret(name: str, file: Path) -> str:
    try:
        world_readable = file.stat().st_mode & stat.S_IROTH
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{name}_FILE: names a file that cannot be read") from None
    if world_readable:
        raise SettingsError(f"{name}_FILE: everybody may read that file; chmod 0400 it")
    return text.removesuffix("\n")


def _refuse_unknown_and_double(environment: Mapping[str, str]) -> None:
    known = {variable(field) for field in Settings.model_fields}
    for name in sorted(environment):
        if name.startswith("BATON_") and name not in known and name.removesuffix("_FILE") not in known:
            raise SettingsError(f"{name}: there is no such setting; docs/operator.md lists them")
        if name in known and f"{name}_FILE" in environment:
            raise SettingsError(f"{name}: given twice, by itself and by {name}_FILE; keep one")


def load(**chosen: Any) -> Settings:
    """The settings of this process: what a command's options chose, then the environment, then the defaults.

    Raises SettingsError with one line per wrong setting.
    """
    _refuse_unknown_and_double(os.environ)
    try:
        return Settings(**chosen)
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(error))) from None


def _lines(error: ValidationError) -> list[str]:
    """One line per setting that is wrong by itself, without those whose default could not be made because of it."""
    problems = [each for each in error.errors(include_input=False) if each["type"] != "default_factory_not_called"]
    return [": ".join([*map(_name, each["loc"][:1]), each["msg"].removeprefix("Value error, ")]) for each in problems]


def _name(where: int | str) -> str:
    return variable(str(where)) if where in Settings.model_fields else str(where)
