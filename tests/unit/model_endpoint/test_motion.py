import itertools
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from model_endpoint.engines.motion.camera import Path as CameraPath
from model_endpoint.engines.motion.camera import plan_path
from model_endpoint.engines.motion.clouds import Clouds, cloudiness, sun
from model_endpoint.engines.motion.engine import CARD, MotionEngine, stage
from model_endpoint.engines.motion.fill import push_pull
from model_endpoint.engines.motion.framing import Framing, frame
from model_endpoint.engines.motion.layers import Layers, cut_out, take_apart
from model_endpoint.engines.motion.plan import Plan, decide
from model_endpoint.engines.motion.render import Renderer, over
from model_endpoint.engines.motion.ripples import Ripples
from model_endpoint.engines.protocol import no_progress
from model_endpoint.pixels import Map, Rgb
from model_endpoint.scene.model import Scene
from story.errors import GenerationFailed
from story.generation import CameraMove, Direction, Report

Photo = Callable[[str], Rgb]
Look = Callable[[str], Scene]
Direct = Callable[..., Direction]
MOVES: tuple[CameraMove, ...] = (
    "none", "push_in", "pull_out", "pan_left", "pan_right", "orbit"
)  # fmt: skip
NOTHING = Plan(
    clouds=False, ripples=False, light=False, motes=False, understood=(), unmet=(), regions=()
)


def prepared(
    picture: Rgb, scene: Scene, direction: Direction, plan: Plan | None = None
) -> tuple[Renderer, Framing, Layers]:
    framing = frame(picture, scene, direction)
    layers = take_apart(framing, scene, (picture.shape[1], picture.shape[0]))
    chosen = decide(direction, scene, layers) if plan is None else plan
    return stage(framing, layers, scene, chosen, direction), framing, layers


def home_of(framing: Framing) -> Rgb:
    (left, top), (width, height) = framing.home, framing.size
    return framing.plate[top : top + height, left : left + width]


def psnr(one: Rgb, other: Rgb) -> float:
    error = float(np.mean((one.astype(float) - other) ** 2))
    return 10.0 * float(np.log10(255.0**2 / max(error, 1e-9)))


def difference(one: Rgb, other: Rgb) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def decoded(path: Path) -> list[Rgb]:
    with av.open(str(path)) as container:
        return [
            image.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray().astype(np.uint8)
            for image in container.decode(video=0)
        ]


@pytest.fixture(scope="module")
def make(
    photo: Photo, direct: Direct, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., tuple[Report, Path]]:
    numbers = itertools.count()

    def run(name: str, **changes: object) -> tuple[Report, Path]:
        path = tmp_path_factory.mktemp("clips") / f"{next(numbers)}.mp4"
        return MotionEngine().generate(photo(name), direct(**changes), path, no_progress), path

    return run


# The picture -------------------------------------------------------------------------------------


def test_a_still_camera_without_effects_returns_the_photo_itself(
    photo: Photo, look: Look, direct: Direct
) -> None:
    for name in ("stream_waterfall", "mountain_clouds", "flower_dahlia"):
        renderer, framing, _ = prepared(photo(name), look(name), direct(camera="none"), NOTHING)
        for phase in (0.0, 0.4):
            assert psnr(renderer.draw(phase), home_of(framing)) > 42.0, name


@pytest.mark.parametrize("camera", MOVES)
def test_the_first_frame_is_the_crop_of_the_photo(
    photo: Photo, look: Look, direct: Direct, camera: CameraMove
) -> None:
    picture = photo("temple_lake_china")
    direction = direct(camera=camera)
    renderer, framing, _ = prepared(picture, look("temple_lake_china"), direction)
    crop, (width, height) = framing.crop, (picture.shape[1], picture.shape[0])
    box = (
        crop.left * width,
        crop.top * height,
        min(width, (crop.left + crop.width) * width),
        min(height, (crop.top + crop.height) * height),
    )
    resized = Image.fromarray(picture).resize(framing.size, Image.Resampling.LANCZOS, box=box)
    assert psnr(renderer.draw(0.0), np.asarray(resized)) > 35.0


