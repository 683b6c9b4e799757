"""Persistence: save estimators to files that run no code when they are loaded."""

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
from inspect import getmembers, isfunction
from pathlib import Path, PosixPath, WindowsPath
from pickle import dumps
from types import ModuleType
from typing import Any

from sklearn import feature_selection, metrics, model_selection
from sklearn.utils._param_validation import validate_params

from skrnn import metrics as own_metrics
from skrnn._utils.atomic_writes import replace_file
from skrnn._utils.estimator_arguments import refuse_other_models
from skrnn.estimators._classifiers import GRUClassifier, LSTMClassifier, RNNClassifier
from skrnn.estimators._conformal_intervals import ConformalIntervals
from skrnn.estimators._naive import NaiveRegressor
from skrnn.estimators._regressors import GRURegressor, LSTMRegressor, RNNRegressor
from skrnn.windows._stepwise_transformer import StepwiseTransformer
from skrnn.windows._transformer import SlidingWindowTransformer, windows_of


def _name_of(kind: Any) -> str:
    """Return the full name of a type or function, as skops writes it."""
    return kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"


def _is_splitter(part: Any) -> bool:
    """Return whether a part of scikit-learn splits rows for a cross-validation."""
    return hasattr(part, "get_n_splits")


# Increases when an older skrnn cannot read new files.
_FORMAT = 2
# New names of the modules in files of earlier versions.
_RENAMED_MODULES = {
    "skrnn._classifiers": "skrnn.estimators._classifiers",
    "skrnn._naive": "skrnn.estimators._naive",
    "skrnn._regressors": "skrnn.estimators._regressors",
    "skrnn._sliding_window": "skrnn.windows._transformer",
}
_HEADER = re.compile(rb"skrnn (?P<version>\S+) format (?P<format>\d+) sha256 (?P<digest>\w{64})\n")
_LONGEST_HEADER = 200
_OWN_TYPES = (
    *(ConformalIntervals, GRUClassifier, GRURegressor, LSTMClassifier, LSTMRegressor),
    *(NaiveRegressor, RNNClassifier, RNNRegressor, SlidingWindowTransformer, StepwiseTransformer),
)
# Parts of pipelines and searches that skops does not trust by default. Trees and forests are left
# out, because C code reads their arrays without a check.
_OTHER_TYPES = (
    "numpy.dtype",
    "numpy.ma.MaskedArray",  # skops trusts its name in NumPy 1
    "sklearn.metrics._scorer._MultimetricScorer",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.model_selection._split._CVIterableWrapper",
    # Needed for the oldest supported scikit-learn. These types hold plain values only.
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
    *map(_name_of, (date, timedelta, PosixPath, WindowsPath)),
    *(_name_of(part) for _, part in getmembers(model_selection, _is_splitter)),
    *(_name_of(part) for _, part in getmembers(metrics, isfunction)),
    *(_name_of(part) for _, part in getmembers(feature_selection, isfunction)),
    *(f"{own_metrics.__name__}.{name}" for name in own_metrics.__all__),
)


