"""An AWS that checks every signature."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from functions.adapters.signed.credentials import Credentials
from tests.servers import s3

_REGION = "us-east-1"
ROOT = {"AWS_ACCESS_KEY_ID": "ROOT", "AWS_SECRET_ACCESS_KEY": "secret"}


@dataclass(frozen=True)
class CheckingAws:
    """An emulator that checks the signatures of a user: it believes its root without."""

    url: str
    user: Credentials

    def client(self, service: Any) -> Any:
        return _session().client(service, endpoint_url=self.url)


def _session() -> boto3.Session:
    return boto3.Session("ROOT", "secret", region_name=_REGION)


@contextmanager
def checking_aws(folder: Path) -> Iterator[CheckingAws]:
    with s3(folder, ROOT, SERVICES="iam,lambda,s3,sqs,sts") as server:
        iam = _session().client("iam", endpoint_url=server.url)
        iam.create_user(UserName="clipo")
        allowed = {"Effect": "Allow", "Action": ["s3:*", "sqs:*", "lambda:*"], "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_user_policy(UserName="clipo", PolicyName="all", PolicyDocument=policy)
        key = iam.create_access_key(UserName="clipo")["AccessKey"]
        yield CheckingAws(server.url, Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