@pytest.mark.parametrize("camera", MOVES)
def test_every_clip_moves_loops_and_never_flashes(
    photo: Photo, look: Look, direct: Direct, camera: CameraMove
) -> None:
    for name in ("mountain_clouds", "coffee_cup"):
        renderer, _, _ = prepared(photo(name), look(name), direct(camera=camera))
        count = 24
        frames = [renderer.draw(index / count) for index in range(count)]
        steps = [difference(a, b) for a, b in itertools.pairwise(frames)]
        seam = difference(frames[-1], frames[0])
        assert seam <= 1.5 * max(steps), name
        assert max(difference(frames[0], later) for later in frames) > 0.5, name
        # Over 120 frames the steps would be five times smaller still.
        lights = [float(each.mean()) for each in frames]
        assert max(abs(np.diff(lights))) < 5.0, name


def test_only_the_water_ripples(photo: Photo, look: Look, direct: Direct) -> None:
    direction = direct(
        camera="none", prompt="waves", negative_prompt="clouds", width=640, height=360
    )
    renderer, framing, layers = prepared(photo("sky_sea_bridge"), look("sky_sea_bridge"), direction)
    assert layers.water_mask is not None
    left, top = framing.home
    water = layers.water_mask[top : top + 360, left : left + 640]
    changed = np.abs(renderer.draw(0.35).astype(int) - renderer.draw(0.0)).mean(axis=2)
    assert changed[water > 0.9].mean() > 0.5
    assert changed[200:][water[200:] < 0.001].mean() < 0.1 * changed[water > 0.9].mean()


def test_a_subject_keeps_its_shape_while_the_ground_behind_it_shifts(
    photo: Photo, look: Look, direct: Direct
) -> None:
    renderer, framing, layers = prepared(
        photo("flower_dahlia"), look("flower_dahlia"), direct(camera="orbit"), NOTHING
    )
    assert layers.subject is not None
    left, top = framing.home
    cover = layers.subject.pixels[top : top + 320, left : left + 180, 3]
    first, moved = renderer.draw(0.0).astype(int), renderer.draw(0.02).astype(int)
    inside, outside = cover == 255, cover == 0
    # An orbit turns around its subject: at first only what is behind it is seen to shift.
    changes = np.abs(moved - first).mean(axis=2)
    gradient = np.abs(np.diff(first.mean(axis=2), axis=1, prepend=0))
    assert (changes[inside] / (1 + gradient[inside])).mean() < (
        changes[outside] / (1 + gradient[outside])
    ).mean()


def test_layers_laid_over_each_other_give_the_picture_again() -> None:
    random = np.random.default_rng(0)
    picture = random.uniform(0, 255, (40, 50, 3)).astype(np.float32)
    below = random.uniform(0, 255, (40, 50, 3)).astype(np.float32)
    cover = random.uniform(0, 1, (40, 50)).astype(np.float32)
    whole = over(cut_out(picture, below, cover), np.rint(below).astype(np.uint8))
    assert np.abs(whole.astype(float) - picture).max() < 6.0


def test_filling_keeps_what_is_known_and_stays_within_its_range() -> None:
    values = np.zeros((64, 64, 1), np.float32)
    values[:, :32], values[:, 32:] = 10.0, 20.0
    known = np.ones((64, 64), np.float32)
    known[20:44, 10:54] = 0.0
    filled = push_pull(values * known[..., None], known)
    assert np.allclose(filled[known > 0], values[known > 0], atol=1e-3)
    gap = filled[known == 0]
    assert gap.min() > 8.0
    assert gap.max() < 22.0
    assert filled[32, 14, 0] < filled[32, 50, 0]


# Camera, clouds, water ---------------------------------------------------------------------------


