"""Checkpoints: an unfinished training in a file, which goes on where a process was killed."""

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
# Writing takes at most this share of the time of training.
_SHARE = 0.1
_ROWS_AT_ONCE = 4096
# What each callback was before its last training, and what it was after it. By its identity: a
# callback of the user may be equal to others, and need not have a hash.
_names_before_and_after: dict[int, tuple[weakref.ref[Any], str, str | None]] = {}


class Checkpoint(keras.callbacks.Callback):
    """Writes all that training goes on from, and puts it back when the same training starts again.

    That is the state before an epoch: weights, optimizer, generators of dropout, the history, and
    what callbacks have counted and collected, as far as it is plain. Keras' BackupAndRestore lacks
    the last two, and a crash between its two files repeats an epoch.

    It has to be the first callback: it is called before an epoch, when all others have seen the
    one before and none has begun the next.

    Parameters
    ----------
    path : Path
        The file. What it holds must be of the same training: its name says so.

    seed : int
        That of the training, if there is no file.

    callbacks : sequence of Keras callbacks
        The others.
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
        """Say which epoch is the first."""
        if self._saved is not None:
            self.model._initial_epoch = self._saved[0]["epoch"]
        self._is_first = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Put back what was written, or write, if that was not done just now."""
        if self._saved is not None:
            self._restore(*self._saved)
            self._saved = None
        elif not self._is_first and time.perf_counter() >= self._next_write:
            self._write(epoch)
        self._is_first = False

    def forget(self) -> None:
        """Remove the file, and what a process wrote of it while it was killed: this has ended."""
        self._path.unlink(missing_ok=True)
        for path in self._path.parent.glob(f".{self._path.name}.*"):
            with suppress(FileNotFoundError):
                # Younger ones are of somebody who runs the same.
                if path.stat().st_mtime < self._began:
                    path.unlink()

    def _write(self, epoch: int) -> None:
        """Replace the file, and decide when to do so again."""
        start = time.perf_counter()
        try:
            replace_file(self._path, self._to_bytes(epoch))
        except OSError as error:
            # A full disk is no reason to lose what has been trained.
            warnings.warn(
                f"The state before epoch {epoch + 1} could not be written: {error}. Training goes "
                "on; after a crash, it would go on from an earlier epoch.",
                RuntimeWarning,
                stacklevel=2,
            )
        end = time.perf_counter()
        self._next_write = end + (end - start) / _SHARE

    def _observers(self) -> list[Any]:
        """Return who has collected something."""
        return [*self._callbacks, self.model.history]

    def _to_bytes(self, epoch: int) -> bytes:
        """Return the content of the file."""
        arrays = self.model.get_state()
        seen = [
            {
                name: _pack(value, arrays)
                for name, value in vars(observer).items()
                if _is_plain(value)
            }
            for observer in self._observers()
        ]
        state = json.dumps({"epoch": epoch, "seed": self.seed, "callbacks": seen})
        file = io.BytesIO()
        np.savez(file, *arrays, state=np.asarray(state))
        return file.getvalue()

    def _restore(self, state: dict[str, Any], arrays: list[np.ndarray]) -> None:
        """Put everything where it was."""
        # The arrays of callbacks come after them.
        self.model.set_state(arrays[: len(self.model.get_state())])
        for observer, seen in zip(self._observers(), state["callbacks"], strict=True):
            if getattr(observer, "monitor_op", observer) is None:
                # EarlyStopping and others decide late what is better, and then change the sign of
                # min_delta.
                observer._set_monitor_op()
            vars(observer).update({name: _unpack(value, arrays) for name, value in seen.items()})


