"""Files that are written whole, or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def replace_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file so that a crash at any moment leaves the old one or the new one, both whole.

    Parameters
    ----------
    path : str or path-like
        The file; its folder must be there. A link is followed.

    data : bytes
        All that shall be in it.

    Raises
    ------
    OSError
        If the folder is not there or cannot be written to, or the disk is full. The old file is
        as it was.
    """
    # A new name would replace the link, not what it leads to.
    target = Path(os.path.realpath(path))
    # In the same folder: only within a file system does a file change its name in one step.
    name = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    number = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            # Who may read the old file may read the new one, and nobody else.
            name.chmod(target.stat().st_mode & 0o777)
        name.replace(target)
    except BaseException:
        with suppress(OSError):
            name.unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Let a new name survive a loss of power, where the system can do that."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows
        return
    # The file is there by now: where folders cannot be synchronized there is nothing to undo.
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
