"""The log's last step, on a real pipe that is read late or never."""

import fcntl
import os
from collections.abc import Iterator

import pytest

from warmline.telemetry.log_writer import LogWriter

PIPE_BYTES = 4096
LINE = "x" * 99 + "\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The smallest pipe there is: where it is read, and where it is written."""
    reads, writes = os.pipe()
    fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    yield reads, writes
    for end in (reads, writes):
        os.close(end)


def writer_on(descriptor: int, *, most_bytes: int = 10_000) -> LogWriter:
    def write(line: bytes) -> None:
        assert os.write(descriptor, line) == len(line)

    return LogWriter(write, lambda lines: f"{lines} lines were lost\n", most_bytes=most_bytes)


def test_lines_are_written_in_their_order_and_all_before_the_end(pipe: tuple[int, int]) -> None:
    writer = writer_on(pipe[1])
    for number in range(100):
        writer.write(f"{number}\n")
    writer.close(10)
    assert os.read(pipe[0], PIPE_BYTES).decode().split() == [str(number) for number in range(100)]
    assert writer.lost == 0


def test_who_logs_goes_on_while_nobody_reads_and_what_was_lost_is_said_when_somebody_does(
    pipe: tuple[int, int],
) -> None:
    writer = writer_on(pipe[1])
    for _ in range(1000):
        writer.write(LINE)
    most, in_pipe = 10_000 // len(LINE), PIPE_BYTES // len(LINE)
    assert 1000 - most - in_pipe - 1 <= writer.lost <= 1000 - most
    lost = writer.lost
    read = read_until(pipe[0], b"lost\n")
    assert f"{lost} lines were lost\n".encode() in read
    writer.write("after\n")
    read_until(pipe[0], b"after\n")
    writer.close(10)
    assert writer.lost == lost


def read_until(descriptor: int, end: bytes) -> bytes:
    """What comes out of a pipe up to and with `end`."""
    read = b""
    while end not in read:
        read += os.read(descriptor, PIPE_BYTES)
    return read


def test_the_end_does_not_wait_for_ever_for_somebody_to_read(pipe: tuple[int, int]) -> None:
    writer = writer_on(pipe[1])
    for _ in range(100):
        writer.write(LINE)
    writer.close(0.05)
    read = b""
    while len(read) < 100 * len(LINE):  # the thread ends before its pipe is closed
        read += os.read(pipe[0], PIPE_BYTES)
    writer.close(10)


def test_a_reader_that_is_gone_costs_lines_and_nothing_else() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    writer = writer_on(writes)
    writer.write(LINE)
    writer.write(LINE)
    writer.close(10)
    assert writer.lost >= 2
    os.close(writes)


def test_text_that_is_no_unicode_is_written_all_the_same(pipe: tuple[int, int]) -> None:
    writer = writer_on(pipe[1])
    writer.write("half a pair: \ud83d\n")
    writer.close(10)
    assert os.read(pipe[0], PIPE_BYTES) == b"half a pair: \\ud83d\n"
