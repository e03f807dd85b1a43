"""`python -m server.health URL` is the health check of an image: it exits with 0 after a 200."""

import sys
import urllib.request

_TIMEOUT_S = 5

if __name__ == "__main__":
    with urllib.request.urlopen(sys.argv[1], timeout=_TIMEOUT_S) as answer:  # noqa: S310 (the image's own)
        sys.exit(answer.status != 200)  # noqa: PLR2004 (HTTP's OK)