@pytest.mark.parametrize("move", MOVES)
def test_a_looped_camera_ends_where_it_began_and_as_fast(move: CameraMove) -> None:
    path = CameraPath(move=move, loop=True, pan=50.0, orbit=20.0)
    begin, end = path.at(0.0), path.at(1.0)
    after, before = path.at(0.001), path.at(0.999)
    for name in ("zoom", "x", "y", "turn_x", "turn_y"):
        assert getattr(end, name) == pytest.approx(getattr(begin, name), abs=1e-9)
        leaving = getattr(after, name) - getattr(begin, name)
        arriving = getattr(end, name) - getattr(before, name)
        assert arriving == pytest.approx(leaving, abs=1e-3)


def test_a_pan_stays_within_the_plate() -> None:
    path = plan_path("pan_left", width=720, room=(12, 300), spread=0.5, loop=True)
    assert max(path.at(i / 50).x for i in range(50)) <= 12.0


@pytest.mark.parametrize("camera", MOVES)
def test_the_camera_never_sees_beyond_the_plate(
    photo: Photo, look: Look, direct: Direct, camera: CameraMove
) -> None:
    renderer, framing, layers = prepared(
        photo("pets_dogs"), look("pets_dogs"), direct(camera=camera), NOTHING
    )
    height, width = framing.plate.shape[:2]
    (left, top), (w, h) = framing.home, framing.size
    edge: Map = np.array([[0.0, w - 1.0], [0.0, w - 1.0]], np.float32)
    down: Map = np.array([[0.0, 0.0], [h - 1.0, h - 1.0]], np.float32)
    for phase in np.linspace(0, 1, 21):
        pose = renderer._path.at(float(phase))
        for share in (float(layers.share.min()), float(layers.share.max())):
            x, y = renderer._lens.source(edge, down, share, pose)
            assert x.min() + left > -1.5
            assert x.max() + left < width + 0.5
            assert y.min() + top > -1.5
            assert y.max() + top < height + 0.5


def test_clouds_return_and_go_all_the_same_way() -> None:
    random = np.random.default_rng(1)
    few = random.uniform(0, 255, (16, 40, 3)).astype(np.uint8)
    noise = np.asarray(Image.fromarray(few).resize((200, 80), Image.Resampling.BICUBIC))
    x, y = np.meshgrid(np.arange(200, dtype=np.float32), np.arange(80, dtype=np.float32))
    clouds = Clouds(noise, horizon=80.0, heading=1, loop=True)
    assert np.array_equal(clouds.draw(0.0, x, y), noise)
    assert difference(clouds.draw(0.999, x, y), noise) < 3.0
    single = Clouds(noise, horizon=80.0, heading=1, loop=False).draw(0.5, x, y)
    shift = round(0.5 * 0.085 * 200)
    assert difference(single[0:1, shift + 5 : 150], noise[0:1, 5 : 150 - shift]) < 12.0


def test_a_plain_sky_has_no_clouds_and_a_mottled_one_has() -> None:
    rows = np.linspace(120, 200, 200)[:, None, None]
    plain = np.broadcast_to(rows, (200, 120, 3)).astype(np.uint8)
    inside = np.ones((200, 120), np.float32)
    y, x = np.mgrid[0:200, 0:120]
    mottled = np.clip(plain + 30 * (np.sin(x / 6) * np.sin(y / 5))[..., None], 0, 255)
    assert cloudiness(plain, inside) < 1.4 < cloudiness(mottled.astype(np.uint8), inside)


def test_the_sun_is_found_by_its_shape_and_a_white_cloud_is_not_it() -> None:
    y, x = np.mgrid[0:300, 0:300]
    sky = np.full((300, 300, 3), 120, np.uint8)
    sky[(x - 150) ** 2 + (y - 100) ** 2 < 20**2] = 255
    assert sun(sky)[100, 150] > 0.9
    assert sun(sky)[250, 50] == 0.0
    ragged = np.full((300, 300, 3), 120, np.uint8)
    ragged[(np.sin(x / 9) + np.sin(y / 4 + x / 30) > 0.6) & (y < 150)] = 255
    assert sun(ragged).max() == 0.0


