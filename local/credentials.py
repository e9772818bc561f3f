"""What the local stack's presigned URLs and forms are signed with.

One secret a stack (local/stack.py draws it). Functions sign with it as the account's own key, or,
where roles are enforced, each with a secret of its session that follows from it.
"""

import hashlib
import hmac
import re

#: The account that the emulator gives everything to.
ACCOUNT_ID = "000000000000"
_SESSION_KEY = re.compile(r"ASIA[0-9A-F]{16}")


def session_secret(secret_key: str, access_key: str) -> str:
    """The secret of a function's session: HMAC-SHA256 of its key's name, in hexadecimal."""
    return hmac.new(secret_key.encode(), access_key.encode(), hashlib.sha256).hexdigest()


def secret_of(secret_key: str, access_key: str) -> str | None:
    """What a function that names `access_key` signs with; None for a key that none of them has."""
    if access_key == ACCOUNT_ID:
        return secret_key
    if _SESSION_KEY.fullmatch(access_key):
        return session_secret(secret_key, access_key)
    return None
