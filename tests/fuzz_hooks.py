"""What Schemathesis cannot know of our API: who asks, and that keys are used once.

Loaded by its command line (tests/fuzz_api.toml). Users take turns, so that the allowance of one
(requests a minute, stories a day) does not hide what lies behind it.
"""

import itertools
import os
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any

import schemathesis

from tests.fuzz_api import REQUESTS_EACH, TOKENS_FILE

_KEY = "Idempotency-Key"
_USABLE = re.compile(r"[!-~]{1,64}")
#: What is appended to a key, at most.
_NUMBER_CHARACTERS = 8

_tokens = Path(os.environ[TOKENS_FILE]).read_text().split()
_asked = itertools.count()
_keys = itertools.count()
#: Which user a story belongs to: what is done with it next, he does.
_owners: dict[str, str] = {}


@schemathesis.auth(refresh_interval=None)
class TurnByTurn:
    """A user for some requests, then the next."""

    def get(self, case: schemathesis.Case, _context: Any) -> str:
        """The token of whose story, or else of whose turn it is."""
        turn = _tokens[next(_asked) // REQUESTS_EACH % len(_tokens)]
        named = (case.path_parameters or {}).values()
        return next((_owners[name] for name in named if name in _owners), turn)

    def set(self, case: schemathesis.Case, data: str, _context: Any) -> None:
        """Put it where the gateway looks."""
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(_context: Any, case: schemathesis.Case, _kwargs: Any) -> None:
    """A key of this request's own, in the characters that were made up for it."""
    key = (case.headers or {}).get(_KEY)
    if isinstance(key, str) and _USABLE.fullmatch(key):
        number = f"{next(_keys):0{_NUMBER_CHARACTERS}x}"
        case.headers[_KEY] = key[: 64 - _NUMBER_CHARACTERS] + number


@schemathesis.hook
def after_call(_context: Any, case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Remember whose the story is that was made."""
    made = response.json() if response.status_code == HTTPStatus.CREATED else {}
    # A check of a file is nobody's.
    if "story" in made:
        token = str(case.headers["Authorization"]).removeprefix("Bearer ")
        _owners[made["story"]["id"]] = token
