"""Settings of the lake: how long events and original bytes are kept, how small files are merged, how much may be used.

`[lake.retention]` counts days for each dataset by its name; `default` is for all that are not named, `segments` for the
original bytes of what was collected. 0, the default of everything, keeps for ever.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from breachwatch.settings_base import Section
from breachwatch.settings_lake_store import LakeStore

DEFAULT = "default"
SEGMENTS = "segments"
FOR_EVER = 0

_MIB = 1024 * 1024
_LONGEST_DAYS = 36_500


class Lake(Section):
    """Where the lake rests and how it is tended."""

    store: LakeStore | None = None  # an object store; none: the workspace's own folder
    retention: dict[str, int] = Field(default={})  # dataset, "default" or "segments" to days; 0: for ever
    compact: bool = True  # merge small files in the night
    small_file_bytes: Annotated[int, Field(ge=4096)] = 16 * _MIB  # files below this are merged ...
    merged_file_bytes: Annotated[int, Field(ge=4096)] = 256 * _MIB  # ... into files of about this size
    quota_bytes: Annotated[int, Field(ge=0)] = 0  # what the workspace may use, for the forecast; 0: the whole disk

    @field_validator("retention")
    @classmethod
    def _periods(cls, value: dict[str, int]) -> dict[str, int]:
        if not value:
            return value
        # Kept out of the settings' imports: it takes pyarrow along.
        from breachwatch.model.datasets import DATASETS, REJECTS_DATASET

        known = {*DATASETS, REJECTS_DATASET.name, DEFAULT, SEGMENTS}
        for name, days in value.items():
            if name not in known:
                msg = f'{name!r} is no dataset. Write its name in quotes ("linux.auth" = 400), or default or segments'
                raise ValueError(msg)
            if not FOR_EVER <= days <= _LONGEST_DAYS:
                msg = f"{name} = {days} must be days from 1 to {_LONGEST_DAYS}, or 0 to keep for ever"
                raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _sizes(self) -> Lake:
        if self.small_file_bytes > self.merged_file_bytes:
            msg = (
                f"small_file_bytes ({self.small_file_bytes}) is more than merged_file_bytes "
                f"({self.merged_file_bytes}): what is merged would be merged again each night. Make it smaller"
            )
            raise ValueError(msg)
        return self

    def days(self, dataset: str) -> int:
        """How many days the events of a dataset are kept; 0: for ever."""
        return self.retention.get(dataset, self.retention.get(DEFAULT, FOR_EVER))

    @property
    def segment_days(self) -> int:
        """How many days original bytes are kept at least; 0: for ever. Never shorter than any of their events."""
        return self.retention.get(SEGMENTS, FOR_EVER)
