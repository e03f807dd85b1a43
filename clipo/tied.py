"""`python -m clipo.tied PROGRAM ARGUMENT…` runs a program that ends when its parent does.

So that no child is left behind when `clipo up` is killed without a chance to stop it.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html"""

if __name__ == "__main__":
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 (a program that `clipo up` chose)
