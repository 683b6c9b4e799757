"""Configuration: the engine that trains and predicts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_ENGINES = ("auto", "keras")

_default: dict[str, Any] = {"engine": "auto"}
# None: the default of the process applies.
_context_settings: ContextVar[dict[str, Any] | None] = ContextVar("skrnn_config", default=None)


def get_config() -> dict[str, Any]:
    """Return the current settings.

    Returns
    -------
    config : dict
        Name and value of each setting.

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
    return dict(_default | (_context_settings.get() or {}))


def set_config(*, engine: str | None = None) -> None:
    """Change a setting for the process.

    Parameters
    ----------
    engine : {"auto", "keras"}, default=None
        The engine that trains and predicts. "auto": skrnn's own kernels, in NumPy and Numba. Keras'
        layers replace them for an activation that kernels do not know, and in `fit` if TensorFlow
        sees a graphics card. "keras": always Keras' layers and `Model.fit`, several times slower,
        for debugging and comparison. None: the engine does not change.

    Raises
    ------
    ValueError
        If the engine is unknown.

    See Also
    --------
    config_context : Change a setting for a block of code.
    get_config : Return the current settings.

    Notes
    -----
    The processes of a search with `n_jobs` start with "auto".

    Examples
    --------
    >>> import skrnn
    >>> skrnn.set_config(engine="auto")
    """
    _default.update(_make_settings(engine))


@contextmanager
def config_context(*, engine: str | None = None) -> Iterator[None]:
    """Change a setting for a block of code, in this thread.

    Other threads and processes, such as the workers of a search with `n_jobs`, keep their setting.

    Parameters
    ----------
    engine : {"auto", "keras"}, default=None
        The engine that trains and predicts, as in `set_config`. None: the engine does not change.

    Yields
    ------
    None
        The block runs with the setting. The setting before the block is restored at its end.

    Raises
    ------
    ValueError
        If the engine is unknown.

    See Also
    --------
    set_config : Change a setting for the process.
    get_config : Return the current settings.

    Examples
    --------
    >>> import skrnn
    >>> with skrnn.config_context(engine="keras"):
    ...     skrnn.get_config()
    {'engine': 'keras'}
    """
    token = _context_settings.set((_context_settings.get() or {}) | _make_settings(engine))
    try:
        yield
    finally:
        _context_settings.reset(token)


def _make_settings(engine: str | None) -> dict[str, Any]:
    if engine is None:
        return {}
    if engine not in _ENGINES:
        raise ValueError(f'engine={engine!r} is not known. Give "auto" or "keras".')
    return {"engine": engine}
