"""Setting of the package: which engine trains and predicts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_ENGINES = ("auto", "keras")

_default: dict[str, Any] = {"engine": "auto"}
# None: the default of the process holds.
_of_context: ContextVar[dict[str, Any] | None] = ContextVar("skrnn_config", default=None)


def get_config() -> dict[str, Any]:
    """Return the settings that hold here.

    Returns
    -------
    config : dict
        The name of each setting and its value.

    See Also
    --------
    set_config : Change a setting for the process.
    config_context : Change a setting for a block of code.

    Examples
    --------
    >>> import skrnn
    >>> skrnn.get_config()
    {'engine': 'auto'}
    """
    return dict(_default | (_of_context.get() or {}))


def set_config(*, engine: str | None = None) -> None:
    """Change a setting for the process.

    Parameters
    ----------
    engine : {"auto", "keras"}, default=None
        The engine that trains and predicts. "auto": skrnn's own kernels, in NumPy and Numba. Keras'
        layers take their place for an activation that kernels do not know, and in `fit` if
        TensorFlow sees a graphics card. "keras": always Keras' layers and `Model.fit`, several
        times slower, for debugging and comparison. None: the engine does not change.

    Raises
    ------
    ValueError
        If the engine is not known.

    See Also
    --------
    config_context : Change a setting for a block of code.
    get_config : Return the settings that hold here.

    Notes
    -----
    The processes of a search with `n_jobs` start with "auto".

    Examples
    --------
    >>> import skrnn
    >>> skrnn.set_config(engine="auto")
    """
    _default.update(_validated(engine))


@contextmanager
def config_context(*, engine: str | None = None) -> Iterator[None]:
    """Change a setting for a block of code, in this thread.

    Other threads and processes, such as those of a search with `n_jobs`, do not take part.

    Parameters
    ----------
    engine : {"auto", "keras"}, default=None
        The engine that trains and predicts, as in `set_config`. None: the engine does not change.

    Yields
    ------
    None
        The block runs with the setting; the one from before holds again after it.

    Raises
    ------
    ValueError
        If the engine is not known.

    See Also
    --------
    set_config : Change a setting for the process.
    get_config : Return the settings that hold here.

    Examples
    --------
    >>> import skrnn
    >>> with skrnn.config_context(engine="keras"):
    ...     skrnn.get_config()
    {'engine': 'keras'}
    """
    token = _of_context.set((_of_context.get() or {}) | _validated(engine))
    try:
        yield
    finally:
        _of_context.reset(token)


def _validated(engine: str | None) -> dict[str, Any]:
    if engine is None:
        return {}
    if engine not in _ENGINES:
        raise ValueError(f'engine={engine!r} is not known. Give "auto" or "keras".')
    return {"engine": engine}
