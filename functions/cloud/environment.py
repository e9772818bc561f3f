"""The function's environment, modelled and checked before anything else happens."""

import os
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from story.errors import SettingInvalid


class Environment(BaseModel):
    """Base of each function's settings: field `work_bucket` is the variable `WORK_BUCKET`."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


Settings = TypeVar("Settings", bound=Environment)


def load(model: type[Settings]) -> Settings:
    """Read a function's settings from its environment variables.

    Raises SettingInvalid that names the variable and what is wrong with it, never its neighbours'
    values.
    """
    found = {
        name: os.environ[name.upper()] for name in model.model_fields if name.upper() in os.environ
    }
    try:
        return model.model_validate(found)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            for problem in error.errors(include_input=False)
        )
        raise SettingInvalid(
            f"The environment of this function is incomplete: {problems}"
        ) from error
