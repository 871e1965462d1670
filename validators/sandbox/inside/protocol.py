"""What the host and a warden tell each other: the heads of what goes over their socket, and its bounds."""

from __future__ import annotations

import struct

JOB = struct.Struct("!IIddII?")
"""Head of a job: length of the program's body and of the judge's (0: there is none), CPU seconds of both
together, wall seconds, megabytes, how many bytes of output are kept, and whether a program that prints more is
ended. The bodies follow, marshalled."""

CHUNK = struct.Struct("!cI")
"""Head of a chunk: v (values), o (output), z (the end), r (ready); and its length."""

END = struct.Struct("!BI?")
"""The end of a job: why it was ended, a place in WHYS; its exit status as of waitpid; whether all was swept."""

WHYS = ("", "cpu", "wall", "values", "files")
"""The limit that ended a job; nothing where it ended by itself."""

MAX_VALUES = 32 << 20