def name_training(*parts: Any) -> str:
    """Return a name for what decides the result of a training; another one has another name.

    Objects that stand for the same have the same name, also in another process: Keras' objects
    are their type and settings, functions and classes of users their name and code.

    Parameters
    ----------
    *parts : object
        Plain values, functions, Keras objects, arrays. Arrays are read some rows at a time: windows
        may be far larger than what is behind them.

    Raises
    ------
    ValueError
        If a part cannot be told apart from others.
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
                f"checkpoint_dir needs parameters that another process would know again: {error}. "
                "Give names, numbers, functions or objects of Keras."
            ) from error
    return str(hash_of(hashes, hash_name="sha1"))


def name_callbacks(callbacks: Sequence[keras.callbacks.Callback]) -> list[str]:
    """Return names of callbacks that are the same if an interrupted training starts again.

    A callback that nobody has touched since its last training is named as before that one.
    """
    names = []
    for callback in callbacks:
        reference, before, after = _names_before_and_after.get(id(callback), (None, "", ""))
        is_known = reference is not None and reference() is callback
        is_untouched = is_known and after == _name_if_possible(callback)
        names.append(before if is_untouched else name_training(callback))
    return names


def remember_callbacks(callbacks: Sequence[keras.callbacks.Callback], names: Sequence[str]) -> None:
    """Remember how callbacks were named before a training that has ended or was interrupted."""
    for callback, name in zip(callbacks, names, strict=True):
        key = id(callback)
        reference = weakref.ref(callback, partial(_forget_names, key))
        _names_before_and_after[key] = (reference, name, _name_if_possible(callback))


def _forget_names(key: int, reference: weakref.ref[Any]) -> None:
    """Forget the names of a callback that is gone, if no other one has taken its place."""
    entry = _names_before_and_after.get(key)
    if entry is not None and entry[0] is reference:
        del _names_before_and_after[key]


def _name_if_possible(callback: keras.callbacks.Callback) -> str | None:
    """Return the name of a callback; None if it has none, as one that has opened a file."""
    with suppress(ValueError):
        return name_training(callback)
    return None


def _describe(value: Any, above: tuple[int, ...] = ()) -> Any:
    """Return what an object stands for, of parts that are hashed by what they hold.

    What holds itself, such as a class in a method that calls super(), or a callback in its own
    rule, is described once: `above` are the identities of what this is a part of.
    """
    if id(value) in above:
        return ["above", above.index(id(value))]

    def inside(item: Any) -> Any:
        return _describe(item, (*above, id(value)))

    if isinstance(value, np.ndarray):
        # Whatever its order in memory, or on disk.
        return np.ascontiguousarray(value)
    if isinstance(value, list | tuple):
        return [inside(item) for item in value]
    if isinstance(value, dict):
        return {key: inside(item) for key, item in value.items()}
    if isinstance(value, FunctionType):
        closure = [cell.cell_contents for cell in value.__closure__ or ()]
        return [value.__module__, value.__qualname__, inside(value.__code__), inside(closure)]
    if isinstance(value, CodeType):
        return [value.co_code, value.co_names, inside(value.co_consts)]
    if isinstance(value, type):
        own = value.__module__.split(".")[0] not in ("builtins", "keras", "skrnn")
        code = {name: part for name, part in vars(value).items() if isinstance(part, FunctionType)}
        return [value.__module__, value.__qualname__, inside(code if own else {})]
    if isinstance(value, keras.optimizers.Optimizer):
        settings = value.get_config()
    elif type(value).__module__.split(".")[0] == "keras" or isinstance(value, _OBJECTS):
        settings = vars(value)
    else:
        return value
    # Keras numbers the names.
    named = {key: item for key, item in settings.items() if key != "name"}
    return [inside(type(value)), inside(named)]


def _read(path: Path) -> tuple[dict[str, Any], list[np.ndarray]] | None:
    """Return what was written, None if there is nothing that can be read."""
    try:
        # np.load leaves a file open that it cannot read.
        with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
            arrays = [file[f"arr_{k}"] for k in range(len(file.files) - 1)]
            return json.loads(str(file["state"])), arrays
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{os.fspath(path)} is not a whole checkpoint: {error}. Remove it to start over."
        ) from error


def _is_plain(value: Any) -> bool:
    """Tell whether a value is made of numbers, text, arrays, lists and dictionaries by name."""
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(_is_plain, value.values()))
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "biuf"
    return isinstance(value, str | bool | int | float | None)


def _pack(value: Any, arrays: list[np.ndarray]) -> Any:
    """Return what JSON can write, with arrays, tuples and so on marked; append the arrays."""
    if isinstance(value, np.ndarray | np.generic):
        arrays.append(np.asarray(value))
        return {"array" if isinstance(value, np.ndarray) else "scalar": len(arrays) - 1}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_pack(item, arrays) for item in value]}
    if isinstance(value, dict):
        return {"dict": {key: _pack(item, arrays) for key, item in value.items()}}
    return value


def _unpack(value: Any, arrays: list[np.ndarray]) -> Any:
    """Return what `_pack` was given."""
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
