"""The root secret of a stack in AWS, with fakes of AWS's clients."""

import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from clipo.cli import deployed_root
from clipo.cli.command import ask_as_operator, import_for_aws
from clipo.cli.terminal import Terminal
from clipo.errors import ClipoError, Misuse

SECRET = "s" * 64
OUTPUTS = {"ApiUrl": "https://abc.example.com/", "RootSecret": "arn:aws:secretsmanager:root-1"}


class FakeAws:
    """A stack with some outputs, and its secret."""

    def __init__(self, outputs: dict[str, str], error: Exception | None = None) -> None:
        self.outputs = outputs
        self.error = error

    def client(self, _: str) -> "FakeAws":
        return self

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        assert StackName == "clipo"
        if self.error:
            raise self.error
        found = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()]
        return {"Stacks": [{"Outputs": found}]}

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
        assert SecretId == OUTPUTS["RootSecret"]
        return {"SecretString": SECRET}


def test_a_stack_names_its_address_and_its_secret() -> None:
    deployed = deployed_root.read("clipo", FakeAws(OUTPUTS).client)
    assert deployed.api == "https://abc.example.com"
    assert deployed.credential.source == "the root secret of the stack clipo"
    assert deployed.credential.text().count(".") == 2
    assert SECRET not in repr(deployed) + deployed.credential.text()


@pytest.mark.parametrize("outputs", [{}, {"ApiUrl": "https://abc.example.com"}])
def test_another_stack_is_named(outputs: dict[str, str]) -> None:
    with pytest.raises(ClipoError, match="clipo is not a stack of Clipo"):
        deployed_root.read("clipo", FakeAws(outputs).client)


@pytest.mark.parametrize(
    "error",
    [
        NoCredentialsError(),
        ClientError({"Error": {"Code": "ValidationError", "Message": "no stack"}}, "Describe"),
    ],
)
def test_an_unreadable_stack_says_what_to_check(error: Exception) -> None:
    with pytest.raises(ClipoError, match=r"cannot be read: .* Check the name, AWS_REGION"):
        deployed_root.read("clipo", FakeAws(OUTPUTS, error).client)


def test_without_boto3_the_option_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.exceptions", None)
    monkeypatch.delitem(sys.modules, "clipo.cli.deployed_root")
    with pytest.raises(Misuse, match="needs boto3: make "):
        import_for_aws("clipo.cli.deployed_root")


def test_a_stack_and_an_address_are_one_too_many() -> None:
    async def question(_: object) -> None:
        raise AssertionError

    with pytest.raises(Misuse, match="--stack or --api"):
        ask_as_operator("clipo", "https://evil.example", Terminal(), question)
