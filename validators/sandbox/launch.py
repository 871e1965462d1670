"""Started as root: gives up root for good, then becomes bubblewrap. A standalone script, run with ``-I -S``.

An interpreter may lie where another user cannot go (below ``/root``, say). Such files are first mounted,
in a mount namespace of this process alone, below ``/tmp`` where that user can. Its argument is JSON:
``{"uid": 1000, "staged": [["/root/x", "/tmp/0"]], "command": ["bwrap", ...]}``.
"""

from __future__ import annotations

import ctypes
import json
import os
import stat
import sys

_CLONE_NEWNS = 0x00020000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000


def _checked(result: int, action: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise SystemExit(f"{action}: {os.strerror(number)}")


def stage(places: list[list[str]]) -> None:
    """Mounts each source at its target below /tmp, seen by this process and what it becomes."""
    libc = ctypes.CDLL(None, use_errno=True)
    mount = libc.mount
    mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
    _checked(libc.unshare(_CLONE_NEWNS), "a mount namespace")
    _checked(mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None), "a private mount namespace")
    opened = [(os.open(source, os.O_PATH), source, target) for source, target in places]
    _checked(mount(b"tmpfs", b"/tmp", b"tmpfs", 0, b"mode=0755,size=64k"), "a tmpfs on /tmp")
    for descriptor, source, target in opened:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            os.mkdir(target, 0o755)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
        bound = mount(f"/proc/self/fd/{descriptor}".encode(), target.encode(), None, _MS_BIND, None)
        _checked(bound, f"mounting {source}")


def main() -> None:
    """Stages, changes every user and group id, and executes the command."""
    order = json.loads(sys.argv[1])
    if order["staged"]:
        stage(order["staged"])
    uid = order["uid"]
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.chdir("/")
    os.execv(order["command"][0], order["command"])


if __name__ == "__main__":
    main()
