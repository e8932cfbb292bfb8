"""Everything that is logged comes out in one place, in one form."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from server.logs import start_logging
from server.settings import read_settings

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


def lines(capsys: Output) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_our_lines_and_others_are_json_of_one_shape(capsys: Output) -> None:
    start_logging(read_settings())

    structlog.get_logger(source="ours").info("hello", number=1)
    logging.getLogger("theirs").warning("hello %s", "there")

    ours, theirs = lines(capsys)
    assert {"level": "info", "event": "hello", "source": "ours", "number": 1}.items() <= ours.items()
    assert {"level": "warning", "event": "hello there", "source": "theirs"}.items() <= theirs.items()
    assert "time" in ours
    assert "time" in theirs


def test_a_traceback_is_one_line_without_the_values_of_variables(capsys: Output) -> None:
    start_logging(read_settings())
    password = "hunter2"
    try:
        raise RuntimeError(f"broken {len(password)}")
    except RuntimeError as error:
        structlog.get_logger().error("internal error", exc_info=error)

    (line,) = lines(capsys)
    assert "RuntimeError: broken" in str(line["exception"])
    assert "hunter2" not in str(line)


def test_a_line_carries_the_id_of_its_request(capsys: Output) -> None:
    start_logging(read_settings())
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger().info("hello")

    assert lines(capsys)[0]["request_id"] == "r-1"


def test_what_is_below_the_level_is_not_written(capsys: Output) -> None:
    start_logging(read_settings(log_level="warning"))

    structlog.get_logger().info("hello")
    logging.getLogger("uvicorn.error").info("Started server process")
    logging.getLogger("strawberry.execution").error("a client's mistake")

    assert capsys.readouterr().err == ""


def test_text_is_for_people(capsys: Output) -> None:
    start_logging(read_settings(log_format="text"))

    structlog.get_logger().info("hello", number=1)
    logging.getLogger("theirs").warning("careful")

    first, second = capsys.readouterr().err.splitlines()
    assert "hello" in first
    assert "number=1" in first
    assert "careful" in second


@pytest.mark.parametrize("said", ["Invalid HTTP request received.", "Invalid UTF-8 sequence received from client."])
def test_a_clients_broken_bytes_are_one_line_at_info(capsys: Output, said: str) -> None:
    start_logging(read_settings())
    try:
        b"\xff".decode()
    except UnicodeDecodeError:
        logging.getLogger("uvicorn.error").exception(said)

    (line,) = lines(capsys)
    assert (line["level"], line["event"]) == ("info", "broken bytes")
    assert "exception" not in line


def test_what_others_say_is_cleaned_of_secrets_at_every_level(capsys: Output) -> None:
    start_logging(read_settings(log_level="debug"))
    logging.getLogger("theirs").debug("connecting with hunter2")
    logging.getLogger("theirs").warning("postgresql://me:hunter2@db/name refused ann@example.com")
    structlog.get_logger().warning("not ready", reason="Bearer hunter2 was refused")

    said = capsys.readouterr().err
    assert "hunter2" not in said
    assert "ann@" not in said
    assert len(said.splitlines()) == 2


def test_an_error_in_place_of_a_text_is_a_line(capsys: Output) -> None:
    start_logging(read_settings())
    logging.getLogger("uvicorn.error").error(OSError(98, "address already in use"))

    (line,) = lines(capsys)
    assert "address already in use" in str(line["event"])
