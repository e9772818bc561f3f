"""The workflow of tests/workflow, for every category of the policy."""

from tests.workflow.conftest import cloud

__all__ = ["cloud"]
