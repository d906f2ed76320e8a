"""As `check_then_act.py`, on a future that takes no lock: only the GIL lets others in between look and act."""

import threading


class Future:
    def __init__(self):
        self.value = None

    def done(self):
        return self.value is not None

    def set(self, value):
        if self.done():
            raise RuntimeError("already done")
        self.value = value


def resolve(future, value):
    if not future.done():
        future.set(value)


future = Future()
thread = threading.Thread(target=resolve, args=(future, "thread"))
thread.start()
resolve(future, "main")
thread.join()
assert future.done()
