"""The command that starts a sandbox: bubblewrap with a root that holds an interpreter and nothing else.

Inside: ``/python`` (the interpreter and its standard library), the system's shared libraries, ``/sandbox``
(our own `inside`), what the language needs besides (``/packages``), three devices, and a small tmpfs at ``/tmp``.
No ``/proc``, no ``/etc``, no network.
"""

from __future__ import annotations

import compileall
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from factory.errors import SandboxError
from validators.sandbox.runtimes import PACKAGES, Bind, Runtime

SCRATCH_BYTES = 64 << 20
_HERE = Path(__file__).parent
_OLDEST = (0, 7)
_OR = "; without walls, programs run only where the catalogue says 'sandbox: unsafe'"
_MEND = f"install it with: apt-get install bubblewrap{_OR}"
_START = (
    "import sys, json; sys.path.insert(0, json.loads(sys.argv[1])['home']);"
    " from inside.warden import main; main()"
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
_FIRST_UID = 2_000_000_000


def command(runtime: Runtime) -> list[str]:
    """The arguments that start a warden. Raises SandboxError saying what is missing and how to mend it."""
    program = _bubblewrap()
    binds = [*_binds(), *runtime.binds()]
    start = _start(runtime, "/sandbox", PACKAGES, "/tmp", isolated=True)
    if os.geteuid() != 0:
        return [program, *_arguments(binds), *start]
    hidden = {bind: f"/tmp/{number}" for number, bind in enumerate(binds) if not _reachable(bind.source)}
    seen = [Bind(Path(hidden[bind]), bind.target) if bind in hidden else bind for bind in binds]
    order = {
        "uid": _FIRST_UID + os.getpid(),
        "staged": [[str(bind.source), place] for bind, place in hidden.items()],
        "command": [program, *_arguments(seen), *start],
    }
    return [sys.executable, "-I", "-S", str(_HERE / "launch.py"), json.dumps(order)]


def bare_command(runtime: Runtime, scratch: str) -> list[str]:
    """The same without walls: limits and the filter hold, files and environment of the machine lie open."""
    packages = [str(bind.source.parent) for bind in runtime.binds()]
    start = _start(runtime, str(_HERE), packages[0] if packages else scratch, scratch, isolated=False)
    return [_interpreter(), *start[1:]]


def _start(runtime: Runtime, home: str, packages: str, scratch: str, *, isolated: bool) -> list[str]:
    _compile()
    order = {
        "language": runtime.language,
        "home": home,
        "packages": packages,
        "scratch": scratch,
        "isolated": isolated,
        "processes": _processes()
        if isolated
        else 0,  # without a user namespace, all that the user runs counts
    }
    python = f"/python/bin/{Path(_interpreter()).name}"
    return [python, "-I", "-S", "-B", "-X", "utf8", "-c", _START, json.dumps(order)]


def mend() -> str:
    """What to do where bubblewrap is there and the kernel or a container refuses it."""
    return (
        "user namespaces must be allowed: 'sysctl kernel.apparmor_restrict_unprivileged_userns=0' on Ubuntu,"
        " 'sysctl kernel.unprivileged_userns_clone=1' on older Debian, and in a container"
        f" '--security-opt seccomp=unconfined --security-opt apparmor=unconfined'{_OR}"
    )


def _processes() -> int:
    """How many processes and threads the sandbox's user may have, 0 where that cannot be bounded.

    Before Linux 5.14 all processes of a user count, also those outside: then only a uid of our own can be
    limited. (A job cannot start processes anyhow; this bounds its threads.)
    """
    release = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
    return 80 if release >= (5, 14) or os.geteuid() == 0 else 0


@functools.cache
def _compile() -> None:
    """Compiles what runs inside, where its folder can be written to: a sandbox cannot keep what it compiled."""
    compileall.compile_dir(_HERE / "inside", quiet=2)


@functools.cache
def _bubblewrap() -> str:
    if sys.platform != "linux":
        raise SandboxError(
            f"untrusted code is run with Linux namespaces, which {sys.platform} does not have{_OR}"
        )
    program = shutil.which("bwrap", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/local/bin")
    if program is None:
        raise SandboxError(f"bubblewrap (bwrap), which isolates untrusted code, is not installed; {_MEND}")
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", answer)[:2])
    if version < _OLDEST:
        raise SandboxError(f"{program} is '{answer.strip()}', too old: 0.7 is needed; {_MEND}")
    return program


def _arguments(binds: list[Bind]) -> list[str]:
    mounts = [word for bind in binds for word in ("--ro-bind", str(bind.source), bind.target)]
    devices = [word for device in _DEVICES for word in ("--dev-bind", device, device)]
    packages = f"{_stdlib()[1]}/site-packages"
    return [
        *("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"),
        *("--unshare-cgroup-try", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox"),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *mounts,
        *(("--size", "4096", "--tmpfs", packages, "--remount-ro", packages) if _has_packages() else ()),
        *devices,
        *("--size", str(SCRATCH_BYTES), "--perms", "0700", "--tmpfs", "/tmp", "--chdir", "/tmp"),
        *("--setenv", "LD_LIBRARY_PATH", "/python/lib", "--setenv", "MALLOC_ARENA_MAX", "1"),
        *("--setenv", "LD_BIND_NOW", "1"),  # what a parent has not looked up, each of its children would
        *("--remount-ro", "/"),
        "--",
    ]


def _interpreter() -> str:
    """The interpreter behind a virtual environment, if this is one."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def _stdlib() -> tuple[Path, str]:
    """Where the standard library lies, and where it is seen inside."""
    folder = Path(os.path.realpath(sysconfig.get_path("stdlib")))
    return folder, f"/python/{sys.platlibdir}/python{sys.version_info[0]}.{sys.version_info[1]}"


def _has_packages() -> bool:
    return (_stdlib()[0] / "site-packages").is_dir()


def _binds() -> list[Bind]:
    interpreter = Path(_interpreter())
    library, library_inside = _stdlib()
    found = [
        Bind(_HERE / "inside", "/sandbox/inside"),
        Bind(library, library_inside),
        Bind(interpreter, f"/python/bin/{interpreter.name}"),
    ]
    own = Path(str(sysconfig.get_config_var("LIBDIR")))
    found += [Bind(path, f"/python/lib/{path.name}") for path in sorted(own.glob("libpython3*.so*"))]
    extension = Path(str(sysconfig.get_config_var("DESTSHARED") or library))
    if not extension.is_relative_to(library) and extension.is_dir():
        found.append(Bind(extension, f"{library_inside}/lib-dynload"))
    return [*found, *_system_libraries()]


def _system_libraries() -> list[Bind]:
    """Folders of shared libraries as the loader searches them, the loader itself, and the time zones."""
    architecture = sysconfig.get_config_var("MULTIARCH") or ""
    candidates = ["/lib64", "/usr/lib64"]
    with_multiarch = [f"/lib/{architecture}", f"/usr/lib/{architecture}"] if architecture else []
    candidates += [path for path in with_multiarch if Path(path).is_dir()] or ["/lib", "/usr/lib"]
    loaders = [str(path) for path in sorted(Path("/lib").glob("ld-*.so*")) if "/lib" not in candidates]
    wanted = [*candidates, *loaders, "/usr/share/zoneinfo"]
    return [Bind(Path(os.path.realpath(path)), path) for path in wanted if Path(path).exists()]


def _reachable(path: Path) -> bool:
    """Whether any user can walk to a path and read it, also once /tmp is covered by what is staged there."""
    if path.is_relative_to("/tmp"):
        return False
    above = all(parent.stat().st_mode & 0o001 for parent in path.parents)
    return above and bool(path.stat().st_mode & 0o004)
