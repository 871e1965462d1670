"""Kinds of settings that validators and generators share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Share = Annotated[float, Field(ge=0, le=1)]
Fraction = Annotated[float, Field(gt=0, le=1)]
ErrorRate = Annotated[float, Field(ge=0, le=0.5)]
Amount = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Megabytes = Annotated[int, Field(gt=0, le=1 << 20)]
Tolerance = Annotated[float, Field(ge=0, allow_inf_nan=False)]
