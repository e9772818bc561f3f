"""The kill switch: what opens it, what does not, and how long an answer counts."""

import boto3
import pytest

from cloud import clients, switch
from story.errors import ServicePaused
from tests.unit.cloud.account import SWITCH

pytestmark = pytest.mark.usefixtures("account")


def _turn(value: str) -> None:
    boto3.client("ssm").put_parameter(Name=SWITCH, Value=value, Overwrite=True)


def test_open_is_permission() -> None:
    switch.require_open()


def test_a_change_is_seen_when_the_last_answer_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    switch.require_open()
    _turn(switch.PAUSED)
    switch.require_open()
    monkeypatch.setattr(switch, "REMEMBER_SECONDS", 0.0)
    with pytest.raises(ServicePaused, match="paused by its operator"):
        switch.require_open()
    _turn(switch.OPEN)
    switch.require_open()


def test_a_busy_function_does_not_ask_for_each_request() -> None:
    clients.take_calls()
    for _ in range(5):
        switch.require_open()
    assert clients.take_calls() == {"ssm:GetParameter": 1}


def test_an_answer_counts_for_seconds_not_minutes() -> None:
    assert 0 < switch.REMEMBER_SECONDS <= 15


def test_a_switch_that_is_gone_is_named() -> None:
    boto3.client("ssm").delete_parameter(Name=SWITCH)
    with pytest.raises(ServicePaused, match=f"{SWITCH} cannot be read .ParameterNotFound"):
        switch.require_open()
