"""The container image and the build files name only what is there."""

import re

from tests.architecture.rules import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_everything_that_the_image_copies_exists() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    sources = [word for line in copied for word in line.split()[:-1] if not word.startswith("--")]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_nothing_that_the_image_needs_is_kept_out_of_it() -> None:
    ignored = {line.strip("/") for line in (ROOT / ".dockerignore").read_text().split() if not line.startswith("!")}
    sources = re.findall(r"[\w./-]+", " ".join(re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)))
    assert not {source.strip("/") for source in sources} & ignored


def test_the_image_runs_as_somebody_else_than_root_and_is_asked_whether_it_is_ready() -> None:
    assert re.search(r"^USER (?!root|0\b)\S+", DOCKERFILE, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*", DOCKERFILE, re.MULTILINE)
    assert "/ready" in DOCKERFILE


def test_what_the_makefile_calls_is_there_and_may_be_run() -> None:
    scripts = set(re.findall(r"(?<![\w./])tools/[\w-]+", (ROOT / "Makefile").read_text()))
    assert scripts
    assert [script for script in sorted(scripts) if not (ROOT / script).stat().st_mode & 0o111] == []
