"""Numbers and foreign text as they are printed."""

from __future__ import annotations

import unicodedata

#: Controls, lone surrogates, line and paragraph separators; joiners, which scripts need, stay.
_STEERING = {"Cc", "Cs", "Zl", "Zp"}
#: What turns the direction of the text around it (Unicode UAX #9, explicit formatting).
_TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def printable(text: str) -> str:
    """A text whose foreign words cannot steer the terminal: such characters become spaces."""
    return "".join(
        " "
        if unicodedata.category(character) in _STEERING
        or unicodedata.bidirectional(character) in _TURNING
        else character
        for character in text
    )


def milliseconds(ms: int | None) -> str:
    """A duration that was measured in milliseconds, or nothing when there is none."""
    return "" if ms is None else f"{ms:,} ms"


def seconds(duration: float) -> str:
    """A duration as people say it: 4.2 s, 13 s, 3 min 05 s."""
    if duration < 60:  # noqa: PLR2004 - seconds a minute
        return f"{duration} s" if isinstance(duration, int) else f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest:02d} s"


def size(count: int) -> str:
    """A number of bytes in the unit that fits it, in multiples of 1,000: 812 B, 35 kB, 2.4 MB."""
    if count < 1_000:  # noqa: PLR2004 - bytes a kB
        return f"{count} B"
    if count < 1_000_000:  # noqa: PLR2004 - bytes a MB
        return f"{count / 1_000:.0f} kB"
    if count < 1_000_000_000:  # noqa: PLR2004 - bytes a GB
        return f"{count / 1_000_000:.1f} MB"
    return f"{count / 1_000_000_000:.1f} GB"


def number(quantity: float) -> str:
    """A quantity with up to two decimals: 8, 1,250, 17.44."""
    return f"{quantity:,.2f}".rstrip("0").rstrip(".")


def dollars(amount: float, digits: int = 8) -> str:
    """US dollars with as many decimals as the amount has: at least two, at most `digits`."""
    least = 10**-digits
    if 0 < amount < least / 2:
        return f"<${least:.{digits}f}"
    whole, _, fraction = f"{amount:,.{digits}f}".rstrip("0").partition(".")
    return f"${whole}.{fraction:0<2}"
