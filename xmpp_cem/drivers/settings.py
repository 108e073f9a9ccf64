"""The form of a driver's settings, which stand in a resource's table of the configuration file."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo

FOLDER = "folder"
"""Key of the validation context: the folder that relative paths start from."""


def anchored(path: Path, info: ValidationInfo) -> Path:
    """Return an absolute path; a relative one starts at the configuration file's folder."""
    folder: Path = (info.context or {}).get(FOLDER, Path())
    return folder / path.expanduser()


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"there is no file {path}; create it or correct the path")
    return path


LocalPath = Annotated[Path, AfterValidator(anchored)]
"""A path that starts at the configuration file's folder."""

LocalFile = Annotated[LocalPath, AfterValidator(_existing)]
"""A file that exists."""


class Settings(BaseModel):
    """Settings of a driver: immutable, unknown keys refused, keys described below them."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )
