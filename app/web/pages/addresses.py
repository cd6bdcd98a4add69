"""Where a page may lead to after a form: our own addresses only."""

import re

FIRST_PAGE = "/"
LOCAL_PATH = re.compile(r"/[a-z][A-Za-z0-9/_-]{0,200}")


def local_path(text: str) -> str:
    """`text` when it is a plain address of ours, else the first page. No host, no query, no backslash gets through."""
    return text if LOCAL_PATH.fullmatch(text) and "//" not in text else FIRST_PAGE
