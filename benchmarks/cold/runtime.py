"""Lambda's runtime, and what it has cost each time that it asks for an invocation.

It is run by the emulator, under Python 3.13, and imports next to nothing of its own: what is
measured is AWS's runtime and the function.
"""

import json
import os
import resource
import sys
from typing import Any

from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient

# Before processing makes itself unreadable to its children, and with it these files to us.
_IO = open("/proc/self/io")  # noqa: PTH123, SIM115 (pathlib is an import, and it stays open)
_STATUS = open("/proc/self/status")  # noqa: PTH123, SIM115
_COSTS = open(os.environ.pop("CLIPO_BENCH_COSTS"), "a", buffering=1)  # noqa: PTH123, SIM115


class _Client(LambdaRuntimeClient):  # type: ignore[misc]  # it publishes no types
    def wait_next_invocation(self) -> Any:
        _COSTS.write(json.dumps(_cost()) + "\n")
        return super().wait_next_invocation()


def _cost() -> dict[str, float]:
    """Return what this process and its ended children have used, and its own peak of memory."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "cpu_s": sum(one.ru_utime + one.ru_stime for one in used),
        "disk_bytes": _number(_IO, "read_bytes:"),
        "peak_bytes": _number(_STATUS, "VmHWM:") * 1024,
    }


def _number(file: Any, name: str) -> int:
    file.seek(0)
    return next(int(line.split()[1]) for line in file if line.startswith(name))


if __name__ == "__main__":
    # As the bootstrap of AWS's own images: the function's folder first.
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    bootstrap.run(os.environ["_HANDLER"], _Client(os.environ["AWS_LAMBDA_RUNTIME_API"]))
