import functools
import io
import json
import struct
from typing import Any

import av
import numpy as np
import pytest
import rdflib
from PIL import Image
from pymediainfo import MediaInfo

from label_video import badge, declaration, stills
from label_video.declaration import Facts
from label_video.labelling import Labelled, Marking
from label_video.labelling import label as labelled_with
from story.errors import VideoUnreadable
from story.generation import Box, EngineName
from story.labels import Language, labels
from tests.quality.ssim import ssim
from tests.unit.inspect_video.clips import (
    FRAMES,
    HEIGHT,
    MOTION,
    SECONDS,
    STORY,
    WIDTH,
    crop,
    encode,
    jpeg,
    photo,
    pushing_in,
)
from watermark import detection
from watermark.embedding import Mark
from watermark.pattern import Key

KEY = Key(1, bytes(range(32)))
MARKING = Marking(KEY, 0x5EEDCAFE)
DIFFUSION = EngineName(family="diffusion", name="wan-5b", version="2.2")
MADE_AT = "2026-11-22T12:00:00.000Z"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
PROVIDER = "Söhne & Co. <Stories> 例"


def facts(engine: EngineName = MOTION) -> Facts:
    return Facts(STORY, PROVIDER, engine, labels()[engine.family], MADE_AT)


def label(video: bytes, engine: EngineName = MOTION, language: Language = "en") -> Labelled:
    return labelled_with(video, facts(engine), language, MARKING)


@functools.cache
def clip() -> bytes:
    return encode(pushing_in(photo()))


@functools.cache
def labelled() -> Labelled:
    return label(clip())


def lumas(video: bytes, height: int = HEIGHT) -> np.ndarray[Any, np.dtype[np.float32]]:
    with av.open(io.BytesIO(video)) as container:
        frames = [frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)]
    return np.stack(frames)[:, :height].astype(np.float32)


def psnr(one: Any, other: Any) -> float:
    return float(10 * np.log10(255**2 / np.square(one - other).mean()))


def boxes(mp4: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(mp4):
        size, kind = struct.unpack_from(">I4s", mp4, at)
        found.append((kind, mp4[at + 8 : at + size]))
        at += size
    assert at == len(mp4)
    return found


def xmp(mp4: bytes) -> dict[str, str]:
    """What a reader of RDF finds in the packet, by the property's full name."""
    kind, body = boxes(mp4)[-1]
    assert kind == b"uuid"
    assert body[:16] == declaration.XMP_BOX_ID
    packet = body[16:].decode()
    rdf = packet[packet.index("<rdf:RDF") : packet.index("</x:xmpmeta>")]
    graph = rdflib.Graph().parse(data=rdf, format="xml")
    return {str(name): str(value) for _, name, value in graph if isinstance(value, rdflib.Literal)}


def test_outside_the_badge_the_pictures_stay_as_they_were_but_for_the_mark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Mark, "add", lambda _self, _luma: None)
    natural = encode(pushing_in(photo("mountain_clouds")))
    before, after = lumas(natural), lumas(label(natural).video)
    _, _, _, bottom = badge.fit("en", "AI-generated", WIDTH, HEIGHT).box
    assert psnr(before[:, bottom + 16 :], after[:, bottom + 16 :]) > 38


def test_the_labelled_clip_carries_its_mark_and_looks_as_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = photo("mountain_clouds")
    drifting = [
        whole.resize((480, 864), Image.Resampling.LANCZOS, box=(x, 0, x + 480, 864))
        for x in np.linspace(100, 106, 16)
    ]
    large = encode(drifting, sound_seconds=None)
    marked = label(large).video
    found = detection.detect(io.BytesIO(marked), (KEY,))
    assert found.is_mark
    assert (found.mark_id, found.key_version) == (MARKING.mark_id, KEY.version)
    with monkeypatch.context() as patch:
        patch.setattr(Mark, "add", lambda _self, _luma: None)
        plain = label(large).video
    assert not detection.detect(io.BytesIO(plain), (KEY,)).is_mark
    alike = [
        ssim(one.astype(np.float64), other.astype(np.float64))
        for one, other in zip(lumas(marked, 864), lumas(plain, 864), strict=True)
    ]
    assert np.mean(alike) > 0.98


def test_the_badge_is_in_every_frame() -> None:
    after = lumas(labelled().video)
    fitted = badge.fit("en", "AI-generated", WIDTH, HEIGHT)
    left, top, right, bottom = fitted.box
    shown = after[:, top:bottom, left:right]
    assert len(shown) == FRAMES
    assert shown[:, fitted.luma > 225].mean(axis=1).min() > 200
    assert shown[:, (fitted.luma < 20) & (fitted.cover > 0.6)].mean(axis=1).max() < 110


