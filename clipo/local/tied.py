"""`python -m clipo.local.tied SIGNAL PARENT PROGRAM ARGUMENT…` ties a program to its parent.

PARENT is the process id of `clipo up`.

Linux sends the program the signal if `clipo up` is killed before it can stop the program. Linux may
send the signal several times: it also sends it when a thread of `clipo up` that owns the program
ends, and then makes another thread the owner.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html"""

if __name__ == "__main__":
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.Signals[sys.argv[1]])
        # Linux sends no signal if the parent has ended before the call.
        if os.getppid() != int(sys.argv[2]):
            sys.exit(1)
    os.execv(sys.argv[3], sys.argv[3:])  # noqa: S606 (a program that `clipo up` chose)
