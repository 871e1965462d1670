"""A project of its own for each test: a catalogue, seeds, and a small plugin distribution, all real files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from hypothesis import settings

# The same examples every time: what passed once passes again. HYPOTHESIS_PROFILE=searching looks for new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("searching", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

ROOT = Path(__file__).parent.parent

LONGEST = (
    "durability",
    "seed_sets",
    "build",
    "at_rest",
    "seeds_at_scale",
    "mixture",
    "selection",
    "tuning",
    "budget",
    "html_fuzz",
    "pivotal_tokens",
)
"""Files that take half a minute and more, the slowest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the slowest files: begun last, one process would wait minutes for the other."""
    places = {f"test_{name}.py": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


LAB = {
    "lab/__init__.py": "",
    "lab/answer.py": '''
        """One call a question."""
        from collections.abc import AsyncIterator
        from factory.plugins import generator
        from factory.records import Chat, Question
        from factory.teacher import Teacher

        @generator(seeds=Question, gives=Chat, roles=("writer", "critic"))
        async def answer(question: Question, teacher: Teacher, *, role: str = "writer") -> AsyncIterator[Chat]:
            """One call a question."""
            yield Chat.of(question.text, await teacher.ask("answer", role=role, question=question))
    ''',
    "lab/answer.md": """
        # lab.answer
        ## answer
        Answer in one line: {{ question.text }}
        ### example
        The answer to "{{ question.text }}" is forty-two.
    """,
    "lab/steps.py": '''
        """Draws, branches, votes, chance and a structured reply, each once."""
        from collections.abc import AsyncIterator
        from pydantic import BaseModel
        from factory.plugins import generator
        from factory.records import Answer, Chat, Question, Vote
        from factory.teacher import Teacher

        class Plan(BaseModel):
            steps: list[str]
            verdict: str

        @generator(seeds=Question, gives=Chat, evidence=Answer, axes={"tone": ["dry", "warm", "terse"]})
        async def steps(question: Question, teacher: Teacher, *, fragile: bool = False) -> AsyncIterator[Chat]:
            """Draws, branches, votes, chance and a structured reply, each once."""
            plan = await teacher.ask("plan", Plan, question=question, tone=teacher.draw("tone"))
            votes = await teacher.ask("vote", n=3, question=question)

            async def branch(number: int) -> str:
                text = await teacher.ask("branch", question=question, number=number)
                return f"{text} {teacher.random.random()}"

            first, second = await teacher.gather(branch(1), branch(2))
            if fragile and "bad" in question.text and "again" not in votes[0]:
                raise ValueError(f"cannot use the votes on {question.text}")
            evidence = Answer(value=votes[0], votes=tuple(Vote(answer=vote) for vote in votes))
            yield Chat.of(question.text, f"{first} {second} {plan.steps}", evidence)
            yield Chat.of(question.text, f"{first} {second} {plan.steps}", evidence)
            yield Chat.of(question.text, f"{second} {teacher.random.random()}", evidence)
    ''',
    "lab/steps.md": """
        # lab.steps
        ## plan
        Plan in a {{ tone }} tone how to answer: {{ question.text }}
        ### example
        {"steps": ["read {{ tone }}", "think"], "verdict": "fine"}
        ## vote
        Vote on: {{ question.text }}
        ### example
        once
        ### example
        again
        ## branch
        Branch {{ number }} of: {{ question.text }}
        ### example
        branch {{ number }} of {{ question.text }}
    """,
    "labchecks/__init__.py": "",
    "labchecks/short.py": '''
        """Rejects long answers."""
        from factory.plugins import validator
        from factory.records import Sample, Verdict
        from factory.teacher import Teacher

        @validator()
        async def short(sample: Sample, teacher: Teacher, *, most: int = 100_000) -> Verdict:
            """Rejects long answers."""
            length = len(sample.texts()[-1])
            return Verdict.accept() if length <= most else Verdict.reject("too long", length=length)
    ''',
    "lab-1.0.dist-info/METADATA": """
        Metadata-Version: 2.1
        Name: lab
        Version: 1.0
    """,
    "lab-1.0.dist-info/entry_points.txt": """
        [factory.generators]
        lab = lab

        [factory.validators]
        lab = labchecks
    """,
}
"""A third party's distribution, as pip would lay it down."""


@dataclass
class Project:
    """A folder with a catalogue, and the command line run in it as a user would."""

    folder: Path
    site: Path

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.site), str(ROOT)])
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FACTORY_")}
        return {**kept, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "COLUMNS": "200"}

    def write(self, name: str, text: str) -> Path:
        """Writes a file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path

    def plugin(self, name: str, text: str) -> None:
        """Writes a file of the third party's distribution."""
        path = self.site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))

    def questions(self, *texts: str) -> None:
        """Writes the seeds."""
        lines = [json.dumps({"text": text, "answer": "42"}) for text in texts]
        self.write("questions.jsonl", "\n".join(lines) + "\n")

    def catalog(self, datasets: str, models: str = "{writer: {model: rehearsal}}") -> None:
        """Writes a catalogue over the questions."""
        seeds = "{questions: {source: jsonl, path: questions.jsonl, as: question}}"
        self.write("catalog.yaml", f"models: {models}\nseeds: {seeds}\ndatasets:\n{datasets}\n")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts `factory ...` in the project's folder."""
        return subprocess.Popen(
            [sys.executable, "-m", "factory", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def factory(self, *arguments: str, code: int = 0) -> str:
        """Runs `factory ...` to its end; what it printed. Fails the test on another exit code."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=240)
        assert process.returncode == code, f"exit code {process.returncode}\n{out}\n{err}"
        return out + err

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the store."""
        import duckdb

        with duckdb.connect(str(self.folder / "build/factory.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project with the lab plugin installed beside it."""
    made = Project(tmp_path / "project", tmp_path / "site")
    made.folder.mkdir()
    for name, text in LAB.items():
        made.plugin(name, text)
    return made


@dataclass
class Server:
    """A rehearsal server in a process of its own."""

    address: str
    process: subprocess.Popen[str]

    def stats(self) -> dict[str, Any]:
        """What it was asked so far."""
        with urlopen(f"{self.address.removesuffix('/v1')}/stats") as reply:
            return dict(json.loads(reply.read()))


@pytest.fixture
def serve(project: Project) -> Iterator[Callable[..., Server]]:
    """Starts rehearsal servers with the options given; ends them with the test."""
    started: list[Server] = []

    def start(*options: str) -> Server:
        process = project.start("rehearsal", "--port", "0", *options)
        assert process.stdout is not None
        line = process.stdout.readline()
        address = next(word for word in line.split() if word.startswith("http"))
        started.append(Server(address.rstrip("/.,"), process))
        return started[-1]

    yield start
    for server in started:
        server.process.send_signal(signal.SIGTERM)
        server.process.communicate(timeout=20)
