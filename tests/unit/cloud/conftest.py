"""The account that these tests work in."""

from tests.unit.cloud.account import account, one_write_at_a_time

__all__ = ["account", "one_write_at_a_time"]
