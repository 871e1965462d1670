"""Running JavaScript: this process becomes node, which reads the job from descriptor 4 and sends frames on 3."""

from __future__ import annotations

import json
import os
from typing import Any

from .job import CHANNEL

_INPUT = 4


def prepare(request: dict[str, Any]) -> None:
    """Puts what node is told behind a descriptor of its own, before the doors close."""
    given = os.memfd_create("job")
    rest = memoryview(json.dumps(request).encode())
    while rest:
        rest = rest[os.write(given, rest) :]
    os.lseek(given, 0, os.SEEK_SET)
    if given == _INPUT:
        os.set_inheritable(_INPUT, True)
    else:
        os.dup2(given, _INPUT)
        os.close(given)
    os.set_inheritable(CHANNEL, True)


def run(request: dict[str, Any], memory_mb: int) -> int:
    """Becomes node, which keeps the limits and the filter; its heap is bounded besides."""
    flags = [f"--max-old-space-size={memory_mb}", "--no-warnings"]
    environment = {"UV_THREADPOOL_SIZE": "1", "UV_USE_IO_URING": "0", "HOME": "/tmp"}
    os.execve(request["node"], [request["node"], *flags, request["runner"]], environment)
