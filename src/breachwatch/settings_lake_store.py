"""Where the lake rests, if not on this machine's disk: `[lake.store]`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from breachwatch.settings_stores import StoreAccess, split_store_url

_GIB = 1024**3


class LakeStore(StoreAccess):
    """An object store for the lake's Parquet files. The prefix belongs to one workspace alone."""

    url: str  # s3://BUCKET/PREFIX, az://CONTAINER/PREFIX, gs://BUCKET/PREFIX
    cache_bytes: Annotated[int, Field(ge=0)] = 8 * _GIB  # of what was written lately, kept in state/lake-cache

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        split_store_url(value)
        return value