def test_length_rate_size_and_colour_tags_are_kept() -> None:
    with av.open(io.BytesIO(labelled().video)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (stream.width, stream.height, stream.frames) == (WIDTH, HEIGHT, FRAMES)
        assert stream.average_rate == 24
        assert context.name == "h264"
        assert context.pix_fmt == "yuv420p"
        assert [int(tag) for tag in (context.colorspace, context.color_primaries)] == [1, 1]
        assert int(context.color_trc) == 1
        assert int(context.color_range) == 1
        assert container.duration / 1e6 == pytest.approx(SECONDS, abs=0.05)


def test_the_sound_is_copied_bit_by_bit() -> None:
    def packets(video: bytes) -> list[bytes]:
        with av.open(io.BytesIO(video)) as container:
            return [bytes(packet) for packet in container.demux(audio=0) if packet.size]

    assert packets(labelled().video) == packets(clip())


def test_sound_and_pictures_begin_together() -> None:
    def starts(video: bytes) -> list[float]:
        with av.open(io.BytesIO(video)) as container:
            return [float(stream.start_time * stream.time_base) for stream in container.streams]

    assert starts(labelled().video) == pytest.approx(starts(clip()), abs=0.001)


def test_a_clip_without_sound_stays_without() -> None:
    silent = label(encode(pushing_in(photo()), sound_seconds=None))
    with av.open(io.BytesIO(silent.video)) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_the_index_comes_before_the_pictures_so_that_players_can_start() -> None:
    kinds = [kind for kind, _ in boxes(labelled().video)]
    assert kinds.index(b"moov") < kinds.index(b"mdat") < kinds.index(b"uuid")


@pytest.mark.parametrize("engine", [MOTION, DIFFUSION])
def test_the_xmp_names_provider_system_version_time_and_id_as_california_asks(
    engine: EngineName,
) -> None:
    row = labels()[engine.family]
    assert xmp(label(clip(), engine).video) == {
        f"{IPTC}DigitalSourceType": row.digital_source_type,
        f"{IPTC}AISystemUsed": f"Enliven ({engine.name})",
        f"{IPTC}AISystemVersionUsed": engine.version,
        "http://ns.adobe.com/xap/1.0/CreatorTool": f"Enliven ({engine.name} {engine.version})",
        "http://ns.adobe.com/xap/1.0/CreateDate": MADE_AT,
        "http://purl.org/dc/elements/1.1/identifier": STORY,
        # The one member of dc:publisher.
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#_1": PROVIDER,
        "http://www.tc260.org.cn/ns/AIGC/1.0/AIGC": declaration.aigc(facts(engine)),
    }


def test_the_aigc_record_is_where_another_program_finds_it_with_all_seven_fields() -> None:
    (general,) = MediaInfo.parse(io.BytesIO(labelled().video)).general_tracks
    assert json.loads(general.to_data()["aigc"]) == {
        "Label": labels()["procedural"].aigc_label,
        "ContentProducer": PROVIDER,
        "ProduceID": STORY,
        "ReservedCode1": "",
        "ContentPropagator": "",
        "PropagateID": "",
        "ReservedCode2": "",
    }


def test_a_hostile_engine_name_cannot_break_out_of_the_xmp() -> None:
    evil = EngineName(family="procedural", name='"/><evil a="', version="<&>'")
    mp4 = declaration.with_xmp(b"", declaration.xmp_packet(facts(evil)))
    stated = xmp(mp4)
    assert stated["http://ns.adobe.com/xap/1.0/CreatorTool"] == 'Enliven ("/><evil a=" <&>\')'
    assert len(stated) == 8


def test_the_poster_shows_a_labelled_frame() -> None:
    with Image.open(io.BytesIO(labelled().poster)) as poster:
        assert poster.size == (WIDTH, HEIGHT)
        assert not poster.info.keys() - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        levels = np.asarray(poster.convert("L"), dtype=np.float32)
    fitted = badge.fit("en", "AI-generated", WIDTH, HEIGHT)
    left, top, right, bottom = fitted.box
    assert levels[top:bottom, left:right][fitted.luma > 225].mean() > 215


def test_the_poster_is_the_sharpest_frame_of_the_middle() -> None:
    pictures = pushing_in(photo())
    small = [picture.resize((20, 36)).resize((WIDTH, HEIGHT)) for picture in pictures]
    small[21] = pictures[21]  # one of the candidates
    with Image.open(io.BytesIO(label(encode(small)).poster)) as poster:
        shown = np.asarray(poster, dtype=np.float32)
    assert psnr(shown[100:], np.asarray(pictures[21], dtype=np.float32)[100:]) > 26


@pytest.mark.parametrize(
    ("size", "fits"), [((1_080, 1_920), (720, 1_280)), ((1_920, 1_080), (1_280, 720))]
)
def test_a_large_poster_is_made_to_fit(size: tuple[int, int], fits: tuple[int, int]) -> None:
    pixels = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    with Image.open(io.BytesIO(stills.poster(pixels))) as poster:
        assert poster.size == fits


def test_the_ingredient_is_the_crop_and_nothing_around_it() -> None:
    marked = Image.new("RGB", (1_600, 1_200), "red")
    box = Box(left=0.25, top=0.1, width=0.4, height=0.8)
    marked.paste("blue", (400, 120, 1_040, 1_080))
    with Image.open(io.BytesIO(stills.ingredient(jpeg(marked), box))) as ingredient:
        assert ingredient.size == (341, 512)
        red, _, blue = np.asarray(ingredient, dtype=int).transpose(2, 0, 1)
        assert not ingredient.getexif()
    assert red.max() < 40
    assert blue.min() > 190


def test_a_small_crop_is_not_enlarged() -> None:
    whole = Box(left=0, top=0, width=1, height=1)
    picture = photo().resize((300, 400))
    with Image.open(io.BytesIO(stills.ingredient(jpeg(picture), whole))) as ingredient:
        assert ingredient.size == (300, 400)


def test_the_metadata_of_the_clean_photo_does_not_reach_the_ingredient() -> None:
    out = io.BytesIO()
    photo().save(out, "JPEG", comment=b"canary-5f1d")
    assert b"canary-5f1d" not in stills.ingredient(out.getvalue(), crop(photo()))


@pytest.mark.parametrize("video", [b"", b"hello world" * 100, clip()[:2_000]])
def test_what_does_not_decode_is_unreadable(video: bytes) -> None:
    with pytest.raises(VideoUnreadable):
        label(video)
