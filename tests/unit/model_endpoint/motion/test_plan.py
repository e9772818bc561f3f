from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest

from model_endpoint.engines.motion.engine import produce
from model_endpoint.engines.motion.plan import choose_camera, decide, plans, reported, want
from model_endpoint.engines.motion.repertory import MAKERS
from model_endpoint.engines.motion.staging import prepare
from model_endpoint.pixels import Rgb
from model_endpoint.scene.model import Scene, SceneKind
from story.generation import CameraMove, Direction, Held, Mood, Motion, Preset, Wishes

Photo = Callable[[str], Rgb]
Look = Callable[[str], Scene]
Direct = Callable[..., Direction]


def chance() -> np.random.Generator:
    return np.random.default_rng(1)


def sentences(photo: Rgb, scene: Scene, direction: Direction) -> tuple[set[str], set[str]]:
    plan = produce(photo, direction, scene).plan
    return set(plan.understood), set(plan.unmet)


# The data ----------------------------------------------------------------------------------------


def test_every_kind_mood_preset_and_camera_has_its_plan() -> None:
    data = plans()
    assert set(data.kinds) == set(get_args(SceneKind))
    assert set(data.presets) == set(get_args(Preset))
    assert set(data.moods) == set(get_args(Mood))
    assert set(data.cameras) == set(get_args(CameraMove))
    assert set(data.held) == set(get_args(Held)) - {"everything"}


def test_every_motion_of_the_contract_has_a_maker_and_a_name() -> None:
    assert set(MAKERS) == set(get_args(Motion)) == set(plans().things)


def test_every_kind_plans_two_kinds_of_motion_besides_its_camera() -> None:
    for kind, plan in plans().kinds.items():
        assert len(plan.motions) >= 2, kind
        assert plan.camera != "none", kind
        assert plan.sounds, kind


# What is wanted ----------------------------------------------------------------------------------


def test_a_scene_moves_by_its_own_plan_when_nothing_is_asked() -> None:
    assert set(want(Wishes(), "sea", chance()).motions) == set(plans().kinds["sea"].motions)


def test_what_is_asked_is_added_and_what_is_refused_is_left_out() -> None:
    wanted = want(Wishes(motions=("snow",), refused=("clouds",)), "sea", chance())
    assert "snow" in wanted.motions
    assert "clouds" not in wanted.motions
    assert "waves" in wanted.motions


def test_no_sun_shines_while_it_rains_unless_it_is_asked_to() -> None:
    for weather in ("rain", "snow"):
        wanted = want(Wishes(motions=(weather,)), "sunset", chance())
        assert weather in wanted.motions
        assert not {"sun_glow", "sky_hues", "light_sweep", "dust"} & set(wanted.motions)
    both = want(Wishes(motions=("rain", "sun_glow")), "sunset", chance())
    assert {"rain", "sun_glow"} <= set(both.motions)


def test_only_means_only() -> None:
    wanted = want(Wishes(motions=("waves",), only=True), "sea", chance())
    assert set(wanted.motions) == {"waves"}
    assert not wanted.may_add


def test_held_people_do_not_move_unless_one_motion_of_theirs_is_asked_for() -> None:
    wanted = want(Wishes(held=("people",)), "portrait", chance())
    assert not {"blink", "breath", "hair"} & set(wanted.motions)
    smiling = want(Wishes(held=("people",), motions=("smile",)), "portrait", chance())
    assert "smile" in smiling.motions


def test_everything_held_is_a_still_picture(photo: Photo, look: Look, direct: Direct) -> None:
    direction = direct(wishes=Wishes(held=("everything",)))
    assert choose_camera(direction, "drink") == "none"
    production = produce(photo("coffee_cup"), direction, look("coffee_cup"))
    assert production.plan.effects == ()
    first, later = (production.renderer.draw(phase).y for phase in (0.0, 0.5))
    assert np.array_equal(first, later)


def test_a_preset_and_a_mood_multiply_what_the_words_say() -> None:
    calm = want(Wishes(preset="subtle", mood="calm", speed=0.5), "sea", chance())
    lively = want(Wishes(preset="lively"), "sea", chance())
    assert calm.speed < 0.5
    assert calm.strength < 0.6
    assert lively.strength > 1.0


def test_a_surprise_is_one_of_its_surprises_and_the_seeds_to_choose() -> None:
    plain = set(want(Wishes(), "sea", chance()).motions)
    found = {
        next(iter(set(want(Wishes(preset="surprise"), "sea", random).motions) - plain))
        for random in map(np.random.default_rng, range(20))
    }
    assert found <= set(plans().presets["surprise"].one_of)
    assert len(found) > 1


def test_the_directed_camera_wins_then_the_wish_then_the_scene(direct: Direct) -> None:
    assert choose_camera(direct(camera="orbit", wishes=Wishes(camera="dolly")), "sea") == "orbit"
    assert choose_camera(direct(wishes=Wishes(camera="dolly")), "sea") == "dolly"
    assert choose_camera(direct(), "sea") == plans().kinds["sea"].camera


# What is said ------------------------------------------------------------------------------------


def test_what_the_photo_cannot_show_is_said_only_when_it_was_asked_for(
    photo: Photo, look: Look, direct: Direct
) -> None:
    cup, scene = photo("coffee_cup"), look("coffee_cup")
    asked = Wishes(motions=("waves", "clouds"), unable=("walk",))
    _, unmet = sentences(cup, scene, direct(wishes=asked))
    assert "no water found: waves left out" in unmet
    assert any(said.endswith("drifting clouds left out") for said in unmet)
    assert len(unmet) == 3
    _, nothing = sentences(cup, scene, direct())
    assert nothing == set()
    implied = Wishes(motions=("waves",), implied=("waves",))
    assert sentences(cup, scene, direct(wishes=implied))[1] == set()


def test_the_camera_and_every_motion_are_said_in_plain_words(
    photo: Photo, look: Look, direct: Direct
) -> None:
    understood, _ = sentences(
        photo("mountain_clouds"), look("mountain_clouds"), direct(camera="pan_left")
    )
    assert "the camera moves to the left" in understood
    assert "clouds drift" in understood


def test_regions_say_what_became_of_them(photo: Photo, look: Look, direct: Direct) -> None:
    name = "mountain_clouds"
    direction = direct()
    staged = prepare(photo(name), look(name), direction, "push_in")
    plan = decide(direction, staged.stage, "push_in")
    regions = {report.kind: report for report in reported(look(name), plan.effects)}
    assert "clouds drift" in regions["sky"].motion
    nothing = {report.kind: report for report in reported(look(name), ())}
    assert nothing["sky"].motion == "still"


@pytest.mark.parametrize("seed", [1, 2])
def test_adding_a_wish_leaves_the_other_motions_as_they_were(
    photo: Photo, look: Look, direct: Direct, seed: int
) -> None:
    name = "mountain_clouds"

    def cloud_field(wishes: Wishes) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        wishes = wishes.model_copy(update={"heading": "left"})
        production = produce(photo(name), direct(seed=seed, wishes=wishes), look(name))
        (effect,) = [each for each in production.plan.effects if each.motion == "clouds"]
        return effect.currents[0].copies(0.3)[0][1]

    assert np.array_equal(cloud_field(Wishes()), cloud_field(Wishes(motions=("snow",))))
