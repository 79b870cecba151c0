"""Attacks on the others of a class: those who hand in before, beside and after."""

from tests.redteam.planted import planted

LEAVE_AND_LOOK = """
    places = ("/tmp/left", "/dev/shm/left", "/home/student/left", "left", "data/left")
    found = [place for place in places if os.path.exists(place)]
    for place in places:
        works(lambda: open(place, "w").close())
    return found
"""
LISTEN = """
    for address in (("", 45454), "\\0walls"):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        target = address if isinstance(address, str) else ("127.0.0.1", 45454)
        with socket.socket(family) as trial:
            if works(trial.connect, target):
                return address
        listening = socket.socket(family)
        listening.bind(address)
        listening.listen()
        globals().setdefault("kept", []).append(listening)
"""
BURN = """
    for _ in range(250):
        if os.fork() == 0:
            works(os.setsid)
            while True:
                pass
    time.sleep(2)
"""
BURN_BY_THREADS = """
    def burn():
        while True:
            sum(range(10**5))
    threading.stack_size(2**16)
    for _ in range(60):
        threading.Thread(target=burn, daemon=True).start()
"""
SEMAPHORES = "return called(64, 1, 1, 0o1600) or called(68, 1, 0o1600)"
LOCKS = """
    import fcntl
    for name in os.listdir(shared("given")):
        with open(f"{shared('given')}/{name}", "rb") as file:
            works(fcntl.flock, file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return opens("data/MNIST/raw/train-images-idx3-ubyte", os.O_RDWR)
"""
POISON = """
    import torch
    torch.manual_seed(99)
    builtins = __import__("builtins")
    os.environ.clear()
    random = __import__("random")
    random.random = lambda: 4
    for name in ("spam", "left"):
        sys.modules[name] = sys
    sys.path.insert(0, "/tmp")
"""

OWN_TIME = dict.fromkeys(  # what burns it may use it up
    ("beta_schedule", "schedule_parameters", "loss", "sampling"), "passed|timeout|needs_review"
)
for _title, _source in {
    "it leaves files for the next one, and looks for those of others": LEAVE_AND_LOOK,
    "it leaves files for the next one, and looks for those of others, again": LEAVE_AND_LOOK,
    "it listens where others would connect": LISTEN,
    "it connects where others listen": LISTEN,
    "semaphores and queues that all would share": SEMAPHORES,
    "locks on what all share, and the digits changed": LOCKS,
    "the parent of all kernels is poisoned": POISON,
}.items():
    planted(_title, "other students", _source)
planted("sixty threads that burn", "other students", BURN_BY_THREADS, **OWN_TIME)
for _count in ("first", "second", "third"):
    planted(
        f"two hundred and fifty children that burn, the {_count}",
        "other students",
        BURN,
        flag="cell_failed",
    )
