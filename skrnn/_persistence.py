"""Fitted estimators in files that run no code when they are loaded."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import reprlib
import zipfile
from collections.abc import Sequence
from datetime import date, timedelta
from importlib.metadata import version
from inspect import isfunction
from pathlib import Path, PosixPath, WindowsPath
from pickle import dumps
from types import ModuleType
from typing import Any

from sklearn import feature_selection, metrics, model_selection
from sklearn.utils._param_validation import validate_params

from skrnn._utils.atomic_writes import replace_file
from skrnn._utils.estimator_arguments import refuse_other_models
from skrnn.estimators._classifiers import GRUClassifier, LSTMClassifier, RNNClassifier
from skrnn.estimators._naive import NaiveRegressor
from skrnn.estimators._regressors import GRURegressor, LSTMRegressor, RNNRegressor
from skrnn.windows._transformer import SlidingWindowTransformer, windows_of


def _name_of(kind: Any) -> str:
    """Return the full name of a type or function, as skops writes it."""
    return kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"


# Counts up when an older skrnn could no longer read what is written.
_FORMAT = 2
# Modules of classes that an earlier format knows by another name.
_MOVED = {
    "skrnn._classifiers": "skrnn.estimators._classifiers",
    "skrnn._naive": "skrnn.estimators._naive",
    "skrnn._regressors": "skrnn.estimators._regressors",
    "skrnn._sliding_window": "skrnn.windows._transformer",
}
_HEADER = re.compile(rb"skrnn (?P<version>\S+) format (?P<format>\d+) sha256 (?P<digest>\w{64})\n")
_LONGEST_HEADER = 200
_OWN_TYPES = (
    *(GRUClassifier, GRURegressor, LSTMClassifier, LSTMRegressor, NaiveRegressor),
    *(RNNClassifier, RNNRegressor, SlidingWindowTransformer),
)
# Parts of pipelines and searches that skops does not know to be harmless. Not trees and forests:
# their arrays go to code in C that does not check them.
_OTHER_TYPES = (
    "numpy.dtype",
    "numpy.ma.MaskedArray",  # another name than in NumPy 1
    "sklearn.metrics._scorer._MultimetricScorer",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.model_selection._split._CVIterableWrapper",
    # Of the oldest scikit-learn that is supported; all hold plain values.
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
    *map(_name_of, (date, timedelta, PosixPath, WindowsPath)),
    *(_name_of(part) for part in vars(model_selection).values() if hasattr(part, "get_n_splits")),
    *(_name_of(part) for part in vars(metrics).values() if isfunction(part)),
    *(_name_of(part) for part in vars(feature_selection).values() if isfunction(part)),
)


@validate_params(
    {"estimator": "no_validation", "path": [str, os.PathLike]},
    prefer_skip_nested_validation=True,
)
def save(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Write an estimator to a file that `load` reads without running any code in it.

    Beside pickle, whose files may do anything to whoever opens them. Everything is kept, so that
    what is loaded predicts the same, trains on, and continues the fitted series.

    Parameters
    ----------
    estimator : estimator
        An estimator, pipeline or search of scikit-learn and skrnn, fitted or not. Other parts are
        written as well if skops can do that, but `load` then wants their types in `trusted`.

    path : str or path-like
        The file. It is written under another name and renamed: a crash leaves the old file whole.

    Raises
    ------
    ImportError
        If skops is not installed.
    TypeError
        If the estimator is a class, or a Keras model.
    ValueError
        If something within the estimator could not be loaded again: a lambda, a Keras optimizer,
        a callback, labels of series that are dates, requests for metadata. The error names it.
    OSError
        If the file cannot be written.

    See Also
    --------
    load : Read the file.

    Notes
    -----
    The file is a line of text, with the version of skrnn, that of the format and a checksum, and
    what skops writes (https://skops.readthedocs.io).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> import skrnn
    >>> X = np.sin(np.arange(50.0)).reshape(-1, 1)
    >>> pipe = make_pipeline(
    ...     StandardScaler(),
    ...     skrnn.SlidingWindowTransformer(5),
    ...     skrnn.GRURegressor(units=2, epochs=1),
    ... )
    >>> pipe = pipe.fit(X, X.ravel())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     skrnn.save(pipe, Path(folder) / "waves.skrnn")
    ...     twin = skrnn.load(Path(folder) / "waves.skrnn")
    >>> bool((twin.predict(X) == pipe.predict(X)).all())
    True
    """
    refuse_other_models(
        estimator,
        "estimator",
        advice='A Keras model has a method of its own: model.save("model.keras").',
    )
    if not hasattr(estimator, "get_params"):
        raise ValueError(
            "The 'estimator' parameter of save must be an estimator, a pipeline or a search. Got "
            f"{reprlib.repr(estimator)} instead."
        )
    skops_io = _import_skops()
    try:
        content = skops_io.dumps(estimator)
        # What cannot be read again would be found out when the estimator is gone.
        skops_io.loads(content, trusted=skops_io.get_untrusted_types(data=content))
    except RecursionError as error:
        raise ValueError(
            f"{type(estimator).__name__} cannot be saved, because a part of it holds itself, which "
            "skops cannot write. That is so where metadata are requested (set_fit_request): use "
            "pickle, for files that nobody else writes."
        ) from error
    except Exception as error:
        raise ValueError(
            f"{type(estimator).__name__} cannot be saved. {_explain(estimator, skops_io, error)}"
        ) from error
    start = f"skrnn {version('skrnn')} format {_FORMAT} sha256 ".encode()
    replace_file(path, start + _digest(start, content) + b"\n" + content)


