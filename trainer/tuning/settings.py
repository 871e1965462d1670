"""What is to be tuned: one YAML file. Every fault is told with file, line and key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, NonNegativeInt, model_validator

from factory.errors import CatalogError, did_you_mean
from factory.yamlfile import read_yaml
from trainer.recipe import SHARES_MAY_MISS, Settings, SourceSettings

Shares = dict[str, Annotated[float, Field(ge=0, le=1)]]


class Domain(Settings):
    """Sources that are tuned together, on the tasks that show what they teach."""

    sources: dict[str, SourceSettings] = Field(min_length=1)
    tasks: tuple[str, ...] = Field(min_length=1, description="names of tasks")
    shares: tuple[Shares, ...] = Field(
        (), description="what to try; default: even, and each source in turn twice"
    )
    share: float | None = Field(None, gt=0, le=1, description="of the domain in the merge; default: even")

    @model_validator(mode="after")
    def _add_up(self) -> Domain:
        for place, shares in enumerate(self.shares):
            if unknown := sorted(set(shares) - set(self.sources)):
                raise ValueError(
                    f"shares.{place}: no source is called '{unknown[0]}'{did_you_mean(unknown[0], self.sources)}"
                )
            if abs(sum(shares.values()) - 1) > SHARES_MAY_MISS:
                raise ValueError(f"shares.{place} add up to {sum(shares.values()):.3f}, not to 1")
        if given := [name for name, source in self.sources.items() if source.share is not None]:
            raise ValueError(f"sources.{given[0]}: its share is what is tuned: leave 'share' out")
        return self

    def candidates(self) -> list[Shares]:
        """The shares to try."""
        if self.shares:
            return [dict(shares) for shares in self.shares]
        names = list(self.sources)
        even = {name: 1 / len(names) for name in names}
        if len(names) == 1:
            return [even]
        leaning = [
            {name: (2 if name == first else 1) / (len(names) + 1) for name in names} for first in names
        ]
        return [even, *leaning]


class Tuning(Settings):
    """A whole tuning."""

    recipe: Path = Field(description="the recipe of every run; mixture, seed and output are set for each")
    tasks: tuple[Path, ...] = Field(description="held-out task files, or folders of them")
    output: Path
    domains: dict[str, Domain] = Field(min_length=1)
    seeds: tuple[NonNegativeInt, ...] = Field(
        (0,), min_length=1, description="each setting is run once for each"
    )
    store: Path | None = Field(None, description="the store that says what the datasets cost")
    allow_rehearsal: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Tuning:
        names = [name for domain in self.domains.values() for name in domain.sources]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"the source '{twice[0]}' is in two domains; what it is worth could not be told")
        given = [domain.share for domain in self.domains.values() if domain.share is not None]
        if given and (len(given) < len(self.domains) or abs(sum(given) - 1) > SHARES_MAY_MISS):
            raise ValueError(
                "the shares of the domains must be given for all of them and add up to 1, or for none"
            )
        return self

    @property
    def sources(self) -> dict[str, SourceSettings]:
        """All sources."""
        return {name: source for domain in self.domains.values() for name, source in domain.sources.items()}

    def merged(self, best: Mapping[str, Shares]) -> Shares:
        """The shares of the merge: each domain's own, times the share of the domain."""
        even = 1 / len(self.domains)
        return {
            name: share * (domain.share or even)
            for key, domain in self.domains.items()
            for name, share in best[key].items()
        }


def read_tuning(path: Path) -> Tuning:
    """Reads the file; its paths start from the working folder. Raises CatalogError with file, line and key."""
    file = read_yaml(path)
    if not isinstance(file.content, dict):
        raise CatalogError(f"{path}:1: a tuning is a mapping with the keys recipe, tasks, output, domains")
    return file.check(Tuning, file.content)