def test_ripples_begin_at_nothing_and_loop() -> None:
    mask = np.zeros((100, 80), np.float32)
    mask[50:] = 1.0
    ripples = Ripples(mask, horizon=40.0, seed=3)
    assert np.abs(ripples.field(0.0)).max() == 0.0
    assert np.abs(ripples.field(1.0)).max() < 1e-3
    assert np.abs(ripples.field(0.3)).max() > 0.2


# The clip ----------------------------------------------------------------------------------------


def test_a_clip_is_what_its_report_says(make: Callable[..., tuple[Report, Path]]) -> None:
    report, path = make("mountain_clouds", ambience="waves")
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (video.width, video.height) == (report.width, report.height) == (180, 320)
        assert video.average_rate == report.fps == 12
        assert video.codec_context.colorspace == 1  # BT.709
        assert (audio.codec_context.name, audio.codec_context.sample_rate) == ("aac", 48_000)
        assert audio.codec_context.layout.name == "stereo"
    assert len(decoded(path)) == report.frames == 12
    head = path.read_bytes()[:4096]
    assert head.index(b"moov") < 64 + head.index(b"ftyp")  # plays while it loads
    assert report.has_sound
    assert report.engine.family == "procedural"
    assert "clouds drift" in report.understood


def test_silence_leaves_the_sound_track_out(make: Callable[..., tuple[Report, Path]]) -> None:
    report, path = make("coffee_cup", ambience="silence")
    assert not report.has_sound
    with av.open(str(path)) as container:
        assert not container.streams.audio


def test_one_seed_gives_one_clip_and_another_seed_another(
    make: Callable[..., tuple[Report, Path]],
) -> None:
    clips = [decoded(make("coffee_cup", seed=seed)[1]) for seed in (5, 5, 6)]
    assert all(np.array_equal(a, b) for a, b in zip(clips[0], clips[1], strict=True))
    assert max(difference(a, b) for a, b in zip(clips[0], clips[2], strict=True)) > 0.1


def test_contain_shows_the_whole_photo_over_its_blur(
    make: Callable[..., tuple[Report, Path]], photo: Photo
) -> None:
    report, path = make("coffee_cup", fit="contain")
    assert (report.crop.width, report.crop.height) == (1.0, 1.0)
    first = decoded(path)[0]
    card = np.asarray(Image.fromarray(photo("coffee_cup")).resize((180, 120)))
    assert psnr(first[100:220], card) > 28.0
    assert np.abs(np.diff(first[:90].astype(int), axis=1)).mean() < 3.0


def test_what_could_not_be_done_is_reported(make: Callable[..., tuple[Report, Path]]) -> None:
    report, _ = make("coffee_cup", prompt="waves, drifting clouds, and she smiles")
    assert set(report.unmet) == {
        "no water found: waves left out",
        "no sky found: clouds left out",
        "faces keep their expression",
    }


def test_stillness_that_was_asked_for_is_kept(make: Callable[..., tuple[Report, Path]]) -> None:
    report, path = make("coffee_cup", prompt="keep it still", camera="none")
    frames = decoded(path)
    assert max(difference(frames[0], later) for later in frames) < 1.0
    assert report.understood == ("the camera stands still",)


def test_progress_never_falls_and_ends_at_one(photo: Photo, direct: Direct, tmp_path: Path) -> None:
    told: list[float] = []
    MotionEngine().generate(
        photo("coffee_cup"), direct(), tmp_path / "c.mp4", lambda fraction, _: told.append(fraction)
    )
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_a_clip_longer_than_the_card_allows_is_refused(direct: Direct) -> None:
    card = CARD.__class__(
        engine=CARD.engine, max_seconds=3.0, rates=(16,), sizes=((480, 832),), any_size=False
    )
    with pytest.raises(GenerationFailed, match=r"at most 3.0 s"):
        card.require(direct(seconds=5.0))
    with pytest.raises(GenerationFailed, match="fps"):
        card.require(direct(fps=24))
    with pytest.raises(GenerationFailed, match="180 by 320"):
        card.require(direct(fps=16))
