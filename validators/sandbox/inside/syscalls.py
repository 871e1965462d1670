"""The system calls that a program needs, by number, for the seccomp filter.

Numbers are those of the kernel's tables for x86-64 and AArch64 (asm/unistd_64.h, asm-generic/unistd.h);
a dash marks a call that the architecture does not have. Everything that is not here is refused.
"""

from __future__ import annotations

_ALWAYS = """
read:0:63 write:1:64 close:3:57 fstat:5:80 lseek:8:62 mmap:9:222 mprotect:10:226 munmap:11:215
brk:12:214 rt_sigaction:13:134 rt_sigprocmask:14:135 rt_sigreturn:15:139 pread64:17:67 pwrite64:18:68
readv:19:65 writev:20:66 access:21:- pipe:22:- select:23:- sched_yield:24:124 mremap:25:216 msync:26:227
mincore:27:232 madvise:28:233 dup:32:23 dup2:33:- pause:34:- nanosleep:35:101 getitimer:36:102
alarm:37:- setitimer:38:103 getpid:39:172 sendfile:40:71 sendto:44:206 recvfrom:45:207 shutdown:48:210
getsockname:51:204 getpeername:52:205 getsockopt:55:209 setsockopt:54:208 exit:60:93 wait4:61:260
uname:63:160 flock:73:32 fsync:74:82 fdatasync:75:83 truncate:76:45 ftruncate:77:46
getdents:78:- getdents64:217:61 getcwd:79:17 chdir:80:49 fchdir:81:50 rename:82:- mkdir:83:- rmdir:84:-
creat:85:- link:86:- unlink:87:- symlink:88:- readlink:89:- chmod:90:- fchmod:91:52 umask:95:166
gettimeofday:96:169 getrlimit:97:163 getrusage:98:165 sysinfo:99:179 times:100:153 getuid:102:174
getgid:104:176 getresuid:118:148 getresgid:120:150 geteuid:107:175 getegid:108:177 getppid:110:173
getpgrp:111:- getpgid:121:155 getsid:124:156 getgroups:115:158 sigaltstack:131:132 rt_sigpending:127:136
rt_sigtimedwait:128:137 rt_sigsuspend:130:133 utime:132:- statfs:137:43 fstatfs:138:44
getpriority:140:141 sched_getparam:143:121 sched_getscheduler:145:120 sched_get_priority_max:146:125
sched_get_priority_min:147:126 gettid:186:178 getxattr:191:8 lgetxattr:192:9 fgetxattr:193:10
listxattr:194:11 llistxattr:195:12 flistxattr:196:13 time:201:- futex:202:98 sched_getaffinity:204:123
epoll_create:213:- set_tid_address:218:96 restart_syscall:219:128 fadvise64:221:223
clock_gettime:228:113 clock_getres:229:114 clock_nanosleep:230:115 exit_group:231:94 epoll_wait:232:-
epoll_ctl:233:21 utimes:235:- waitid:247:95 openat:257:56 mkdirat:258:34 newfstatat:262:79
unlinkat:263:35 renameat:264:38 linkat:265:37 symlinkat:266:36 readlinkat:267:78 fchmodat:268:53
faccessat:269:48 pselect6:270:72 ppoll:271:73 set_robust_list:273:99 get_robust_list:274:100
utimensat:280:88 epoll_pwait:281:22 eventfd:284:- fallocate:285:47 eventfd2:290:19 epoll_create1:291:20
dup3:292:24 pipe2:293:59 preadv:295:69 pwritev:296:70 getcpu:309:168 renameat2:316:276 getrandom:318:278
membarrier:324:283 copy_file_range:326:285 statx:332:291 rseq:334:293 close_range:436:436
faccessat2:439:439 open:2:- stat:4:- lstat:6:- poll:7:- epoll_pwait2:441:441
"""
"""Allowed with any arguments: files below the private root, memory, time, waiting, threads' own business."""

_NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "ioctl": (16, 29),
    "fcntl": (72, 25),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "clone": (56, 220),
    "clone3": (435, 435),
    "prlimit64": (302, 261),
    "socketpair": (53, 199),
    "prctl": (157, 167),
    "mmap": (9, 222),
    "execve": (59, 221),
    "arch_prctl": (158, None),
    "capget": (125, 90),
    "pidfd_open": (434, 434),
    "splice": (275, 76),
    "memfd_create": (319, 279),
    "setsid": (112, 157),
}
"""Allowed with some arguments, to some processes, or refused with an errno of their own: see `seccomp`."""

NARROWED = ("kill", "tgkill", "clone", "prlimit64", "prctl")
"""What a parent may do with any arguments, and its children with some."""

PARENTS = ("execve", "arch_prctl", "capget", "pidfd_open", "splice", "memfd_create", "setsid")
"""What a parent may do, and its children only where their language's runtime needs it."""

ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Machine -> (column of the tables, AUDIT_ARCH as the kernel reports it)."""


def always(machine: str) -> list[int]:
    """Numbers of the calls allowed with any arguments, on one architecture."""
    column = ARCHITECTURES[machine][0]
    numbers = (entry.split(":")[1 + column] for entry in _ALWAYS.split())
    return sorted(int(number) for number in numbers if number != "-")


def numbers(machine: str, name: str) -> list[int]:
    """Number of another call, where the architecture has it."""
    number = _NUMBERS[name][ARCHITECTURES[machine][0]]
    return [] if number is None else [number]
