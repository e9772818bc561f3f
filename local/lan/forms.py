"""An upload: its fields are read before its file, and all is written anew for the local AWS.

Written anew, with a boundary that nobody could know, the local AWS sees exactly the fields whose
signature was checked, however cunning the form that came. The file streams through.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
"""

import re
import secrets
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from local.lan.refusals import Refused

#: S3's own limit of everything but the file.
MAX_FIELDS_BYTES = 20_000
_MAX_FIELDS = 40
_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_MAX_BOUNDARY_CHARACTERS = 70


def _malformed(reason: str) -> Refused:
    return Refused(
        HTTPStatus.BAD_REQUEST,
        "form_invalid",
        f"An upload is multipart/form-data with the form's fields in order, then the file: "
        f"{reason}.",
    )


def boundary_of(content_type: str) -> bytes:
    """What separates the parts. Raises Refused if the type is another."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= _MAX_BOUNDARY_CHARACTERS:
        raise _malformed("Content-Type says something else")
    return boundary


class Upload:
    """One form as it comes: first `fields`, then `file()`; both may raise Refused."""

    def __init__(self, boundary: bytes, body: AsyncIterator[bytes]) -> None:
        self._body = body
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_ends,
                "on_headers_finished": self._data_begins,
                "on_part_data": self._data,
                "on_part_end": self._part_ends,
                "on_end": self._ends,
            },
        )
        self._fields: dict[str, str] = {}
        self._part: dict[str, bytes] = {}
        self._name, self._value = b"", b""
        self._text = bytearray()
        self._in_file = False
        self._over = False
        self._file: list[bytes] = []

    async def fields(self) -> Mapping[str, str]:
        """Every field before the file, by lower-case name."""
        read = 0
        async for chunk in self._body:
            read += len(chunk)
            self._feed(chunk)
            if self._in_file:
                return self._fields
            if read > MAX_FIELDS_BYTES:
                raise _malformed(f"the fields have more than {MAX_FIELDS_BYTES:,} bytes")
        raise _malformed("there is no file")

    async def file(self) -> AsyncIterator[bytes]:
        """The file's bytes."""
        for part in self._taken():
            yield part
        async for chunk in self._body:
            self._feed(chunk)
            for part in self._taken():
                yield part
        if not self._over:
            raise _malformed("it ends within the file")

    async def rewritten(self, boundary: bytes) -> AsyncIterator[bytes]:
        """The whole form again, with another boundary."""
        for name, value in self._fields.items():
            yield _head(boundary, name) + b"\r\n" + value.encode() + b"\r\n"
        yield _head(boundary, "file", filename="photo") + b"\r\n"
        async for part in self.file():
            yield part
        yield b"\r\n--" + boundary + b"--\r\n"

    def _feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _malformed("it cannot be read") from error

    def _taken(self) -> list[bytes]:
        taken, self._file = self._file, []
        return taken

    # What the parser calls ---------------------------------------------------------------------

    def _part_begins(self) -> None:
        if self._in_file:
            raise _malformed("nothing may follow the file")
        if len(self._fields) >= _MAX_FIELDS:
            raise _malformed(f"it has more than {_MAX_FIELDS} fields")
        self._part, self._text = {}, bytearray()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ends(self) -> None:
        self._part[self._name.decode("latin-1").lower()] = self._value
        self._name, self._value = b"", b""

    def _data_begins(self) -> None:
        kind, options = parse_options_header(self._part.get("content-disposition", b""))
        name = options.get(b"name", b"").decode("latin-1")
        if kind != b"form-data" or not _NAME.fullmatch(name):
            raise _malformed("a part has no name")
        if name.lower() in self._fields:
            raise _malformed(f"the field {name} is there twice")
        self._part["name"] = name.lower().encode()
        self._in_file = name.lower() == "file"

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._file.append(data[start:end])
        else:
            self._text += data[start:end]

    def _part_ends(self) -> None:
        if self._in_file:
            return
        try:
            self._fields[self._part["name"].decode()] = self._text.decode()
        except UnicodeDecodeError as error:
            raise _malformed("a field is not UTF-8") from error

    def _ends(self) -> None:
        self._over = True


def new_boundary() -> bytes:
    """128 random bits: the file cannot hold it but by a guess."""
    return secrets.token_hex(16).encode()


def _head(boundary: bytes, name: str, filename: str | None = None) -> bytes:
    named = f'; filename="{filename}"' if filename else ""
    disposition = f'Content-Disposition: form-data; name="{name}"{named}\r\n'
    return b"--" + boundary + b"\r\n" + disposition.encode()
