"""`python -m tests.conformance --endpoint URL` checks an S3-compatible store.

It makes two buckets, named by --uploads-bucket and --media-bucket, and leaves objects in them. The
credentials are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. It exits with 1 if the store lacks
anything that Clipo needs.
"""

import argparse
import os
import sys

from functions.adapters.signed.credentials import Credentials
from tests.conformance.checks import CHECKS, Check
from tests.conformance.store import ORIGIN, Store


def failure(check: Check, store: Store) -> str | None:
    """Run a check. Return why it failed, `None` if it passed."""
    try:
        check.run(store)
    except Exception as error:  # noqa: BLE001 (whatever the store makes go wrong is the result)
        return f"{type(error).__name__}: {error}".partition("\n")[0]
    return None


def run(store: Store) -> dict[Check, str | None]:
    """Prepare the buckets, and run all checks."""
    store.buckets().prepare([ORIGIN])
    return {check: failure(check, store) for check in CHECKS}


def main() -> None:
    """Print one line for each check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", required=True, metavar="URL")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--uploads-bucket", default="clipo-conformance-uploads")
    parser.add_argument("--media-bucket", default="clipo-conformance-media")
    given = parser.parse_args()
    credentials = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    found = run(
        Store(given.endpoint, credentials, given.region, given.uploads_bucket, given.media_bucket)
    )
    for check, reason in found.items():
        kind = "ok  " if reason is None else ("FAIL" if check.needed else "lacks")
        print(f"{kind:5} {check.name}{f' ({reason})' if reason else ''}")
    sys.exit(any(reason and check.needed for check, reason in found.items()))


if __name__ == "__main__":
    main()
