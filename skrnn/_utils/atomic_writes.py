"""Atomic writes: a file is written completely or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def replace_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file. A crash at any moment leaves the complete old file or the complete new one.

    Parameters
    ----------
    path : str or path-like
        The file. Its folder must exist. A link is followed.

    data : bytes
        Content of the file.

    Raises
    ------
    OSError
        If the folder does not exist or is not writable, or the disk is full. The old file stays.
    """
    # Renaming to `path` itself would replace a link instead of its target.
    target = Path(os.path.realpath(path))
    # In the same folder, because renaming is atomic within one file system only.
    name = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    number = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            # The new file gets the permissions of the old one.
            name.chmod(target.stat().st_mode & 0o777)
        name.replace(target)
    except BaseException:
        with suppress(OSError):
            name.unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Write a new name to the disk, where the system can do that."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows
        return
    # The file is complete already, so a folder that cannot be synchronized is no error.
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
