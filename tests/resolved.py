"""The template as CloudFormation reads it with given parameters: no condition is left."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.template import Document, transformed

_NOTHING = {"Ref": "AWS::NoValue"}
_PSEUDO = {"AWS::Region": "us-east-1"}


@dataclass(frozen=True)
class _Conditions:
    """The conditions of the template, and the values on which they depend."""

    conditions: Document
    values: Mapping[str, Any]

    def holds(self, condition: Document) -> bool:
        ((function, given),) = condition.items()
        if function == "Condition":
            return self.holds(self.conditions[given])
        if function == "Fn::Equals":
            left, right = map(self._text, given)
            return left == right
        found = [self.holds(one) for one in given]
        return {"Fn::Not": not found[0], "Fn::And": all(found), "Fn::Or": any(found)}[function]

    def _text(self, value: Any) -> str:
        if not isinstance(value, dict):
            return str(value)
        ((function, given),) = value.items()
        return self._text(given[1]) if function == "Fn::Join" else str(self.values[given])

    def resolve(self, value: Any) -> Any:
        """Replace each `Fn::If` by what it stands for, and leave out what stands for nothing."""
        if isinstance(value, list):
            return [one for one in map(self.resolve, value) if one != _NOTHING]
        if not isinstance(value, dict):
            return value
        if "Fn::If" in value:
            name, yes, no = value["Fn::If"]
            return self.resolve(yes if self.holds({"Condition": name}) else no)
        found = {name: self.resolve(one) for name, one in value.items()}
        return {name: one for name, one in found.items() if one != _NOTHING}

    def existing(self, part: Document) -> Document:
        """Return the resources or outputs whose conditions hold."""
        found = {}
        for name, one in part.items():
            left = dict(one)
            condition = left.pop("Condition", None)
            if condition is None or self.holds({"Condition": condition}):
                found[name] = self.resolve(left)
        return found


def resolved(parameters: Mapping[str, str]) -> Document:
    """Return the transformed template, without rules, with these parameters as its defaults."""
    document: Document = json.loads(json.dumps(transformed()))
    for name, value in parameters.items():
        document["Parameters"][name]["Default"] = value
    values = {name: one.get("Default", "") for name, one in document["Parameters"].items()}
    conditions = _Conditions(document.pop("Conditions"), _PSEUDO | values)
    del document["Rules"]
    return document | {
        part: conditions.existing(document[part]) for part in ("Resources", "Outputs")
    }
