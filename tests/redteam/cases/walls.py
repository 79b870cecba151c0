"""Getting out of the sandbox, and wearing out what is in it.

Where the code gets through, the schedules raise. A cell that is ended for what it takes is left out
and named; it costs nothing, as nothing that is judged needs it.
"""

from tests.redteam.planted import planted
from tests.redteam.table import CODE

OUT = {
    "a connection to the internet": """
        for address in (("1.1.1.1", 53), ("8.8.8.8", 443), ("pypi.org", 443)):
            if works(socket.create_connection, address, 0.3):
                return address
    """,
    "a connection to a service of this machine": """
        for port in (22, 80, 443, 2375, 3306, 5432, 6379, 8080, 8786, 8888):
            if works(socket.create_connection, ("127.0.0.1", port), 0.2):
                return port
    """,
    "sockets of other kinds: raw, packets, to a virtual machine's host": """
        for family in range(1, 46):
            if family not in (1, 2, 10, 16) and works(socket.socket, family, socket.SOCK_STREAM):
                return family
            if works(socket.socket, family, socket.SOCK_RAW, 255) and family in (2, 10, 17):
                return family
    """,
    "the machine's own abstract sockets": """
        for name in ("/tmp/dbus-test", "/run/dbus/system_bus_socket", "ddpm-grader", "wall"):
            trial = socket.socket(socket.AF_UNIX)
            if works(trial.connect, "\\0" + name):
                return name
    """,
    "passwords, keys and homes of this machine": """
        for path in ("/etc/shadow", "/etc/passwd", "/root/.ssh", "/etc/ssh", "/var/run/docker.sock",
                     "/run/secrets", "/home/student/../../root/.ssh", "/var/lib", "/mnt", "/srv"):
            if there(path):
                return path
    """,
    "submissions and temporary folders of others": """
        base = os.path.dirname(os.path.dirname(shared("ipc")))
        found = [p for p in glob.glob(base + "/*/*") if "ipc" not in p and "given" not in p]
        return found + glob.glob("/tmp/ddpm-*/submission-*") + glob.glob("/var/tmp/*")
    """,
    "the grader's sources, tests and solutions": """
        import importlib.util
        for name in ("grader.cli", "grader.sandbox", "reference.ddpm", "tests.redteam"):
            try:
                if importlib.util.find_spec(name) is not None:
                    return name
            except ModuleNotFoundError:
                pass
    """,
    "signals to processes of this machine": """
        own = set()  # its threads, by their numbers in its own namespace
        for thread in os.listdir("/proc/self/task"):
            lines = open(f"/proc/self/task/{thread}/status").read().splitlines()
            own |= {int(line.split()[-1]) for line in lines if line.startswith("NSpid")}
        return [pid for pid in range(2, 4000) if pid not in own and works(os.kill, pid, 0)]
    """,
    "everything is killed that a number reaches": "works(os.kill, -1, 9); works(os.kill, 1, 9)",
    "another process is traced and its memory read": """
        return [n for n in (1, 2) if n != os.getpid() and LIBC.ptrace(16, n, 0, 0) == 0] or opens(
            "/proc/1/mem") or opens("/proc/1/environ")
    """,
    "memory of others by process_vm_readv, pidfd_getfd and kcmp": """
        pidfd = LIBC.syscall(434, 1, 0)
        return called(310, 1, 0, 0, 0, 0, 0) or (pidfd >= 0 and called(438, pidfd, 0, 0))
    """,
    "mounts: a new file system, a bind, and taking one away": """
        calls = ((b"tmpfs", b"/tmp", b"tmpfs", 0), (b"/", b"/tmp", None, 4096),
                 (b"proc", b"/tmp", b"proc", 0), (None, b"/", None, 32 | 4096))
        return [c for c in calls if LIBC.mount(*c, None) == 0] or LIBC.umount2(b"/proc", 2) == 0
    """,
    "the newer calls for mounts": """
        return called(430, b"tmpfs", 0) or called(428, -100, b"/", 1) or called(442, -100, b"/", 0, 0, 0)
    """,
    "namespaces of its own": """
        kinds = (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000)
        return [kind for kind in kinds if LIBC.unshare(kind) == 0]
    """,
    "a process in namespaces of its own, by clone": """
        pid = LIBC.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        return pid > 0
    """,
    "another root: chroot and pivot_root": """
        return LIBC.chroot(b"/tmp") == 0 or called(155, b"/tmp", b"/tmp")
    """,
    "device files: made, and the machine's disks and memory": """
        made = works(os.mknod, "disk", 0o60600, os.makedev(254, 0))
        names = ("mem", "kmem", "port", "kmsg", "vda", "sda", "nvme0n1", "kvm", "fuse", "loop-control",
                 "net/tun", "vhost-vsock", "userfaultfd", "uinput")
        return (made and opens("disk")) or [n for n in names if opens(f"/dev/{n}")]
    """,
    "settings of the system in /proc": """
        names = ("sys/kernel/core_pattern", "sysrq-trigger", "sys/vm/overcommit_memory", "pressure/cpu",
                 "sys/kernel/modprobe", "irq/0/smp_affinity", "sys/user/max_user_namespaces")
        return [n for n in names if opens(f"/proc/{n}", os.O_WRONLY)]
    """,
    "facts about other processes and the kernel in /proc": """
        names = ("1", "kallsyms", "kcore", "keys", "timer_list", "sched_debug", "modules", "iomem")
        return [n for n in names if there(f"/proc/{n}")]
    """,
    "control groups": """
        return [p for p in ("/sys/fs/cgroup", "/sys/kernel", "/sys/class") if there(p)]
    """,
    "keys in the kernel's keyring": """
        return called(248, b"user", b"x", b"secret", 6, -3) or called(250, 0, -3, 1)
    """,
    "calls by which kernels were broken: bpf, perf, userfaultfd, io_uring": """
        return [n for n in (321, 298, 323, 425) if called(n, 0, 0, 0, 0, 0)]
    """,
    "kernel modules and another kernel": """
        return called(175, b"", 0, b"") or called(313, 0, b"", 0) or called(246, 0, 0, 0, 0)
    """,
    "the terminal of who grades is typed into": """
        return [n for n in range(60) if LIBC.ioctl(n, 0x5412, b"x") == 0] or opens("/dev/tty", os.O_WRONLY)
    """,
    "file handles that lead past every folder": """
        handle = ctypes.create_string_buffer(struct.pack("II", 8, 1) + bytes(8))
        return called(304, -100, handle, 0)
    """,
    "other users: setuid and programs that change it": """
        programs = [p for p in ("su", "sudo", "passwd", "newuidmap", "mount", "fusermount")
                    if there(f"/usr/bin/{p}")]
        return programs or works(os.setuid, 0) or works(os.setgroups, [0])
    """,
    "privileges of its own are raised": """
        header, wanted = struct.pack("Ii", 0x20080522, 0), b"\\xff" * 24
        return LIBC.capset(header, wanted) == 0 or works(os.nice, -20) or works(
            resource.setrlimit, resource.RLIMIT_NOFILE, (10**6, 10**6)) or works(
            os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1))
    """,
    "the clock, the name and the power of the machine": """
        return called(170, b"owned", 5) or works(time.clock_settime, 0, 0) or called(
            169, 0xFEE1DEAD, 672274793, 0, 0)
    """,
    "links out of the folder of the sockets": """
        return works(os.symlink, "/etc", shared("ipc") + "/link") or works(
            os.unlink, shared("ipc") + "/kernel.json") or works(os.chmod, shared("ipc"), 0)
    """,
    "what the grader hands over is changed": """
        folder = shared("given")
        return [n for n in os.listdir(folder) if opens(f"{folder}/{n}", os.O_RDWR)] or works(
            os.mkdir, folder + "/new")
    """,
    "descriptors that lead out": """
        kinds = {n: os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
                 if os.path.lexists(f"/proc/self/fd/{n}")}
        return [t for t in kinds.values() if t.startswith("/") and not t.startswith(("/dev/", "/proc/"))]
    """,
    "paths above the root": """
        folder = os.open("/", os.O_RDONLY)
        for _ in range(50):
            folder = os.open("..", os.O_RDONLY, dir_fd=folder)
        return sorted(os.listdir(folder)) != sorted(os.listdir("/"))
    """,
    "the installed packages are changed for all": """
        import torch
        return opens(torch.__file__, os.O_RDWR) or opens(np.__file__, os.O_RDWR)
    """,
}
SPENT = {
    "a thousand children": """
        for _ in range(1000):
            if os.fork() == 0:
                time.sleep(300)
    """,
    "a fork bomb": """
        while True:
            os.fork()
    """,
    "a hundred sessions": """
        for _ in range(100):
            if os.fork() == 0:
                os.setsid()
                time.sleep(300)
        time.sleep(60)
    """,
    "memory without end": """
        kept = []
        while True:
            kept.append(bytearray(b"x") * 2**25)
    """,
    "memory of a process whose first thread has ended": """
        def grow():
            kept = []
            while True:
                kept.append(bytearray(b"x") * 2**24)
        if os.fork() == 0:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            threading.Thread(target=grow).start()
            LIBC.pthread_exit(None)
        children = [os.fork() for _ in range(3)]
        kept = bytearray(b"x") * (700 * 2**20)
        time.sleep(60)
    """,
    "memory of many forks": """
        for _ in range(8):
            if os.fork() == 0:
                kept = bytearray(b"x") * (400 * 2**20)
                time.sleep(300)
        time.sleep(60)
    """,
    "page tables": """
        LIBC.mmap.restype = ctypes.c_void_p
        size = 2**41
        start = LIBC.mmap(None, ctypes.c_size_t(size), 1, 0x4022, -1, ctypes.c_size_t(0))
        for place in range(start, start + size, 2**21):
            ctypes.string_at(place, 1)
    """,
    "the socket's buffers": """
        for _ in range(20):
            if os.fork() == 0:
                kept = []
                while works(lambda: kept.extend(socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))):
                    kept[-1].setblocking(False)
                    while works(kept[-1].send, bytes(60_000)):
                        pass
                time.sleep(300)
        time.sleep(60)
    """,
    "it closes all descriptors": "os.closerange(3, 1024)",
    "it kills its own process group": "os.killpg(0, signal.SIGKILL)",
    "it crashes": "ctypes.string_at(0)",
    "it leaves in the middle of a cell": "os._exit(0)",
}
BORNE = {
    "ten thousand open files": """
        kept = []
        while works(lambda: kept.append(os.open("/dev/null", os.O_RDONLY))):
            pass
        return len(kept) > 2000
    """,
    "a hundred thousand empty files": """
        os.mkdir("/tmp/many")
        count = 0
        while count < 100_000 and works(os.mknod, f"/tmp/many/{count}"):
            count += 1
        return count == 100_000
    """,
    "files that fill its folder": """
        with open("large", "wb") as file:
            while works(file.write, bytes(2**24)) and works(file.flush):
                if file.tell() > 2**31:
                    return "no limit"
            works(file.truncate, 0)
    """,
    "space without a name or a file in the folder of the sockets": """
        return works(os.open, shared("ipc"), os.O_TMPFILE | os.O_RDWR) or works(
            open, shared("ipc") + "/x", "w")
    """,
    "folders that are nested a thousand deep": """
        home = os.getcwd()
        for _ in range(3000):
            if not works(os.mkdir, "d"):
                break
            os.chdir("d")
        os.chdir(home)
        os.chmod("d", 0)
        return works(os.mkdir, shared("ipc") + "/deep")
    """,
    "names that no terminal should see": """
        for name in (b"\\xb0\\xa1", b"\\x1b[2J", b"a\\nb", "\\u202e".encode(), b"-rf", b"x" * 255):
            open(b"/tmp/" + name, "w").close()
    """,
    "descriptors on their way": """
        kept = []
        for _ in range(2000):
            if not works(lambda: kept.extend(socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))):
                break
            rights = array.array("i", [kept[0].fileno()] * 250)
            kept[-1].setblocking(False)
            if not works(kept[-1].sendmsg, [b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]):
                break
    """,
    "output without end": """
        for _ in range(50):
            print("x" * 2**20)
    """,
    "messages without end": """
        from IPython.display import display
        for _ in range(2000):
            display({"text/plain": "x" * 1000}, raw=True)
    """,
    "it ignores every signal, and its end hangs": """
        import atexit
        for number in range(1, 32):
            works(signal.signal, number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        atexit.register(time.sleep, 600)
    """,
    "children that nobody waits for": """
        for _ in range(100):
            if os.fork() == 0:
                os._exit(0)
    """,
    "a child that outlives everything": """
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in range(1, 32):
                    works(signal.signal, number, signal.SIG_IGN)
                time.sleep(900)
            os._exit(0)
    """,
    "pipes that are full": """
        kept = []
        while len(kept) < 400 and works(lambda: kept.extend(os.pipe())):
            os.set_blocking(kept[-1], False)
            while works(os.write, kept[-1], bytes(65536)):
                pass
        for number in kept:
            os.close(number)
    """,
    "memory that no process holds": """
        return called(319, b"x", 0) or called(29, 1, 4096, 0o1600) or called(447, 0)
    """,
}

for _title, _source in OUT.items():
    planted(_title, "getting out", _source)
for _title, _source in SPENT.items():
    planted(_title, "wearing out", _source, flag="cell_failed")
for _title, _source in BORNE.items():
    planted(_title, "wearing out", _source)
planted(
    "it stops itself", "wearing out", "os.kill(os.getpid(), signal.SIGSTOP)", flag="cell_failed"
)
planted(
    "all files open, and those that questions need",
    "wearing out",
    """
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        kept = []
        while works(lambda: kept.append(os.open("/dev/null", os.O_RDONLY))):
            pass
    """,
    flag="tampering",
    **dict.fromkeys(CODE, "needs_review"),
)
