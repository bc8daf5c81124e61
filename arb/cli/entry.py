"""argv -> exit code. Every error that can be foreseen is one line on stderr; nothing else ever gets out."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from arb.cli.codes import CONFIG, ERROR, INTERRUPTED, MISMATCH, OK, UNREACHABLE, USAGE
from arb.cli.commands import Job, app
from arb.cli.desk import Desk, real_desk

_MOST_SAID = 2_000  # characters: what was given is repeated in what is told of it

# Typer brings its own copy of click or uses the installed one, by version: this names the right one in both.
_CLICK_ERROR = typer.BadParameter.__mro__[2]
_PIECE, _PIECES = 400, 4_096  # memory in small pieces, kept for telling that there is no other


def main(argv: Sequence[str] | None = None, desk: Desk | None = None) -> int:
    """Run one command. argv: without the program's name; None: the process's own."""
    desk = desk or real_desk()
    spare = [bytes(_PIECE) for _ in range(_PIECES)]
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        job = _parse(arguments or ["--help"])
        code = job if isinstance(job, int) else job(desk)
        desk.stdout.flush()
    except BrokenPipeError:
        _silence(desk)
        return OK
    except (KeyboardInterrupt, typer.Abort):
        return _fail(desk, "interrupted", INTERRUPTED)
    except Exception as exc:  # noqa: BLE001  the top: what is not foreseen below is our bug, told in one line
        spare.clear()
        return _explain(desk, exc, arguments)
    return code


def _parse(arguments: list[str]) -> Job | int:
    """The job that the arguments ask for, or the exit code of what typer did itself (--help)."""
    try:
        job: Job | int | None = app(args=arguments, prog_name="arb", standalone_mode=False)
    except SystemExit:  # typer's way to say that nobody reads its help
        raise BrokenPipeError from None
    return OK if job is None else job


def _explain(desk: Desk, exc: BaseException, arguments: Sequence[str]) -> int:
    from arb import errors

    while isinstance(exc, BaseExceptionGroup):  # tasks that fail together: the first one speaks
        exc = exc.exceptions[0]
    if isinstance(exc, _CLICK_ERROR):
        return _fail(desk, _usage(exc, arguments), USAGE)
    if isinstance(exc, errors.ConfigError | errors.AuthFailed):
        return _fail(desk, str(exc), CONFIG)
    if isinstance(exc, errors.Transient | TimeoutError):
        return _fail(desk, str(exc) or "timed out", UNREACHABLE)
    if isinstance(exc, errors.ReconcileError):
        return _fail(desk, str(exc), MISMATCH)
    if isinstance(exc, MemoryError):
        return _fail(desk, "out of memory", ERROR)
    if isinstance(exc, errors.ArbError):  # JournalError, ControlError and the rest
        return _fail(desk, str(exc), ERROR)
    if isinstance(exc, OSError):
        return _fail(desk, f"{exc.filename}: {exc.strerror}" if exc.filename else str(exc), ERROR)
    return _fail(desk, f"{exc!r}; this is a bug, its traceback is in {_write_down(exc)}", ERROR, "internal error")


def _usage(exc: BaseException, arguments: Sequence[str]) -> str:
    """What is wrong with the arguments, and where help is. An error without a context came from within a command."""
    message = str(exc.format_message()).rstrip(". ")  # type: ignore[attr-defined]  # see _CLICK_ERROR
    context = getattr(exc, "ctx", None)
    words = arguments[: 2 if arguments[:1] in (["config"], ["risk"], ["fastpath"]) else 1]
    where = context.command_path if context is not None else " ".join(("arb", *words))
    return f"{message[:1].lower()}{message[1:]}; try '{where} --help'"


def _fail(desk: Desk, message: str, code: int, kind: str = "error") -> int:
    line = " ".join(message.split())
    desk.stderr.write(f"{kind}: {line if len(line) <= _MOST_SAID else line[:_MOST_SAID] + '...'}\n")
    return code


def _write_down(exc: BaseException) -> str:
    """The traceback in a file of its own, readable by its owner."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="arb-crash-", suffix=".txt", delete=False) as file:
        file.writelines(traceback.format_exception(exc))
        return file.name


def _silence(desk: Desk) -> None:
    """Nobody reads stdout: what is still buffered goes nowhere, or the interpreter would complain at its end."""
    if desk.stdout is sys.stdout and sys.stdout is sys.__stdout__:
        os.dup2(os.open(os.devnull, os.O_WRONLY), desk.stdout.fileno())
