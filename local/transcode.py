"""A clip as it comes out of a messenger or a platform: other bytes, and nothing but pictures."""

import io
from fractions import Fraction

import av

#: A filter of libavfilter and its arguments.
Filter = tuple[str, str]


def encoded(
    video: bytes, filters: tuple[Filter, ...] = (), *, crf: int, codec: str = "libx264"
) -> bytes:
    """The pictures through filters and an encoder, as a platform would: no sound, no metadata.

    Raises ValueError if the filters let no frame through.
    """
    out = io.BytesIO()
    with av.open(io.BytesIO(video)) as source, av.open(out, "w", format="mp4") as target:
        picture = source.streams.video[0]
        graph = av.filter.Graph()
        last = graph.add_buffer(template=picture, time_base=picture.time_base)
        for name, arguments in (*filters, ("format", "yuv420p")):
            added = graph.add(name, arguments)
            last.link_to(added)
            last = added
        sink = graph.add("buffersink")
        last.link_to(sink)
        graph.configure()
        encoder: av.VideoStream | None = None

        def drain() -> None:
            nonlocal encoder
            while True:
                try:
                    frame = graph.vpull()
                except (av.BlockingIOError, av.EOFError):
                    return
                if encoder is None:
                    encoder = target.add_stream(
                        codec,
                        rate=Fraction(_sink_rate(filters, picture)),
                        options={"preset": "veryfast", "crf": str(crf)},
                    )
                    encoder.width, encoder.height, encoder.pix_fmt = (
                        frame.width,
                        frame.height,
                        "yuv420p",
                    )
                    encoder.codec_context.time_base = frame.time_base
                frame.pict_type = 0
                target.mux(encoder.encode(frame))

        for frame in source.decode(picture):
            graph.vpush(frame)
            drain()
        graph.vpush(None)
        drain()
        if encoder is None:
            raise ValueError("The filters let no frame through")
        target.mux(encoder.encode(None))
    return out.getvalue()


def _sink_rate(filters: tuple[Filter, ...], picture: av.VideoStream) -> Fraction:
    """The frame rate behind the filters."""
    for name, arguments in filters:
        if name == "fps":
            return Fraction(arguments)
    return Fraction(picture.average_rate or 24)
