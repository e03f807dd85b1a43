"""The built functions in the emulator of Lambda's runtime, as `make bench-cold` starts them."""

from pathlib import Path

import pytest

from benchmarks.cold.builds import ARTIFACTS, HELLO_FOLDER, naive, our_handler
from benchmarks.cold.sandbox import Function, FunctionFailed, missing, sandbox
from tests.deploy.sam import SETTINGS
from tests.events import event

pytestmark = pytest.mark.long

_EXCHANGES = {
    "api": ("http-health", "statusCode", 200),
    "processing": ("s3-test-event", "outcomes", []),
    "upkeep": ("sqs-not-understood", "batchItemFailures", []),
    "webhooks": ("sqs-webhook-not-understood", "batchItemFailures", []),
}
"""An event of each function, and what it answers: a field and its value."""


@pytest.fixture(autouse=True)
def _runtime_is_here() -> None:
    if reason := missing():
        pytest.skip(reason)


def test_what_a_start_and_each_event_cost_is_told() -> None:
    with sandbox(Function(HELLO_FOLDER, "hello.handler", {})) as box:
        for _ in range(3):
            assert box.invoke({}) == {"hello": "world"}
        init, *invocations = box.measured()
    assert len(invocations) == 3
    assert min(init.wall_ms, init.cpu_ms, init.peak_mb) > max(i.wall_ms for i in invocations) > 0


@pytest.mark.parametrize("name", ARTIFACTS)
def test_a_built_function_answers_in_lambdas_runtime(built: Path, name: str) -> None:
    _assert_answers(Function(built / ARTIFACTS[name], our_handler(name), SETTINGS), name)


@pytest.mark.parametrize("name", ARTIFACTS)
def test_what_is_compared_with_it_answers_the_same(tmp_path: Path, name: str) -> None:
    folder = naive(tmp_path, name)
    _assert_answers(Function(folder, f"naive.{name}.handler", SETTINGS, tmp_path), name)
    # Nor has the start left any for the next one.
    assert not list(folder.rglob("*.pyc"))


def _assert_answers(function: Function, name: str) -> None:
    happened, field, value = _EXCHANGES[name]
    with sandbox(function) as box:
        answer = box.invoke(event(happened))
    assert answer[field] == value


def test_a_function_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import nothing_like_it\n")
    with (
        sandbox(Function(tmp_path, "broken.handler", {})) as box,
        pytest.raises(FunctionFailed, match="nothing_like_it"),
    ):
        box.invoke({})
