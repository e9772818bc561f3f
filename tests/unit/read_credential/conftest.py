"""The account that these tests work in."""

from tests.unit.cloud.account import account

__all__ = ["account"]
