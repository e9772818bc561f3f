"""Who reports or asks without an account: an address that is never stored, and how often it may.

An address is known by a keyed hash. The key is random, a day's own, in the table for two days and
in no log: once it is gone, nobody can tell whose the hashes were, nor try addresses against them.

    SALT                     {day}            `key`, 32 random bytes
    QUOTA#reports#{reporter} HOUR#{hour}      `reports`, counted
    QUOTA#checks#{asker}     HOUR#{hour}      the same of checks of files
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cloud.clients import answers, client, error_code
from cloud.environment import load
from cloud.stories import from_item, to_item
from cloud.timeline import TableSettings
from story import quota

if TYPE_CHECKING:
    from datetime import datetime

_KEY_BYTES = 32
_HASH_CHARACTERS = 32
_SALT_LASTS = timedelta(days=2)
_HOUR_LASTS = timedelta(hours=2)
#: One subscriber has a whole /64 of IPv6.
_IPV6_PREFIX_BITS = 64
_CONDITION_FAILED = "ConditionalCheckFailedException"


def account(sub: str) -> str:
    """A reporter with an account."""
    return f"user#{sub}"


def address(source_ip: str, now: datetime) -> str:
    """A reporter without one, as today's key names the address."""
    given = ipaddress.ip_address(source_ip)
    bits = _IPV6_PREFIX_BITS if given.version == 6 else given.max_prefixlen  # noqa: PLR2004 - IPv6
    network = ipaddress.ip_network(f"{given}/{bits}", strict=False)
    digest = hmac.new(_key(quota.day_of(now), now), network.network_address.packed, hashlib.sha256)
    return f"address#{digest.hexdigest()[:_HASH_CHARACTERS]}"


#: Whose checks are those of everybody together.
EVERYBODY = "everybody"


def count_report(reporter: str, *, limit: int, now: datetime) -> bool:
    """Count one more report of this hour; False, uncounted, once there are `limit`."""
    return _count("reports", reporter, limit=limit, now=now)


def count_check(asker: str, *, limit: int, now: datetime) -> bool:
    """The same of checks of files, of one address or of EVERYBODY."""
    return _count("checks", asker, limit=limit, now=now)


def _count(what: str, who: str, *, limit: int, now: datetime) -> bool:
    hour = f"{now:%Y-%m-%dT%H}"
    try:
        with answers("DynamoDB"):
            client("dynamodb").update_item(
                TableName=load(TableSettings).stories_table,
                Key=to_item({"pk": f"QUOTA#{what}#{who}", "sk": f"HOUR#{hour}"}),
                UpdateExpression="ADD reports :one SET #ttl = :ttl",
                ConditionExpression="attribute_not_exists(reports) OR reports < :limit",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues=to_item(
                    {":one": 1, ":limit": limit, ":ttl": int((now + _HOUR_LASTS).timestamp())}
                ),
            )
    except ClientError as error:
        if error_code(error) == _CONDITION_FAILED:
            return False
        raise
    return True


def _key(day: str, now: datetime) -> bytes:
    """The day's key; whoever asks first makes it."""
    table, name = load(TableSettings).stories_table, to_item({"pk": "SALT", "sk": day})
    drawn = {"key": secrets.token_hex(_KEY_BYTES), "ttl": int((now + _SALT_LASTS).timestamp())}
    try:
        with answers("DynamoDB"):
            client("dynamodb").put_item(
                TableName=table,
                Item={**name, **to_item(drawn)},
                ConditionExpression="attribute_not_exists(pk)",
            )
    except ClientError as error:
        if error_code(error) != _CONDITION_FAILED:
            raise
    with answers("DynamoDB"):
        kept = client("dynamodb").get_item(TableName=table, Key=name, ConsistentRead=True)
    return bytes.fromhex(str(from_item(kept["Item"])["key"]))
