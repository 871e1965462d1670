"""The scratch space that one job after another has to itself: watched while a job runs, emptied after."""

from __future__ import annotations

import os
import stat

MAX_FILES = 20_000
_MOST_SWEPT = 1000


class Scratch:
    """A folder. Its size is bounded by the file system it lies on; how many files it holds, by `flooded`, where
    that file system is its `own`."""

    def __init__(self, folder: str, own: bool) -> None:
        self._folder = folder
        self._own = own
        self._free = self._inodes()
        os.chmod(folder, 0o700)
        os.utime(folder, (0, 0))
        self._fresh = self._state()

    def flooded(self) -> bool:
        """Whether a job has made more files than it may: each costs the kernel memory that no limit counts."""
        return self._free - self._inodes() > MAX_FILES

    def _inodes(self) -> int:
        return os.statvfs(self._folder).f_ffree if self._own else 0

    def _state(self) -> tuple[int, int, int]:
        found = os.stat(self._folder)
        return found.st_mode, found.st_atime_ns, found.st_mtime_ns

    def sweep(self) -> bool:
        """Empties the folder and gives it back its mode and times. False where it is better thrown away."""
        try:
            used = self._free - self._inodes()
            if self._free and not used and self._state() == self._fresh:
                return True  # no name is left, nor was the folder read or changed
            if used > _MOST_SWEPT:
                return False
            return self._emptied()
        except (OSError, RecursionError):
            return False

    def _emptied(self) -> bool:
        import shutil  # few jobs need it, and what a warden holds each job pays for

        for name in os.listdir(self._folder):
            path = f"{self._folder}/{name}"
            if stat.S_ISDIR(os.lstat(path).st_mode):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        empty = not os.listdir(self._folder)
        os.chmod(self._folder, 0o700)
        os.utime(self._folder, (0, 0))
        return empty