@validate_params(
    {"path": [str, os.PathLike], "trusted": [list, tuple, None]},
    prefer_skip_nested_validation=True,
)
def load(path: str | os.PathLike[str], *, trusted: Sequence[str | type] | None = None) -> Any:
    """Read an estimator that `save` wrote. No code in the file is run.

    Parameters
    ----------
    path : str or path-like
        The file.

    trusted : list of str or type, default=None
        Types that the file may hold beside those of skrnn, plain values, arrays and most of
        scikit-learn, such as a transformer of your own: `["my_package.MyTransformer"]`. Fitted
        trees and forests have to be named as well: their arrays go to code in C that does not
        check them. Trust only what you know: a type that you name is imported and gets its
        attributes from the file.

    Returns
    -------
    estimator : estimator
        As it was saved.

    Raises
    ------
    ImportError
        If skops is not installed.
    ValueError
        If `save` did not write the file, a newer skrnn wrote it, it is truncated or was altered,
        holds types that are not trusted, or does not fit the versions that are installed.
    OSError
        If the file cannot be read.

    See Also
    --------
    save : Write the file.

    Notes
    -----
    The checksum finds damage. It does not tell who wrote a file: somebody who alters one and knows
    how can write a new checksum. Such a file still runs no code, but may predict anything.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import skrnn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     skrnn.save(skrnn.NaiveRegressor(strategy="drift"), Path(folder) / "rival.skrnn")
    ...     skrnn.load(Path(folder) / "rival.skrnn")
    NaiveRegressor(strategy='drift')
    """
    skops_io = _import_skops()
    written_by, number, content = _read(Path(path))
    known = {*_OTHER_TYPES, *map(_name_of, _OWN_TYPES), *map(_name_of, trusted or ())}
    try:
        if number < _FORMAT:
            content = _rename_modules(content)
        found = set(skops_io.get_untrusted_types(data=content))
        if not found - known:
            return skops_io.loads(content, trusted=sorted(found))
    except MemoryError:
        raise
    except Exception as error:
        raise ValueError(
            f"{path} was written by skrnn {written_by} and cannot be loaded with the packages that "
            f"are installed here (skrnn {version('skrnn')}): {error}. Install the versions that it "
            "was written with."
        ) from error
    unknown = sorted(found - known)
    raise ValueError(
        f"{path} holds types that are not trusted: {unknown}. If you know what they are, and that "
        f"nobody else has written the file: load(path, trusted={unknown})."
    )


