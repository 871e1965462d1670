"""Pairs: what a job leaves behind, and the call that would find it in the next job (True where it does)."""

LEAVING = {
    "a file": ("open('trace', 'w').write('x')", "__import__('os').path.exists('trace')"),
    "a hidden file": ("open('/tmp/.trace', 'w').write('x')", "len(__import__('os').listdir('/tmp')) > 0"),
    "a file in a closed folder": (
        "import os\nos.makedirs('d/e')\nopen('d/e/f', 'w').close()\nos.chmod('d', 0)",
        "len(__import__('os').listdir('/tmp')) > 0",
    ),
    "a link": ("import os\nos.symlink('/usr', 'l')", "__import__('os').path.islink('l')"),
    "a pipe with a name": ("import os\nos.mkfifo('p')", "__import__('os').path.exists('p')"),
    "the mode of its folder": (
        "import os\nos.chmod('/tmp', 0o777)",
        "__import__('os').stat('/tmp').st_mode & 0o777 != 0o700",
    ),
    "the time of its folder": (
        "import os\nos.utime('/tmp', (7, 7))",
        "__import__('os').stat('/tmp').st_mtime == 7",
    ),
    "its folder": ("import os\nos.mkdir('d')\nos.chdir('d')", "__import__('os').getcwd() != '/tmp'"),
    "a full disk": (
        "try:\n    for n in range(99): open(f'f{n}', 'wb').write(bytes(1 << 20))\nexcept OSError: pass",
        "__import__('shutil').disk_usage('/tmp').free < 60 << 20",
    ),
    "a builtin": ("import builtins\nbuiltins.trace = 1", "'trace' in dir(__import__('builtins'))"),
    "an attribute of a module": ("import math\nmath.trace = 1", "hasattr(__import__('math'), 'trace')"),
    "a module": ("import sys\nsys.modules['trace_'] = sys", "'trace_' in __import__('sys').modules"),
    "a path": ("import sys\nsys.path.append('/tmp/x')", "'/tmp/x' in __import__('sys').path"),
    "a variable": ("import os\nos.environ['T'] = '1'", "'T' in __import__('os').environ"),
    "a mask": ("import os\nos.umask(0o777)", "__import__('os').umask(0o22) == 0o777"),
    "a signal handler": (
        "import signal\nsignal.signal(15, signal.SIG_IGN)",
        "__import__('signal').getsignal(15) == __import__('signal').SIG_IGN",
    ),
    "a timer": ("import signal\nsignal.alarm(50)", "__import__('signal').alarm(0) > 0"),
    "a recursion limit": (
        "import sys\nsys.setrecursionlimit(7777)",
        "__import__('sys').getrecursionlimit() == 7777",
    ),
    "a seed": ("import random\nrandom.seed(7)", "__import__('random').random() == 0.32383276483316237"),
    "a process": (
        "import os, time\ntry:\n    if os.fork() == 0: time.sleep(60)\nexcept OSError: pass",
        "__import__('os').getpid() - __import__('os').getppid() < 0",
    ),
    "a thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()",
        "__import__('threading').active_count() > 1",
    ),
    "shared memory": (
        "import ctypes\nctypes.CDLL(None).shmget(4242, 4096, 0o1666)",
        "__import__('ctypes').CDLL(None).shmget(4242, 4096, 0) >= 0",
    ),
    "a message queue": (
        "import ctypes\nctypes.CDLL(None).msgget(4242, 0o1666)",
        "__import__('ctypes').CDLL(None).msgget(4242, 0) >= 0",
    ),
    "a semaphore": (
        "import ctypes\nctypes.CDLL(None).semget(4242, 1, 0o1666)",
        "__import__('ctypes').CDLL(None).semget(4242, 1, 0) >= 0",
    ),
    "a queue with a name": (
        "import ctypes\nctypes.CDLL(None).syscall(240, b'q', 0o102, 0o600, None)",
        "__import__('ctypes').CDLL(None).syscall(240, b'q', 0, 0, None) >= 0",
    ),
    "a name of its process": (
        "import ctypes\nctypes.CDLL(None).prctl(15, b'traced', 0, 0, 0)",
        "(lambda c, b: c.prctl(16, b, 0, 0, 0) == 0 and b.value == b'traced')"
        "(__import__('ctypes').CDLL(None), __import__('ctypes').create_string_buffer(16))",
    ),
    "a lock on what all share": (
        "import fcntl, os\nfcntl.flock(open(os.__file__), fcntl.LOCK_EX)\nkept = open('/dev/null')\nfcntl.flock(kept, fcntl.LOCK_EX)",
        "__import__('fcntl').flock(open('/dev/null'), 6) is not None",
    ),
    "an import hook": (
        "import sys\nclass H:\n    def find_spec(s, *a): return None\nsys.meta_path.insert(0, H())\nsys.path_hooks.insert(0, H)",
        "any('__main__' in str(h) or 'H' == type(h).__name__ for h in __import__('sys').meta_path)",
    ),
    "a codec": (
        "import codecs\ncodecs.register(lambda name: codecs.lookup('ascii') if name == 'trace' else None)",
        "bool(__import__('codecs').lookup('trace'))",
    ),
    "a site of its own": (
        "open('sitecustomize.py', 'w').write('trace = 1')\nopen('usercustomize.py', 'w').write('trace = 1')",
        "bool(__import__('usercustomize') or __import__('sitecustomize'))",
    ),
    "flags of its input": (
        "import fcntl\nfcntl.fcntl(0, fcntl.F_SETFL, 0o6000)",
        "__import__('fcntl').fcntl(0, 3) & 0o6000 != 0",
    ),
    "flags of its output": (
        "import fcntl\nfor f in (1, 2): fcntl.fcntl(f, fcntl.F_SETFL, 0o6001)",
        "any(__import__('fcntl').fcntl(f, 3) & 0o6000 for f in (1, 2))",
    ),
    "a size of its output": (
        "import fcntl\nfcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 4096)",
        "__import__('fcntl').fcntl(1, 1032) == 4096",
    ),
    "a place in its input": ("import os\nos.lseek(0, 7919, 0)", "__import__('os').lseek(0, 0, 1) == 7919"),
    "its source": (
        "SECRET_OF_THE_FIRST_JOB = 'kept' * 3",
        "any('SECRET_OF_THE' + '_FIRST' in o for o in __import__('gc').get_objects() if isinstance(o, (str, dict)))",
    ),
}

SEARCH = """
import ctypes, os
libc = ctypes.CDLL(None)
libc.sbrk.restype = ctypes.c_void_p
libc.write.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)

def lies_in_memory(start, end):
    start, end = start.encode(), end.encode()
    heap, mapped = libc.sbrk(0) >> 12, id(start) >> 12
    out, into = os.pipe()
    page = b""
    for number in (*range(heap - 4096, heap), *range(mapped - 8192, mapped + 8192)):
        before = page[-100:]
        page = os.read(out, 4096) if libc.write(into, number << 12, 4096) == 4096 else b""
        around = before + page
        at = around.find(start)
        while at >= 0:
            at += len(start)
            if around[at : at + len(end)] == end:
                return True
            at = around.find(start, at)
    return False
"""
"""Reads all memory of the process, page by page: the text looked for must not stand in the program in one piece."""
SEARCHED = "lies_in_memory('# marigolds', ' by the gate')"
