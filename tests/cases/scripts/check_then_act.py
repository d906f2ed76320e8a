"""Looks whether a future is done, then sets its result, while somebody else cancels it."""

import concurrent.futures
import threading


def resolve(future):
    if not future.done():
        future.set_result(1)


future = concurrent.futures.Future()
thread = threading.Thread(target=resolve, args=(future,))
thread.start()
future.cancel()
thread.join()
