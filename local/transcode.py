"""A clip as it comes out of a messenger or a platform: other bytes, and nothing but pictures."""

import io
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain

import av

#: A filter of libavfilter and its arguments.
Filter = tuple[str, str]
_PIXELS = "yuv420p"
_USUAL_RATE = 24


def encoded(video: bytes, filters: tuple[Filter, ...] = (), *, crf: int) -> bytes:
    """The pictures through filters and an encoder, as a platform would: no sound, no metadata.

    Raises ValueError if the filters let no frame through.
    """
    out = io.BytesIO()
    encoder: av.VideoStream | None = None
    with av.open(io.BytesIO(video), "r") as source, av.open(out, "w", format="mp4") as target:
        rate = _rate(filters, source.streams.video[0])
        for frame in _filtered(source, filters):
            if encoder is None:
                options = {"preset": "veryfast", "crf": str(crf)}
                encoder = target.add_stream("libx264", rate=rate, options=options)
                encoder.width, encoder.height = frame.width, frame.height
                encoder.pix_fmt = _PIXELS
                if frame.time_base is not None:
                    encoder.codec_context.time_base = frame.time_base
            frame.pict_type = av.video.frame.PictureType.NONE
            target.mux(encoder.encode(frame))
        if encoder is None:
            raise ValueError("The filters let no frame through")
        target.mux(encoder.encode(None))
    return out.getvalue()


def _filtered(
    source: av.container.InputContainer, filters: tuple[Filter, ...]
) -> Iterator[av.VideoFrame]:
    """The frames that leave the chain of filters, one after the other."""
    picture = source.streams.video[0]
    graph = av.filter.Graph()
    last = graph.add_buffer(template=picture, time_base=picture.time_base)
    for name, arguments in (*filters, ("format", _PIXELS)):
        added = graph.add(name, arguments)
        last.link_to(added)
        last = added
    last.link_to(graph.add("buffersink"))
    graph.configure()
    for frame in chain(source.decode(picture), (None,)):
        graph.vpush(frame)
        while True:
            try:
                yield graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                break


def _rate(filters: tuple[Filter, ...], picture: av.VideoStream) -> Fraction:
    """The frame rate behind the filters."""
    for name, arguments in filters:
        if name == "fps":
            return Fraction(arguments)
    return Fraction(picture.average_rate or _USUAL_RATE)
