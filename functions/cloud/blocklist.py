"""Operators' lists of photos that must not be here: by SHA-256 exactly, by PDQ as copies of them.

    BLOCK#SHA256#{hex}         ENTRY     listed: illegal or banned
    BLOCK#PDQ#{slot}#{value}   HASHES    illegal, banned: sets of whole hashes

A PDQ hash is cut into 16 slots of 16 bits. Two hashes that differ in at most 31 bits differ by at
most one in some slot (31 / 16 < 2), so its 17 nearest values of each slot find every match: 272
keys, however long the lists are (Norouzi et al., Fast Search in Hamming Space, CVPR 2012).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from cloud import items
from cloud.clients import answers, client
from cloud.environment import load
from cloud.timeline import TableSettings
from story.errors import DependencyThrottled

if TYPE_CHECKING:
    from collections.abc import Iterator

List = Literal["illegal", "banned"]
LISTS: Final[tuple[List, ...]] = get_args(List)
_SLOTS: Final = 16
_SLOT_BITS: Final = 16
_HEX_DIGITS: Final = _SLOT_BITS // 4
#: What one BatchGetItem takes.
_BATCH: Final = 100
_ROUNDS: Final = 8


class Match(NamedTuple):
    """On which list a photo is, and by how many bits it differs from what is listed."""

    listed: List
    bits: int


def find_sha256(digest: str) -> List | None:
    """The list that names exactly this file; None if none does."""
    with answers("DynamoDB"):
        answer = client("dynamodb").get_item(
            TableName=load(TableSettings).stories_table,
            Key=_key(f"BLOCK#SHA256#{digest}", "ENTRY"),
            ConsistentRead=True,
        )
    said = items.load(answer["Item"]["listed"]) if "Item" in answer else None
    # Whatever an entry says that is no list of ours, it is an entry.
    return None if said is None else "illegal" if said == "illegal" else "banned"


def find_pdq(digest: str, most_bits: int) -> Match | None:
    """The nearest listed hash within `most_bits`, an illegal one before any other; None if none."""
    wanted = int(digest, 16)
    matches = [
        Match(listed, bits)
        for listed, known in _near(digest)
        if (bits := (int(known, 16) ^ wanted).bit_count()) <= most_bits
    ]
    return min(matches, key=lambda match: (LISTS.index(match.listed), match.bits), default=None)


def add_sha256(digest: str, listed: List) -> None:
    """Put a file on a list; what was illegal stays so."""
    name = "listed"
    with answers("DynamoDB"):
        client("dynamodb").update_item(
            TableName=load(TableSettings).stories_table,
            Key=_key(f"BLOCK#SHA256#{digest}", "ENTRY"),
            UpdateExpression=f"SET {name} = "
            + (":listed" if listed == "illegal" else f"if_not_exists({name}, :listed)"),
            ExpressionAttributeValues={":listed": items.dump(listed)},
        )


def add_pdq(digest: str, listed: List) -> None:
    """Put a photo and its copies on a list."""
    for slot in range(_SLOTS):
        with answers("DynamoDB"):
            client("dynamodb").update_item(
                TableName=load(TableSettings).stories_table,
                Key=_bucket(slot, int(_part(digest, slot), 16)),
                UpdateExpression=f"ADD {listed} :hash",
                ExpressionAttributeValues={":hash": items.dump({digest})},
            )


def _near(digest: str) -> Iterator[tuple[List, str]]:
    """(list, hash) of everything that is within a bit of this hash in some slot."""
    table = load(TableSettings).stories_table
    keys = [
        _bucket(slot, value ^ flipped)
        for slot in range(_SLOTS)
        for value in (int(_part(digest, slot), 16),)
        for flipped in (0, *(1 << bit for bit in range(_SLOT_BITS)))
    ]
    for start in range(0, len(keys), _BATCH):
        asked = {table: {"Keys": keys[start : start + _BATCH], "ConsistentRead": True}}
        for _ in range(_ROUNDS):
            with answers("DynamoDB"):
                answer = client("dynamodb").batch_get_item(RequestItems=asked)
            for item in answer["Responses"].get(table, ()):
                for listed in LISTS:
                    if listed in item:
                        yield from ((listed, known) for known in items.load(item[listed]))
            asked = answer.get("UnprocessedKeys") or {}
            if not asked:
                break
        else:
            raise DependencyThrottled(f"DynamoDB left keys of a block list out {_ROUNDS} times")


def _part(digest: str, slot: int) -> str:
    return digest[slot * _HEX_DIGITS : (slot + 1) * _HEX_DIGITS]


def _bucket(slot: int, value: int) -> dict[str, dict[str, str]]:
    return _key(f"BLOCK#PDQ#{slot:02}#{value:04x}", "HASHES")


def _key(pk: str, sk: str) -> dict[str, dict[str, str]]:
    return {"pk": items.dump(pk), "sk": items.dump(sk)}
