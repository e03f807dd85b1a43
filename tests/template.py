"""Loads the template as written, and as CloudFormation gets it after SAM's transform."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from boto3 import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).parent.parent / "template.yaml"

Document = dict[str, Any]


@cache
def source() -> Document:
    """Return the template as it is written."""
    parsed: Document = yaml_parse(TEMPLATE.read_text())
    return parsed


@cache
def transformed() -> Document:
    """Return the template after SAM's transform, which requires packaged code."""
    packaged = json.loads(json.dumps(source()))
    for resource in packaged["Resources"].values():
        for name in {"CodeUri", "ContentUri"} & set(resource["Properties"]):
            resource["Properties"][name] = "s3://artifacts/code.zip"
    # The template uses no managed policies, so the translator needs no list of them.
    translator = Translator({}, Parser(), boto_session=Session(region_name="eu-west-1"))
    result: Document = translator.translate(packaged, {})
    return result


def resources(kind: str) -> dict[str, Document]:
    """Return the properties of all resources of a type, by logical id."""
    return {
        name: resource["Properties"]
        for name, resource in transformed()["Resources"].items()
        if resource["Type"] == kind
    }


def resource(kind: str, name: str) -> Document:
    """Return the properties of one resource; a layer's id ends in a hash of its content."""
    found = [value for key, value in resources(kind).items() if key.startswith(name)]
    assert len(found) == 1, (kind, name)
    return found[0]
