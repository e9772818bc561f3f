"""What the file says about itself to software: an XMP packet and an AIGC record.

Both are written before signing, so that the signature covers them. XMP in MP4: ISO 16684-1 and
Adobe's XMP specification, part 3 (`uuid` box); Digital Source Type: IPTC Video Metadata Hub;
AIGC: the record that TC260-PG-20253A asks for, in the container's metadata and in XMP.
"""

from __future__ import annotations

import json
import struct
import uuid
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

if TYPE_CHECKING:
    from story.generation import EngineName
    from story.labels import Label

AIGC_KEY: Final = "AIGC"
XMP_BOX_ID: Final = uuid.UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes
_PRODUCER: Final = "Enliven"
#: "This is generated", as opposed to "perhaps" (2) and "suspected" (3).
_GENERATED: Final = "1"


def aigc(story_id: str) -> str:
    """The AIGC record as JSON; all seven fields must be there, even when they say nothing."""
    return json.dumps(
        {
            "Label": _GENERATED,
            "ContentProducer": _PRODUCER,
            "ProduceID": story_id,
            "ReservedCode1": "",
            "ContentPropagator": "",
            "PropagateID": "",
            "ReservedCode2": "",
        },
        separators=(",", ":"),
    )


def xmp_packet(label: Label, engine: EngineName, aigc_record: str) -> bytes:
    """A read-only XMP packet: digital source type, what made the clip, and the AIGC record."""
    attributes = {
        "Iptc4xmpExt:DigitalSourceType": label.digital_source_type,
        "xmp:CreatorTool": f"{_PRODUCER} ({engine.name} {engine.version})",
        "TC260:AIGC": aigc_record,
    }
    stated = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about=""'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"'
        f" {stated}/>"
        '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()


def with_xmp(mp4: bytes, packet: bytes) -> bytes:
    """The MP4 with the packet in a box behind all others: no offset inside it changes."""
    size = 8 + len(XMP_BOX_ID) + len(packet)
    return mp4 + struct.pack(">I4s", size, b"uuid") + XMP_BOX_ID + packet