def _read(path: Path) -> tuple[str, int, bytes]:
    """Return which version wrote a file, its format, and what skops wrote, once it is checked."""
    data = path.read_bytes()
    header = _HEADER.match(data[:_LONGEST_HEADER])
    if header is None:
        raise ValueError(
            f"{path} is not a file that skrnn.save wrote, or its beginning is lost. Files of "
            "pickle, joblib or skops are read by pickle, joblib or skops."
        )
    written_by = header["version"].decode(errors="replace")
    if int(header["format"]) > _FORMAT:
        raise ValueError(
            f"{path} has format {int(header['format'])}, written by skrnn {written_by}; this is "
            f"skrnn {version('skrnn')}, which knows formats up to {_FORMAT}. Install a newer skrnn."
        )
    content = data[header.end() :]
    if _digest(data[: header.start("digest")], content) != header["digest"]:
        raise ValueError(
            f"{path} is truncated or was altered: its checksum is not that of its content. Take a "
            "copy, or save the estimator again."
        )
    return written_by, int(header["format"]), content


def _rename_modules(content: bytes) -> bytes:
    """Return what skops wrote in an earlier format, with the names that modules have now."""

    def rename(part: dict[str, Any]) -> dict[str, Any]:
        module = part.get("__module__")
        return {**part, "__module__": _MOVED[module]} if module in _MOVED else part

    renamed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as files, zipfile.ZipFile(renamed, "w") as written:
        for file in files.infolist():
            data = files.read(file)
            if file.filename == "schema.json":
                data = json.dumps(json.loads(data, object_hook=rename)).encode()
            written.writestr(file, data)
    return renamed.getvalue()


def _digest(start: bytes, content: bytes) -> bytes:
    """Return the checksum of a file."""
    return hashlib.sha256(start + content).hexdigest().encode()


def _explain(estimator: Any, skops_io: ModuleType, error: Exception) -> str:
    """Return which part of an estimator a file cannot hold, and what to do, in sentences."""
    for name, value in sorted(estimator.get_params(deep=True).items()):
        is_list = isinstance(value, list | tuple)
        for place, part in enumerate(value) if is_list else [(None, value)]:
            # Estimators, and the pairs with their names, have their own parameters in the list.
            if isinstance(part, tuple | list) or hasattr(part, "get_params"):
                continue
            if not _can_be_held(part, skops_io):
                written = name if place is None else f"{name}[{place}]"
                return f"A file cannot hold {written} {_describe(name, part)}"
    for window in windows_of(estimator):
        labels = [label for label, _ in getattr(window, "_starts", ())]
        if not all(_can_be_held(label, skops_io) for label in labels):
            return (
                f"A file cannot hold the labels of the series of group={window.group!r}, which are "
                f"of type {type(labels[0]).__name__}. Write them as text or numbers before fit."
            )
    return (
        f"A part of it could not be loaded again without running its code "
        f"({type(error).__name__}: {error}). Use pickle, for files that nobody else writes."
    )


def _can_be_held(part: Any, skops_io: ModuleType) -> bool:
    """Tell whether a part of an estimator can be written and read again."""
    try:
        content = skops_io.dumps(part)
        skops_io.loads(content, trusted=skops_io.get_untrusted_types(data=content))
        # As estimators do with their callbacks before they are written.
        dumps(part)
    except Exception:
        return False
    return True


def _describe(name: str, part: Any) -> str:
    """Return what a part is that a file cannot hold, and what to do."""
    kind = type(part).__name__
    if name.endswith("callbacks"):
        return f"({kind}). Set {name}=None before (set_params); what was trained stays."
    if isfunction(part):
        return (
            f"(the function {part.__name__}). Define it with def in a module that can be imported "
            "where the file is loaded."
        )
    if type(part).__module__.partition(".")[0] == "keras":
        return f'({kind} of Keras). Give its name instead, such as optimizer="adam".'
    return f"({kind}). Use pickle, for files that nobody else writes."


def _import_skops() -> ModuleType:
    try:
        import skops.io
    except ImportError as error:
        raise ImportError(
            "save and load need skops, which is not installed: pip install 'skrnn[persistence]'."
        ) from error
    return skops.io
