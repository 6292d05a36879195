"""Settings of sources of kind "objects": files in an object store."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, field_validator

from breachwatch.settings_stores import StoreAccess, split_store_url


class Objects(StoreAccess):
    """An object store. The source's `paths` are patterns below the prefix of `url`; without any, all objects are meant.

    %Y, %m, %d and %H in them stand for the UTC day (and hour) that a folder or name carries: then only days that can
    still bring something new are listed.
    """

    url: str  # s3://BUCKET/PREFIX, az://CONTAINER/PREFIX, gs://BUCKET/PREFIX
    late_days: Annotated[int, Field(ge=0, le=366)] = 3  # days that are listed again for objects that came late
    max_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 60.0  # what is not reached by then is taken the next night

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        split_store_url(value)
        return value

    @staticmethod
    def check_paths(name: str, paths: tuple[str, ...]) -> None:
        """Raises ValueError for patterns that cannot be used."""
        for path in paths:
            said = ""
            if path.startswith("/") or "//" in path or path.endswith("/"):
                said = "is below the url's prefix: no / at its ends and none twice"
            elif path.split("/").count("**") > 1 or any("**" in part and part != "**" for part in path.split("/")):
                said = "may have ** once, as a folder of its own"
            elif set(re.findall(r"%.?", path)) - {"%Y", "%m", "%d", "%H"}:
                said = "knows %Y, %m, %d and %H only"
            elif "%" in path and not ("%Y" in path and "%m" in path and "%d" in path):
                said = "needs %Y, %m and %d together"
            elif "%" in path and "**" in path.split("/")[: _first_dated(path)]:
                said = "cannot have ** before the date"
            if said:
                msg = f"source {name!r} of kind 'objects': the path {path!r} {said}"
                raise ValueError(msg)


def _first_dated(path: str) -> int:
    return next(number for number, part in enumerate(path.split("/")) if "%" in part)
