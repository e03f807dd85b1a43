"""Docker on this machine, as far as `sam local` needs it."""

import subprocess
from ipaddress import ip_network

from tests.deploy.sam import ARCHITECTURE

_IMAGE = f"public.ecr.aws/lambda/python:3.13-{ARCHITECTURE}"


def missing() -> str | None:
    """Return what keeps `sam local` from running here, `None` where nothing does."""
    if _docker("info") is None:
        return "Docker does not answer"
    if _docker("image", "inspect", _IMAGE) is None and _docker("pull", "--quiet", _IMAGE) is None:
        return f"the image {_IMAGE} is not here and cannot be pulled"
    return None


def bridge_address() -> str:
    """Return this machine's address in the network that containers are in: its first one."""
    subnet = _docker("network", "inspect", "bridge", "-f", "{{(index .IPAM.Config 0).Subnet}}")
    assert subnet, "Docker has no bridge"
    return str(next(ip_network(subnet).hosts()))


def _docker(*arguments: str) -> str | None:
    try:
        finished = subprocess.run(
            ["docker", *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return finished.stdout.strip() if finished.returncode == 0 else None
