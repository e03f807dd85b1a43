"""Reads the address and the root secret of a stack in AWS, with the operator's AWS credentials.

The wheel does not require boto3, so only the option `--stack` imports this module.
"""

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from clipo.cli.deployed_stack import Client, connect
from clipo.client.credentials import Credential, of_root
from clipo.errors import ClipoError


@dataclass(frozen=True, slots=True)
class DeployedRoot:
    """The address that a stack itself names, and the credential of its operator."""

    api: str
    credential: Credential


def read(stack: str, client: Client | None = None) -> DeployedRoot:
    """Return what the outputs of a stack name. Raises `ClipoError`."""
    client = client or connect()
    try:
        described = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}
        if not {"ApiUrl", "RootSecret"} <= outputs.keys():
            raise ClipoError(
                f"{stack} is not a stack of Clipo, or it is of a release before API keys."
                " aws cloudformation list-stacks shows the names."
            )
        secret = client("secretsmanager").get_secret_value(SecretId=outputs["RootSecret"])
    except (BotoCoreError, ClientError) as error:
        raise ClipoError(
            f"The stack {stack} cannot be read: {error} Check the name, AWS_REGION and AWS_PROFILE,"
            " and your right to read CloudFormation and its root secret."
        ) from error
    source = f"the root secret of the stack {stack}"
    return DeployedRoot(outputs["ApiUrl"].rstrip("/"), of_root(secret["SecretString"], source))
