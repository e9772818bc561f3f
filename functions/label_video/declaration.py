"""What the file says about itself to software: an XMP packet and an AIGC record.

Both are written before signing, so that the signature covers them. They hold what California's
SB 942 (Business and Professions Code 22757.3 (b)) asks of a latent disclosure: the provider, the
system and its version, the time, and an identifier; and the record of China's GB 45438-2025.

XMP in MP4: ISO 16684-1 and Adobe's XMP specification, part 3 (`uuid` box); Digital Source Type,
AI System Used and AI System Version Used: IPTC Photo Metadata 2025.1, which no video standard has
words for yet; AIGC: TC260-PG-20253A, in the container's metadata and in XMP.
"""

from __future__ import annotations

import json
import struct
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from story.generation import EngineName
    from story.labels import Label

AIGC_KEY: Final = "AIGC"
XMP_BOX_ID: Final = uuid.UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes
SYSTEM: Final = "Enliven"


@dataclass(frozen=True)
class Facts:
    """What is declared of one clip: `provider` runs the stack, `made_at` is ISO 8601 in UTC."""

    story_id: str
    provider: str
    engine: EngineName
    label: Label
    made_at: str


def aigc(facts: Facts) -> str:
    """The AIGC record as JSON; all seven fields must be there, even when they say nothing."""
    return json.dumps(
        {
            "Label": facts.label.aigc_label,
            "ContentProducer": facts.provider,
            "ProduceID": facts.story_id,
            "ReservedCode1": "",
            "ContentPropagator": "",
            "PropagateID": "",
            "ReservedCode2": "",
        },
        separators=(",", ":"),
        ensure_ascii=False,
    )


def xmp_packet(facts: Facts) -> bytes:
    """A read-only XMP packet: how, by whom, with what and when the clip was made, and its id."""
    engine = facts.engine
    attributes = {
        "Iptc4xmpExt:DigitalSourceType": facts.label.digital_source_type,
        "Iptc4xmpExt:AISystemUsed": f"{SYSTEM} ({engine.name})",
        "Iptc4xmpExt:AISystemVersionUsed": engine.version,
        "xmp:CreatorTool": f"{SYSTEM} ({engine.name} {engine.version})",
        "xmp:CreateDate": facts.made_at,
        "dc:identifier": facts.story_id,
        "TC260:AIGC": aigc(facts),
    }
    stated = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about=""'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"'
        f" {stated}>"
        f"<dc:publisher><rdf:Bag><rdf:li>{escape(facts.provider)}</rdf:li></rdf:Bag></dc:publisher>"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()


def with_xmp(mp4: bytes, packet: bytes) -> bytes:
    """The MP4 with the packet in a box behind all others: no offset inside it changes."""
    size = 8 + len(XMP_BOX_ID) + len(packet)
    return mp4 + struct.pack(">I4s", size, b"uuid") + XMP_BOX_ID + packet
