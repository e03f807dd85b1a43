"""Log keys that are in every line of a block."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from functions.adapters.telemetry import log_context, logger
from tests.logs import logged


def test_a_nested_block_adds_keys_and_restores_the_outer_ones() -> None:
    with logged() as lines:
        with log_context(request_id="r", video_id="outer"):
            with log_context(video_id="inner", event_id=None):
                logger().info("in")
            logger().info("out")
        logger().info("after")
    assert [(line.get("request_id"), line.get("video_id")) for line in lines] == [
        ("r", "inner"),
        ("r", "outer"),
        (None, None),
    ]
    assert "event_id" not in lines[0]


def test_a_thread_keeps_its_keys_after_the_block_ends() -> None:
    with logged() as lines:
        with log_context(request_id="r"):
            context = copy_context()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(context.run, logger().info, "late").result()
    assert lines[0]["request_id"] == "r"
