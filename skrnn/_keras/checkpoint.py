"""Checkpoints: the state of an unfinished training in a file, to resume after a crash."""

from __future__ import annotations

import io
import json
import os
import time
import warnings
import weakref
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import keras
import numpy as np
from joblib import hash as hash_of

from skrnn._utils.atomic_writes import replace_file

_OBJECTS = (
    keras.callbacks.Callback,
    keras.losses.Loss,
    keras.optimizers.schedules.LearningRateSchedule,
    keras.regularizers.Regularizer,
)
# Largest share of the training time that is spent on writing.
_SHARE = 0.1
_ROWS_AT_ONCE = 4096
# Names of each callback before and after its last training. Keys are identities, because a callback
# of the user may be equal to another one, and may not be hashable.
_names_before_and_after: dict[int, tuple[weakref.ref[Any], str, str | None]] = {}


class Checkpoint(keras.callbacks.Callback):
    """Write the state of a training, and restore it when the same training starts again.

    The state before an epoch consists of weights, optimizer, random generators of dropout, history,
    and the attributes of callbacks that are numbers, text, arrays or containers of them. Keras'
    BackupAndRestore lacks the last two, and a crash between its two files repeats an epoch.

    This has to be the first callback. It is then called before an epoch when all other callbacks
    have seen the end of the previous epoch and none has seen the start of the next.

    Parameters
    ----------
    path : Path
        The file. Its name is made by `name_training`, so it belongs to one training only.

    seed : int
        Seed of the training, used if there is no file.

    callbacks : sequence of Keras callbacks
        The other callbacks.
    """

    def __init__(
        self, path: Path, seed: int, callbacks: Sequence[keras.callbacks.Callback]
    ) -> None:
        super().__init__()
        self._path = path
        self._callbacks = callbacks
        self._saved = _read(path)
        self._began = time.time()
        self.seed = seed if self._saved is None else self._saved[0]["seed"]
        self._next_write = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        """Set the first epoch."""
        if self._saved is not None:
            self.model._initial_epoch = self._saved[0]["epoch"]
        self._is_first = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Restore the saved state, or save the state if enough time has passed."""
        if self._saved is not None:
            self._restore(*self._saved)
            self._saved = None
        elif not self._is_first and time.perf_counter() >= self._next_write:
            self._write(epoch)
        self._is_first = False

    def remove(self) -> None:
        """Remove the file of a finished training, and unfinished copies of killed processes."""
        self._path.unlink(missing_ok=True)
        for path in self._path.parent.glob(f".{self._path.name}.*"):
            with suppress(FileNotFoundError):
                # Younger files belong to a process that runs the same training now.
                if path.stat().st_mtime < self._began:
                    path.unlink()

    def _write(self, epoch: int) -> None:
        """Replace the file, and set the time of the next write."""
        start = time.perf_counter()
        try:
            replace_file(self._path, self._to_bytes(epoch))
        except OSError as error:
            # Training continues on a full disk.
            warnings.warn(
                f"The state before epoch {epoch + 1} could not be written: {error}. Training "
                "continues, but after a crash it would resume from an earlier epoch. Free space in "
                "checkpoint_dir.",
                RuntimeWarning,
                stacklevel=2,
            )
        end = time.perf_counter()
        self._next_write = end + (end - start) / _SHARE

    def _list_callbacks(self) -> list[Any]:
        """Return all callbacks whose attributes are saved."""
        return [*self._callbacks, self.model.history]

    def _to_bytes(self, epoch: int) -> bytes:
        """Return the content of the file."""
        arrays = self.model.get_state()
        attributes = [
            {
                name: _pack(value, arrays)
                for name, value in vars(callback).items()
                if _is_plain(value)
            }
            for callback in self._list_callbacks()
        ]
        state = json.dumps({"epoch": epoch, "seed": self.seed, "callbacks": attributes})
        file = io.BytesIO()
        np.savez(file, *arrays, state=np.asarray(state))
        return file.getvalue()

    def _restore(self, state: dict[str, Any], arrays: list[np.ndarray]) -> None:
        """Restore the state of the model and of all callbacks."""
        # The arrays of callbacks come after those of the model.
        self.model.set_state(arrays[: len(self.model.get_state())])
        for callback, saved in zip(self._list_callbacks(), state["callbacks"], strict=True):
            if getattr(callback, "monitor_op", callback) is None:
                # EarlyStopping and others set this in the first epoch, and then change the sign of
                # min_delta.
                callback._set_monitor_op()
            vars(callback).update({name: _unpack(value, arrays) for name, value in saved.items()})


def name_training(*parts: Any) -> str:
    """Return a name, a hash of everything that decides the result of a training.

    The name is the same in another process. Keras objects enter by their type and settings, and
    functions and classes of users by their name and code.

    Parameters
    ----------
    *parts : object
        Plain values, functions, Keras objects, arrays. Arrays are read in blocks of rows, because
        windows may be far larger than the series that they are views of.

    Raises
    ------
    ValueError
        If a part cannot be hashed.
    """
    hashes = []
    for part in parts:
        blocks: Iterable[Any] = [part]
        if isinstance(part, np.ndarray):
            blocks = (part[k : k + _ROWS_AT_ONCE] for k in range(0, len(part), _ROWS_AT_ONCE))
        try:
            hashes.append([hash_of(_describe(block), hash_name="sha1") for block in blocks])
        except Exception as error:
            raise ValueError(
                f"checkpoint_dir needs parameters that can be hashed: {error}. Give names, "
                "numbers, functions or Keras objects, or checkpoint_dir=None."
            ) from error
    return str(hash_of(hashes, hash_name="sha1"))


def name_callbacks(callbacks: Sequence[keras.callbacks.Callback]) -> list[str]:
    """Return names of callbacks that stay the same when an interrupted training starts again.

    A callback that has not changed since its last training keeps the name from before it.
    """
    names = []
    for callback in callbacks:
        reference, before, after = _names_before_and_after.get(id(callback), (None, "", ""))
        is_known = reference is not None and reference() is callback
        is_unchanged = is_known and after == _name_if_possible(callback)
        names.append(before if is_unchanged else name_training(callback))
    return names


def remember_callbacks(callbacks: Sequence[keras.callbacks.Callback], names: Sequence[str]) -> None:
    """Store the names of callbacks from before a training that has ended or was interrupted."""
    for callback, name in zip(callbacks, names, strict=True):
        key = id(callback)
        reference = weakref.ref(callback, partial(_forget_names, key))
        _names_before_and_after[key] = (reference, name, _name_if_possible(callback))


def _forget_names(key: int, reference: weakref.ref[Any]) -> None:
    """Remove the names of a deleted callback, unless a new one has the same identity."""
    entry = _names_before_and_after.get(key)
    if entry is not None and entry[0] is reference:
        del _names_before_and_after[key]


def _name_if_possible(callback: keras.callbacks.Callback) -> str | None:
    """Return the name of a callback. None if it cannot be hashed, like one with an open file."""
    with suppress(ValueError):
        return name_training(callback)
    return None


def _describe(value: Any, above: tuple[int, ...] = ()) -> Any:
    """Return a description of an object, made of parts that joblib hashes by content.

    `above` are the identities of the objects that contain this one. An object that contains itself,
    such as a class with a method that calls super(), is described once.
    """
    if id(value) in above:
        return ["above", above.index(id(value))]

    def describe_part(item: Any) -> Any:
        return _describe(item, (*above, id(value)))

    if isinstance(value, np.ndarray):
        # The hash must not depend on the order in memory.
        return np.ascontiguousarray(value)
    if isinstance(value, list | tuple):
        return [describe_part(item) for item in value]
    if isinstance(value, dict):
        return {key: describe_part(item) for key, item in value.items()}
    if isinstance(value, FunctionType):
        closure = [cell.cell_contents for cell in value.__closure__ or ()]
        return [
            value.__module__,
            value.__qualname__,
            describe_part(value.__code__),
            describe_part(closure),
        ]
    if isinstance(value, CodeType):
        return [value.co_code, value.co_names, describe_part(value.co_consts)]
    if isinstance(value, type):
        own = value.__module__.split(".")[0] not in ("builtins", "keras", "skrnn")
        code = {name: part for name, part in vars(value).items() if isinstance(part, FunctionType)}
        return [value.__module__, value.__qualname__, describe_part(code if own else {})]
    if isinstance(value, keras.optimizers.Optimizer):
        settings = value.get_config()
    elif type(value).__module__.split(".")[0] == "keras" or isinstance(value, _OBJECTS):
        settings = vars(value)
    else:
        return value
    # Keras adds a number to names.
    named = {key: item for key, item in settings.items() if key != "name"}
    return [describe_part(type(value)), describe_part(named)]


def _read(path: Path) -> tuple[dict[str, Any], list[np.ndarray]] | None:
    """Return the state and the arrays of a file. None if there is no file."""
    try:
        # np.load alone would leave an unreadable file open.
        with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
            arrays = [file[f"arr_{k}"] for k in range(len(file.files) - 1)]
            return json.loads(str(file["state"])), arrays
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{os.fspath(path)} is not a whole checkpoint: {error}. Remove the file to start over."
        ) from error


def _is_plain(value: Any) -> bool:
    """Return whether a value consists of numbers, text, arrays, lists and dictionaries."""
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(_is_plain, value.values()))
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "biuf"
    return isinstance(value, str | bool | int | float | None)


def _pack(value: Any, arrays: list[np.ndarray]) -> Any:
    """Return a value that JSON can write, and append its arrays to `arrays`."""
    if isinstance(value, np.ndarray | np.generic):
        arrays.append(np.asarray(value))
        return {"array" if isinstance(value, np.ndarray) else "scalar": len(arrays) - 1}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_pack(item, arrays) for item in value]}
    if isinstance(value, dict):
        return {"dict": {key: _pack(item, arrays) for key, item in value.items()}}
    return value


def _unpack(value: Any, arrays: list[np.ndarray]) -> Any:
    """Return the value that was given to `_pack`."""
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "array":
        return arrays[content]
    if kind == "scalar":
        return arrays[content][()]
    if kind == "dict":
        return {key: _unpack(item, arrays) for key, item in content.items()}
    items = [_unpack(item, arrays) for item in content]
    return tuple(items) if kind == "tuple" else items
