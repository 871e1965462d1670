"""Programs that reach for what is not theirs. Each sets `reached` to True where it got there.

`{port}` is a port that listens on the host, `{project}` a file of the project, `{socket}` a socket of the host,
`{abstract}` the name of one that has no file.
"""

_C = "import ctypes\nc = ctypes.CDLL(None, use_errno=True)\n"
_WALK = (
    "import os\nlibraries = ('/python', '/lib', '/usr')\n"
    "reached = any({wanted} for folder, _, files in os.walk('/') for name in files if not folder.startswith(libraries))"
)

REACHING = {
    # the network
    "the network by name": "import socket\nsocket.create_connection(('example.org', 80), 1)\nreached = True",
    "a service of the host": "import socket\nsocket.create_connection(('127.0.0.1', {port}), 1)\nreached = True",
    "a web page": "import urllib.request\nreached = bool(urllib.request.urlopen('http://127.0.0.1:{port}', timeout=1))",
    "a port of its own": "import socket\nsocket.create_server(('127.0.0.1', 0))\nreached = True",
    "a raw socket": "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_RAW, 1)\nreached = True",
    "the kernel's routing": "import socket\nsocket.socket(16, socket.SOCK_RAW, 0)\nreached = True",
    "a socket of the host": "import socket\ns = socket.socketpair()[0]\nreached = s.sendto(b'x', '{socket}') == 1",
    "a socket without a file": "import socket\ns = socket.socketpair(type=socket.SOCK_DGRAM)[0]\n"
    "reached = s.sendto(b'x', '\\0{abstract}') == 1",
    "a socket without a file of its own": "import socket\ns = socket.socketpair(type=socket.SOCK_DGRAM)[0]\n"
    "s.bind('\\0of its own')\nreached = True",
    "descriptors of others": "import array, socket\na, b = socket.socketpair()\n"
    "a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [1]))])\nreached = True",
    "a machine below": "import socket\nsocket.socket(40, socket.SOCK_STREAM)\nreached = True",
    "its own calls to the kernel": _C + "reached = c.syscall(41, 2, 1, 0) >= 0",
    # files, keys and the environment
    "the environment": "import os\nreached = 'SECRET_FOR_TEST' in os.environ",
    "the environment in memory": _C
    + "c.getenv.restype = ctypes.c_char_p\nreached = bool(c.getenv(b'SECRET_FOR_TEST'))",
    "the environment of its parent": "import os\nreached = b'SECRET' in open(f'/proc/{os.getppid()}/environ', 'rb').read()",
    "the password file": "reached = bool(open('/etc/shadow').read())",
    "the list of users": "reached = bool(open('/etc/passwd').read())",
    "keys of the user": "import os\nreached = bool(os.listdir(os.path.expanduser('~/.ssh')))",
    "the home of root": "import os\nreached = bool(os.listdir('/root'))",
    "a file of the project": "reached = bool(open('{project}').read())",
    "a file by its inode": _C
    + "import os\nh = os.open('/', os.O_RDONLY)\nreached = c.open_by_handle_at(h, bytes(32), 0) >= 0",
    "a database anywhere": _WALK.format(wanted="name.endswith(('.duckdb', '.db', '.sqlite'))"),
    "a key anywhere": _WALK.format(
        wanted="name.startswith('id_') or name.endswith(('.pem', '.key', '.env'))"
    ),
    "a catalogue anywhere": _WALK.format(wanted="name.endswith(('.yaml', '.yml'))"),
    "a way out of its root": "import os\nfd = os.open('/', 0)\nos.chroot('.')\nos.fchdir(fd)\nreached = True",
    "a folder above the root": "import os\nreached = 'home' in os.listdir('/' + '../' * 40)",
    "a symbolic link to the host": "import os\nos.symlink('/etc/hostname', 'x')\nreached = bool(open('x').read())",
    "an inherited descriptor": "import os\nreached = any(os.path.exists(f'/dev/fd/{n}') for n in range(4, 99))",
    "a descriptor by number": "import os\nfor n in range(4, 1024):\n    try: os.fstat(n)\n    except OSError: continue\n"
    "    reached = True",
    "the descriptors of its parent": _C
    + "import os\np = c.syscall(434, os.getppid(), 0)\nreached = c.syscall(438, p, 0, 0) >= 0",
    "the sandbox's own input": "import os\nreached = bool(os.read(0, 10))",
    # writing outside
    "writing outside": "open('/usr/written', 'w').write('x')\nreached = True",
    "writing into the root": "open('/written', 'w').write('x')\nreached = True",
    "writing to its interpreter": "import os\nopen(os.__file__, 'a').write('#')\nreached = True",
    "writing to the next job's code": "open('/sandbox/inside/judge.py', 'a').write('#')\nreached = True",
    "a module for the next job": "import os, sys\nfor p in sys.path:\n    try: open(p + '/json.py', 'w').write('')\n"
    "    except OSError: continue\n    reached = True",
    "a device of its own": "import os, stat\nos.mknod('d', 0o600 | stat.S_IFBLK, os.makedev(8, 0))\nreached = True",
    "device memory": "reached = bool(open('/dev/mem', 'rb').read(1))",
    "a terminal": "reached = bool(open('/dev/tty', 'w').write('x'))",
    "a shared memory file": "open('/dev/shm/x', 'w').write('x')\nreached = True",
    # other processes, other programs, other rights
    "other processes": "import os\nreached = any(name.isdigit() for name in os.listdir('/proc'))",
    "the memory of its parent": "import os\nreached = bool(open(f'/proc/{os.getppid()}/mem', 'rb').read(1))",
    "the memory of others": _C + "import os\nv = (ctypes.c_ulong * 2)(id(c), 8)\n"
    "reached = c.process_vm_readv(os.getppid(), v, 1, v, 1, 0) >= 0",
    "ptrace": _C + "reached = c.ptrace(0, 0, 0, 0) == 0",
    "ptrace of its parent": _C + "import os\nreached = c.ptrace(16, os.getppid(), 0, 0) == 0",
    "signals to its parent": "import os\nos.kill(os.getppid(), 9)\nreached = True",
    "signals to everybody": "import os\nos.kill(-1, 9)\nreached = True",
    "signals by a descriptor": "import os, signal\nsignal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)\nreached = True",
    "signals by an owner": "import fcntl, os\nr, w = os.pipe()\nfcntl.fcntl(r, fcntl.F_SETOWN, os.getppid())\n"
    "fcntl.fcntl(r, fcntl.F_SETSIG, 9)\nfcntl.fcntl(r, fcntl.F_SETFL, os.O_ASYNC)\nos.write(w, b'x')\nreached = True",
    "another program": "import subprocess\nreached = subprocess.run(['/bin/sh', '-c', 'exit 0']).returncode == 0",
    "a shell": "import os\nreached = os.system('true') == 0",
    "exec": "import os, sys\nos.execv(sys.executable, [sys.executable, '-c', ''])\nreached = True",
    "exec of a file in memory": "import os\nfd = os.memfd_create('x')\nos.write(fd, b'#!/python\\n')\nos.execve(fd, ['x'], {})",
    "a process of its own": "import multiprocessing\np = multiprocessing.Process(target=print)\np.start()\nreached = True",
    "a forked process": "import os\nreached = os.fork() >= 0",
    "a file in memory": "import os\nreached = os.memfd_create('x') >= 0",
    "a fork that is waited for": "import os\npid = os.forkpty()[0]\nreached = pid > 0 and os.waitpid(pid, 0)[0] == pid",
    "a child of somebody else": "import os\nreached = os.waitpid(-1, os.WNOHANG) != (0, 0)",
    "a debugger of its parent": "import os\nreached = os.pidfd_open(os.getppid()) >= 0",
    "the priority of its parent": "import os\nos.setpriority(os.PRIO_PROCESS, os.getppid(), 19)\nreached = True",
    "the cores of its parent": "import os\nos.sched_setaffinity(os.getppid(), {0})\nreached = True",
    "a borrowed fork": _C + "reached = c.vfork() >= 0",
    "a spawned process": "import os, sys\nreached = os.posix_spawn(sys.executable, ['p', '-c', ''], {}) > 0",
    "becoming root": "import os\nos.setuid(0)\nreached = os.getuid() == 0",
    "being root": "import os\nreached = os.geteuid() == 0",
    "a program that is root's": "import os\nopen('s', 'w').close()\nos.chown('s', 0, 0)\nos.chmod('s', 0o4755)\nreached = True",
    "a new user namespace": _C + "reached = c.unshare(0x10000000) == 0",
    "a namespace by clone": _C + "reached = c.syscall(56, 0x10000000 | 17, 0, 0, 0, 0) >= 0",
    "a namespace by clone3": _C
    + "a = (ctypes.c_ulonglong * 11)(0x10000000)\nreached = c.syscall(435, a, 88) >= 0",
    "another's namespace": _C + "reached = c.setns(0, 0) == 0",
    "mounting": _C + "reached = c.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0",
    "mounting the new way": _C + "reached = c.syscall(430, b'tmpfs', 0) >= 0",
    "unmounting": _C + "reached = c.umount2(b'/tmp', 2) == 0",
    "another root": _C + "reached = c.syscall(155, b'/tmp', b'/tmp') == 0",
    # the kernel
    "io_uring": _C + "reached = c.syscall(425, 8, ctypes.create_string_buffer(256)) >= 0",
    "a program in the kernel": _C + "reached = c.syscall(321, 5, bytes(128), 128) >= 0",
    "counters of the kernel": _C + "reached = c.syscall(298, bytes(128), 0, -1, -1, 0) >= 0",
    "faults in user space": _C + "reached = c.syscall(323, 0) >= 0",
    "the keyring": _C + "reached = c.syscall(248, b'user', b'k', b'v', 1, -3) >= 0",
    "the kernel's log": _C + "reached = c.klogctl(3, bytes(64), 64) > 0",
    "a module of the kernel": _C + "reached = c.syscall(175, b'', 0, b'') == 0",
    "the clock": "import time\ntime.clock_settime(time.CLOCK_REALTIME, 0)\nreached = True",
    "the name of the machine": "import socket\nsocket.sethostname('mine')\nreached = True",
    "turning the machine off": _C + "reached = c.reboot(0x01234567) == 0",
    "system calls of 32 bits": _C
    + "import mmap\nm = mmap.mmap(-1, 4096, prot=7)\nm.write(b'\\xb8\\x14\\0\\0\\0\\xcd\\x80\\xc3')\n"
    "reached = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))() > 0",
    "system calls by another table": _C + "reached = c.syscall(0x40000000 | 41, 2, 1, 0) >= 0",
    "doors of the kernel one by one": _C
    + "doors = (135, 154, 188, 222, 237, 250, 278, 294, 297, 300, 303, 311, 312, 317, 330, 428, 430, 438, 440, 442, 444, 447, 449, 457)\n"
    "reached = any(c.syscall(n, 0, 0, 0, 0, 0, 0) >= 0 or ctypes.get_errno() != 1 for n in doors)",
    # its limits
    "raising its limits": "import resource as r\nr.setrlimit(r.RLIMIT_AS, (r.RLIM_INFINITY,) * 2)\nreached = True",
    "the limits of its parent": "import os, resource as r\nr.prlimit(os.getppid(), r.RLIMIT_CPU, (1, 1))\nreached = True",
    "taking the filter off": _C + "reached = c.prctl(22, 0, 0, 0, 0) == 0",
    "more privileges": _C + "reached = c.prctl(38, 0, 0, 0, 0) == 0",
    "a higher priority": "import os\nos.nice(-5)\nreached = True",
    "real time": "import os\nos.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(9))\nreached = True",
    "more memory that stays": _C + "reached = c.mlockall(3) == 0",
}