@validate_params(
    {"estimator": "no_validation", "path": [str, os.PathLike]},
    prefer_skip_nested_validation=True,
)
def save(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Write an estimator to a file that `load` reads without running code from the file.

    Use it instead of pickle, whose files can run any code when they are loaded. The file holds the
    whole state. The loaded estimator makes the same predictions, continues training, and continues
    the fitted series.

    Parameters
    ----------
    estimator : estimator
        An estimator, pipeline or search of scikit-learn and skrnn, fitted or not. It may have
        parts of other packages if skops can write them. `load` then needs their types in `trusted`.

    path : str or path-like
        Path of the file. A crash while writing leaves the old file unchanged.

    Raises
    ------
    ImportError
        If skops is not installed.
    TypeError
        If the estimator is a class, or a Keras model.
    ValueError
        If a part of the estimator could not be loaded again: a lambda, a Keras optimizer, a
        callback, series that are named by dates, metadata requests. The error names the part.
    OSError
        If the file cannot be written.

    See Also
    --------
    load : Read the file.

    Notes
    -----
    The file begins with a line of text: the version of skrnn, the version of the format and a
    checksum. The content of skops follows (https://skops.readthedocs.io).

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
        advice='Save a Keras model with its own method: model.save("model.keras").',
    )
    if not hasattr(estimator, "get_params"):
        raise ValueError(
            "The 'estimator' parameter of save must be an estimator, a pipeline or a search. Got "
            f"{reprlib.repr(estimator)} instead."
        )
    skops_io = _import_skops()
    try:
        content = skops_io.dumps(estimator)
        # Test that the content can be loaded, because the estimator may be lost later.
        skops_io.loads(content, trusted=skops_io.get_untrusted_types(data=content))
    except RecursionError as error:
        raise ValueError(
            f"{type(estimator).__name__} cannot be saved, because a part of it refers to itself, "
            "which skops cannot write. Metadata requests (set_fit_request) are a usual cause. Use "
            "pickle instead, and load only files that you trust."
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
    """Read an estimator that `save` wrote, without running code from the file.

    Parameters
    ----------
    path : str or path-like
        Path of the file.

    trusted : list of str or type, default=None
        Additional types that the file may hold, such as your own transformer:
        `["my_package.MyTransformer"]`. Types of skrnn, plain values, arrays and most types of
        scikit-learn are always allowed. Fitted trees and forests must be named, because C code
        reads their arrays without a check. Name only types that you know: they are imported and
        get their attributes from the file.

    Returns
    -------
    estimator : estimator
        The estimator, with the state in which it was saved.

    Raises
    ------
    ImportError
        If skops is not installed.
    ValueError
        If the file was not written by `save`, was written by a newer skrnn, is truncated or
        altered, holds types that are not trusted, or does not fit the installed versions.
    OSError
        If the file cannot be read.

    See Also
    --------
    save : Write the file.

    Notes
    -----
    The checksum finds damage, not manipulation: somebody who alters a file can also write a new
    checksum. An altered file still runs no code, but its predictions cannot be trusted.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import skrnn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     skrnn.save(skrnn.NaiveRegressor(strategy="drift"), Path(folder) / "naive.skrnn")
    ...     skrnn.load(Path(folder) / "naive.skrnn")
    NaiveRegressor(strategy='drift')
    """
    skops_io = _import_skops()
    written_by, content = _read(Path(path))
    known = {*_OTHER_TYPES, *map(_name_of, _OWN_TYPES), *map(_name_of, trusted or ())}
    try:
        content = _rename_modules(content)
        found = set(skops_io.get_untrusted_types(data=content))
        if not found - known:
            return skops_io.loads(content, trusted=sorted(found))
    except MemoryError:
        raise
    except Exception as error:
        raise ValueError(
            f"{path} was written by skrnn {written_by} and cannot be loaded with the installed "
            f"packages (skrnn {version('skrnn')}): {error}. Install the versions that wrote it."
        ) from error
    unknown = sorted(found - known)
    raise ValueError(
        f"{path} holds types that are not trusted: {unknown}. If you know these types and trust "
        f"the writer of the file, use load(path, trusted={unknown})."
    )


def _read(path: Path) -> tuple[str, bytes]:
    """Return the version that wrote a file and the content of skops, after checks."""
    data = path.read_bytes()
    header = _HEADER.match(data[:_LONGEST_HEADER])
    if header is None:
        raise ValueError(
            f"{path} is not a file that skrnn.save wrote, or its beginning is lost. Read files of "
            "pickle, joblib or skops with pickle, joblib or skops."
        )
    written_by = header["version"].decode(errors="replace")
    if int(header["format"]) > _FORMAT:
        raise ValueError(
            f"{path} has format {int(header['format'])}, written by skrnn {written_by}; this is "
            f"skrnn {version('skrnn')}, which reads formats up to {_FORMAT}. Install a newer skrnn."
        )
    content = data[header.end() :]
    if _digest(data[: header.start("digest")], content) != header["digest"]:
        raise ValueError(
            f"{path} is truncated or was altered: its checksum does not match its content. Use a "
            "backup copy, or save the estimator again."
        )
    return written_by, content


def _rename_modules(content: bytes) -> bytes:
    """Return the content of an earlier version with the current names of modules."""

    def rename(part: dict[str, Any]) -> dict[str, Any]:
        module = part.get("__module__")
        return (
            {**part, "__module__": _RENAMED_MODULES[module]} if module in _RENAMED_MODULES else part
        )

    renamed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as files, zipfile.ZipFile(renamed, "w") as written:
        schema = files.read("schema.json").decode()
        if not any(f'"{module}"' in schema for module in _RENAMED_MODULES):
            return content
        for file in files.infolist():
            data = files.read(file)
            if file.filename == "schema.json":
                data = json.dumps(json.loads(schema, object_hook=rename)).encode()
            written.writestr(file, data)
    return renamed.getvalue()


def _digest(start: bytes, content: bytes) -> bytes:
    """Return the checksum of a file."""
    return hashlib.sha256(start + content).hexdigest().encode()


def _explain(estimator: Any, skops_io: ModuleType, error: Exception) -> str:
    """Return sentences that name the part that a file cannot hold, and what to do."""
    for name, value in sorted(estimator.get_params(deep=True).items()):
        is_list = isinstance(value, list | tuple)
        for place, part in enumerate(value) if is_list else [(None, value)]:
            # Parameters of nested estimators are in the list under their own names.
            if isinstance(part, tuple | list) or hasattr(part, "get_params"):
                continue
            if not _can_be_held(part, skops_io):
                written = name if place is None else f"{name}[{place}]"
                return f"A file cannot hold {written} {_describe(name, part)}"
    for window in windows_of(estimator):
        labels = [label for label, _ in getattr(window, "_starts", ())]
        if not all(_can_be_held(label, skops_io) for label in labels):
            return (
                f"A file cannot hold the keys of the series of group={window.group!r}, which are "
                f"of type {type(labels[0]).__name__}. Convert them to text or numbers before fit."
            )
    return (
        f"A part of the estimator cannot be loaded without running code from the file "
        f"({type(error).__name__}: {error}). Use pickle, and load only files that you trust."
    )


def _can_be_held(part: Any, skops_io: ModuleType) -> bool:
    """Return whether a part of an estimator can be written and read again."""
    try:
        content = skops_io.dumps(part)
        skops_io.loads(content, trusted=skops_io.get_untrusted_types(data=content))
        # Estimators pickle their callbacks as a test before they are written.
        dumps(part)
    except Exception:
        return False
    return True


def _describe(name: str, part: Any) -> str:
    """Return the type of a part that a file cannot hold, and what to do."""
    kind = type(part).__name__
    if name.endswith("callbacks"):
        return f"({kind}). Set {name}=None before saving (set_params). The trained weights stay."
    if isfunction(part):
        return (
            f"(the function {part.__name__}). Define it with def in a module that can be imported "
            "where the file is loaded."
        )
    if type(part).__module__.partition(".")[0] == "keras":
        return f'({kind} of Keras). Give its name instead, such as optimizer="adam".'
    return f"({kind}). Use pickle, and load only files that you trust."


def _import_skops() -> ModuleType:
    try:
        import skops.io
    except ImportError as error:
        raise ImportError(
            "save and load need skops, which is not installed. Install it with: "
            "pip install 'skrnn[persistence]'."
        ) from error
    return skops.io
