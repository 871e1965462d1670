"""How a build is getting on: counted while it runs, shown by the progress display and the closing table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from factory.ingest import Intake
from factory.teacher.journal import Tally


@dataclass
class Progress:
    """How a dataset is getting on in this build."""

    dataset: str
    todo: int = 0
    done: int = 0
    failed: int = 0
    accepted: int = 0
    duplicates: int = 0
    empty: int = 0
    """Seeds that gave no sample."""
    rejected: Counter[str] = field(default_factory=Counter)
    last_error: str = ""
    paused: str = ""
    """Why nothing more of it is begun in this build: the alarm heard a collapse."""

    def checked(self, rejected: Counter[str]) -> None:
        """Takes in what the checks of the whole dataset rejected, of what had been accepted until then."""
        self.rejected.update(rejected)
        self.accepted = max(0, self.accepted - rejected.total())


@dataclass
class Report:
    """A build under way: what the progress display and the closing table show."""

    build_id: str
    tally: Tally
    datasets: dict[str, Progress] = field(default_factory=dict)
    intakes: dict[str, Intake] = field(default_factory=dict)
    reading: str = ""
    status: str = "running"
    note: str = ""


Watch = Callable[[Report], None]
