"""RNNClassifier, LSTMClassifier and GRUClassifier: their parameters and their documentation."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from skrnn.estimators._base_classifier import BaseRecurrentClassifier
from skrnn.estimators._cell_parameters import GRUParameters, LSTMParameters, SimpleRNNParameters


class RNNClassifier(SimpleRNNParameters, BaseRecurrentClassifier):
    """A simple recurrent network for classification.

    Each step mixes its input with the state of the step before,
    ``h_t = tanh(x_t W_x + h_{t-1} W_h + b)``, and the last state gives the prediction. It is the
    smallest and fastest of the three, and forgets within some ten steps where the gradient
    vanishes.

    Parameters
    ----------
    units : int or sequence of int, default=50
        Units of the recurrent layer, or of each stacked layer: `(50, 50)` is two layers.

    embedding_dim : int, default=None
        Width of an embedding: X then holds numbers of symbols, such as words, one at a step, and
        each gets a learned vector of so many numbers. 0, like NaN, is an absent step, and so is a
        symbol above the largest one of `fit`; OrdinalEncoder counts from 0, so add 1. None: X
        holds the numbers that are read.

    dropout : float in [0, 1), default=0.0
        Share of units dropped after each recurrent layer in training.

    recurrent_dropout : float in [0, 1), default=0.0
        Share of the state dropped on its way from step to step in training, the same units at
        all steps of a batch (Gal & Ghahramani 2016). It trains on Keras' own layers, which are
        slower.

    activation : str or callable, default="tanh"
        Activation of the cell: a name Keras knows, or a function.

    kernel_regularizer : float, str or Keras regularizer, default=None
        Penalty on the input weights of the recurrent layers; a float is an L2 factor.

    bidirectional : bool, default=False
        Whether each layer reads the steps in both directions, with weights of its own for each
        (Schuster & Paliwal 1997). Not with `architecture="encoder_decoder"`.

    architecture : {"sequence_to_vector", "sequence_to_sequence", "vector_to_sequence", \
            "encoder_decoder"}, default="sequence_to_vector"
        What is read and what is written.

        - "sequence_to_vector": the last state gives a label.
        - "sequence_to_sequence": every step gets a label.
        - "vector_to_sequence": X is (n_samples, n_features), one vector that is read again at
          every step; as many steps are written as `y` has.
        - "encoder_decoder": a decoder starts in the last states of the encoder's layers and
          reads its own previous output, zeros first, in training as in prediction (Cho et al.
          2014); as many steps are written as `y` has.

    class_weight : dict or "balanced", default=None
        Weights of the classes in the loss, by label; a label that is not named weighs 1.
        "balanced": as many times less as a class has more rows, so that all weigh the same in sum.

    loss : str, callable or Keras loss, default="sparse_categorical_crossentropy"
        What is minimized. One whose name begins with "sparse" compares the numbers of the
        classes with their probabilities; any other one compares rows of zeros and a one, as
        "categorical_focal_crossentropy" does. An object is copied for every fit.

    optimizer : str or Keras optimizer, default="adam"
        What minimizes it. An object is copied for every fit and never changed.

    learning_rate : float, default=None
        Learning rate of an optimizer given by name. None: Keras' default for it.

    clipnorm : float, default=None
        Largest norm of the gradient of each weight, with an optimizer given by name. None: no
        limit.

    epochs : int, default=100
        Passes over the training rows.

    batch_size : int, default=32
        Rows of a gradient step.

    shuffle : bool, default=True
        Whether to shuffle the training rows before each epoch.

    early_stopping : bool, default=False
        Whether to hold out the last rows and stop when their loss no longer falls. The weights
        of the best epoch are restored.

    validation_split : float in (0, 1), default=0.1
        Share of the rows that early stopping holds out: the last ones, not drawn at random and
        not stratified. Shuffle rows that are sorted by label first.

    patience : int, default=10
        Epochs without a better validation loss before early stopping stops.

    callbacks : list of keras.callbacks.Callback, default=None
        Called during training, as they are given: they keep what they have seen, and see one fit
        at a time. Clones, as searches make them, have copies. After `fit` their `model` is None.

    checkpoint_dir : str or path-like, default=None
        Folder in which an unfinished `fit` keeps its state, in a file of its own. The same `fit`
        called again, after a crash or Ctrl-C, goes on where it was, and ends as if nothing had
        happened, bit for bit. Of `callbacks`, the numbers, text, arrays of numbers and lists of
        these go on. A `fit` with other rows or parameters starts over. None: nothing is written.

    warm_start : bool, default=False
        Whether `fit` trains `epochs` more from the kept weights and optimizer state, instead of
        starting over.

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the dropout and the shuffle. An int makes results the same
        bit for bit on one machine, with any number of threads; global generators play no part.

    verbose : {0, 1, 2}, default=0
        0 prints nothing, 1 shows one progress bar for the fit, 2 a line an epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, in order.

    history_ : dict of str to list of float
        Loss of each epoch: "loss" and, with rows held out, "val_loss".

    n_iter_ : int
        Epochs run in all.

    n_features_in_ : int
        Columns of 2-D X, features a step of 3-D X.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X had names that are all strings.

    n_timesteps_in_ : int
        Steps of the windows seen in `fit`.

    weights_ : list of ndarray
        Weights in the order of Keras.

    optimizer_state_ : list of ndarray
        State of the optimizer in the order of Keras.

    See Also
    --------
    SlidingWindowTransformer : Makes the windows.
    LSTMClassifier : Gates keep what is far back.
    GRUClassifier : Fewer gates than an LSTM.

    References
    ----------
    Elman, J. L. (1990). Finding structure in time. Cognitive Science, 14(2).

    Schuster, M. & Paliwal, K. (1997). Bidirectional recurrent neural networks. IEEE Transactions on
    Signal Processing, 45(11).

    Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for
    statistical machine translation. EMNLP.

    Gal, Y. & Ghahramani, Z. (2016). A theoretically grounded application of dropout in recurrent
    neural networks. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import RNNClassifier, SlidingWindowTransformer
    >>> wave = np.sin(0.3 * np.arange(200))
    >>> pipe = make_pipeline(
    ...     SlidingWindowTransformer(10), RNNClassifier(units=8, epochs=30, random_state=0)
    ... )
    >>> side = np.where(wave > 0, "above", "below")
    >>> pipe = pipe.fit(wave[:150, None], side[:150])
    >>> pipe.score(wave[150:, None], side[150:]) > 0.8
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseRecurrentClassifier._parameter_constraints,
        **SimpleRNNParameters._cell_constraints,
    }

    def __init__(
        self,
        units: int | Sequence[int] = 50,
        *,
        embedding_dim: int | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        activation: str | Callable[..., Any] = "tanh",
        kernel_regularizer: Any = None,
        bidirectional: bool = False,
        architecture: str = "sequence_to_vector",
        class_weight: dict[Any, float] | str | None = None,
        loss: Any = "sparse_categorical_crossentropy",
        optimizer: Any = "adam",
        learning_rate: float | None = None,
        clipnorm: float | None = None,
        epochs: int = 100,
        batch_size: int = 32,
        shuffle: bool = True,
        early_stopping: bool = False,
        validation_split: float = 0.1,
        patience: int = 10,
        callbacks: list[Any] | None = None,
        checkpoint_dir: str | os.PathLike[str] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.units = units
        self.embedding_dim = embedding_dim
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.activation = activation
        self.kernel_regularizer = kernel_regularizer
        self.bidirectional = bidirectional
        self.architecture = architecture
        self.class_weight = class_weight
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.clipnorm = clipnorm
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_split = validation_split
        self.patience = patience
        self.callbacks = callbacks
        self.checkpoint_dir = checkpoint_dir
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose


class LSTMClassifier(LSTMParameters, BaseRecurrentClassifier):
    """A long short-term memory network for classification.

    Input, forget and output gates decide what the cell takes in, keeps and shows, so that a value
    from many steps back can reach the prediction, which is made from the last state.

    Parameters
    ----------
    units : int or sequence of int, default=50
        Units of the recurrent layer, or of each stacked layer: `(50, 50)` is two layers.

    embedding_dim : int, default=None
        Width of an embedding: X then holds numbers of symbols, such as words, one at a step, and
        each gets a learned vector of so many numbers. 0, like NaN, is an absent step, and so is a
        symbol above the largest one of `fit`; OrdinalEncoder counts from 0, so add 1. None: X
        holds the numbers that are read.

    dropout : float in [0, 1), default=0.0
        Share of units dropped after each recurrent layer in training.

    recurrent_dropout : float in [0, 1), default=0.0
        Share of the state dropped on its way from step to step in training, the same units at
        all steps of a batch (Gal & Ghahramani 2016). It trains on Keras' own layers, which are
        slower.

    activation : str or callable, default="tanh"
        Activation of the cell: a name Keras knows, or a function.

    peephole : bool, default=False
        Whether the gates see the cell state, too (Gers & Schmidhuber 2000).

    memory_steps : int of at least 2, default=None
        Let the gates start with a memory of up to so many steps: their biases are drawn as by
        Tallec & Ollivier (2018). None: Keras' biases, which forget within some steps. It counts
        where training starts, not where it goes on.

    kernel_regularizer : float, str or Keras regularizer, default=None
        Penalty on the input weights of the recurrent layers; a float is an L2 factor.

    bidirectional : bool, default=False
        Whether each layer reads the steps in both directions, with weights of its own for each
        (Schuster & Paliwal 1997). Not with `architecture="encoder_decoder"`.

    architecture : {"sequence_to_vector", "sequence_to_sequence", "vector_to_sequence", \
            "encoder_decoder"}, default="sequence_to_vector"
        What is read and what is written.

        - "sequence_to_vector": the last state gives a label.
        - "sequence_to_sequence": every step gets a label.
        - "vector_to_sequence": X is (n_samples, n_features), one vector that is read again at
          every step; as many steps are written as `y` has.
        - "encoder_decoder": a decoder starts in the last states of the encoder's layers and
          reads its own previous output, zeros first, in training as in prediction (Cho et al.
          2014); as many steps are written as `y` has.

    class_weight : dict or "balanced", default=None
        Weights of the classes in the loss, by label; a label that is not named weighs 1.
        "balanced": as many times less as a class has more rows, so that all weigh the same in sum.

    loss : str, callable or Keras loss, default="sparse_categorical_crossentropy"
        What is minimized. One whose name begins with "sparse" compares the numbers of the
        classes with their probabilities; any other one compares rows of zeros and a one, as
        "categorical_focal_crossentropy" does. An object is copied for every fit.

    optimizer : str or Keras optimizer, default="adam"
        What minimizes it. An object is copied for every fit and never changed.

    learning_rate : float, default=None
        Learning rate of an optimizer given by name. None: Keras' default for it.

    clipnorm : float, default=None
        Largest norm of the gradient of each weight, with an optimizer given by name. None: no
        limit.

    epochs : int, default=100
        Passes over the training rows.

    batch_size : int, default=32
        Rows of a gradient step.

    shuffle : bool, default=True
        Whether to shuffle the training rows before each epoch.

    early_stopping : bool, default=False
        Whether to hold out the last rows and stop when their loss no longer falls. The weights
        of the best epoch are restored.

    validation_split : float in (0, 1), default=0.1
        Share of the rows that early stopping holds out: the last ones, not drawn at random and
        not stratified. Shuffle rows that are sorted by label first.

    patience : int, default=10
        Epochs without a better validation loss before early stopping stops.

    callbacks : list of keras.callbacks.Callback, default=None
        Called during training, as they are given: they keep what they have seen, and see one fit
        at a time. Clones, as searches make them, have copies. After `fit` their `model` is None.

    checkpoint_dir : str or path-like, default=None
        Folder in which an unfinished `fit` keeps its state, in a file of its own. The same `fit`
        called again, after a crash or Ctrl-C, goes on where it was, and ends as if nothing had
        happened, bit for bit. Of `callbacks`, the numbers, text, arrays of numbers and lists of
        these go on. A `fit` with other rows or parameters starts over. None: nothing is written.

    warm_start : bool, default=False
        Whether `fit` trains `epochs` more from the kept weights and optimizer state, instead of
        starting over.

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the dropout and the shuffle. An int makes results the same
        bit for bit on one machine, with any number of threads; global generators play no part.

    verbose : {0, 1, 2}, default=0
        0 prints nothing, 1 shows one progress bar for the fit, 2 a line an epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, in order.

    history_ : dict of str to list of float
        Loss of each epoch: "loss" and, with rows held out, "val_loss".

    n_iter_ : int
        Epochs run in all.

    n_features_in_ : int
        Columns of 2-D X, features a step of 3-D X.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X had names that are all strings.

    n_timesteps_in_ : int
        Steps of the windows seen in `fit`.

    weights_ : list of ndarray
        Weights in the order of Keras.

    optimizer_state_ : list of ndarray
        State of the optimizer in the order of Keras.

    See Also
    --------
    SlidingWindowTransformer : Makes the windows.
    GRUClassifier : Fewer gates, often as good.
    RNNClassifier : No gates.

    References
    ----------
    Hochreiter, S. & Schmidhuber, J. (1997). Long short-term memory. Neural Computation, 9(8).

    Gers, F., Schmidhuber, J. & Cummins, F. (2000). Learning to forget: continual prediction with
    LSTM. Neural Computation, 12(10).

    Gers, F. & Schmidhuber, J. (2000). Recurrent nets that time and count. IJCNN.

    Schuster, M. & Paliwal, K. (1997). Bidirectional recurrent neural networks. IEEE Transactions on
    Signal Processing, 45(11).

    Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for
    statistical machine translation. EMNLP.

    Gal, Y. & Ghahramani, Z. (2016). A theoretically grounded application of dropout in recurrent
    neural networks. NeurIPS.

    Tallec, C. & Ollivier, Y. (2018). Can recurrent neural networks warp time? ICLR.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import LSTMClassifier, SlidingWindowTransformer
    >>> wave = np.sin(0.3 * np.arange(200))
    >>> pipe = make_pipeline(
    ...     SlidingWindowTransformer(10), LSTMClassifier(units=8, epochs=30, random_state=0)
    ... )
    >>> side = np.where(wave > 0, "above", "below")
    >>> pipe = pipe.fit(wave[:150, None], side[:150])
    >>> pipe.score(wave[150:, None], side[150:]) > 0.8
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseRecurrentClassifier._parameter_constraints,
        **LSTMParameters._cell_constraints,
    }

    def __init__(
        self,
        units: int | Sequence[int] = 50,
        *,
        embedding_dim: int | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        activation: str | Callable[..., Any] = "tanh",
        peephole: bool = False,
        memory_steps: int | None = None,
        kernel_regularizer: Any = None,
        bidirectional: bool = False,
        architecture: str = "sequence_to_vector",
        class_weight: dict[Any, float] | str | None = None,
        loss: Any = "sparse_categorical_crossentropy",
        optimizer: Any = "adam",
        learning_rate: float | None = None,
        clipnorm: float | None = None,
        epochs: int = 100,
        batch_size: int = 32,
        shuffle: bool = True,
        early_stopping: bool = False,
        validation_split: float = 0.1,
        patience: int = 10,
        callbacks: list[Any] | None = None,
        checkpoint_dir: str | os.PathLike[str] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.units = units
        self.embedding_dim = embedding_dim
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.activation = activation
        self.kernel_regularizer = kernel_regularizer
        self.bidirectional = bidirectional
        self.architecture = architecture
        self.class_weight = class_weight
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.clipnorm = clipnorm
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_split = validation_split
        self.patience = patience
        self.callbacks = callbacks
        self.checkpoint_dir = checkpoint_dir
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.peephole = peephole
        self.memory_steps = memory_steps


class GRUClassifier(GRUParameters, BaseRecurrentClassifier):
    """A gated recurrent unit network for classification.

    Update and reset gates decide how much of the state each step replaces. It has three quarters
    of the weights of an LSTM. The last state gives the prediction.

    Parameters
    ----------
    units : int or sequence of int, default=50
        Units of the recurrent layer, or of each stacked layer: `(50, 50)` is two layers.

    embedding_dim : int, default=None
        Width of an embedding: X then holds numbers of symbols, such as words, one at a step, and
        each gets a learned vector of so many numbers. 0, like NaN, is an absent step, and so is a
        symbol above the largest one of `fit`; OrdinalEncoder counts from 0, so add 1. None: X
        holds the numbers that are read.

    dropout : float in [0, 1), default=0.0
        Share of units dropped after each recurrent layer in training.

    recurrent_dropout : float in [0, 1), default=0.0
        Share of the state dropped on its way from step to step in training, the same units at
        all steps of a batch (Gal & Ghahramani 2016). It trains on Keras' own layers, which are
        slower.

    activation : str or callable, default="tanh"
        Activation of the cell: a name Keras knows, or a function.

    reset_after : bool, default=True
        Whether the reset gate is applied after the matrix product, as in cuDNN, instead of
        before it, as in the paper.

    memory_steps : int of at least 2, default=None
        Let the gates start with a memory of up to so many steps: their biases are drawn as by
        Tallec & Ollivier (2018). None: Keras' biases, which forget within some steps. It counts
        where training starts, not where it goes on.

    kernel_regularizer : float, str or Keras regularizer, default=None
        Penalty on the input weights of the recurrent layers; a float is an L2 factor.

    bidirectional : bool, default=False
        Whether each layer reads the steps in both directions, with weights of its own for each
        (Schuster & Paliwal 1997). Not with `architecture="encoder_decoder"`.

    architecture : {"sequence_to_vector", "sequence_to_sequence", "vector_to_sequence", \
            "encoder_decoder"}, default="sequence_to_vector"
        What is read and what is written.

        - "sequence_to_vector": the last state gives a label.
        - "sequence_to_sequence": every step gets a label.
        - "vector_to_sequence": X is (n_samples, n_features), one vector that is read again at
          every step; as many steps are written as `y` has.
        - "encoder_decoder": a decoder starts in the last states of the encoder's layers and
          reads its own previous output, zeros first, in training as in prediction (Cho et al.
          2014); as many steps are written as `y` has.

    class_weight : dict or "balanced", default=None
        Weights of the classes in the loss, by label; a label that is not named weighs 1.
        "balanced": as many times less as a class has more rows, so that all weigh the same in sum.

    loss : str, callable or Keras loss, default="sparse_categorical_crossentropy"
        What is minimized. One whose name begins with "sparse" compares the numbers of the
        classes with their probabilities; any other one compares rows of zeros and a one, as
        "categorical_focal_crossentropy" does. An object is copied for every fit.

    optimizer : str or Keras optimizer, default="adam"
        What minimizes it. An object is copied for every fit and never changed.

    learning_rate : float, default=None
        Learning rate of an optimizer given by name. None: Keras' default for it.

    clipnorm : float, default=None
        Largest norm of the gradient of each weight, with an optimizer given by name. None: no
        limit.

    epochs : int, default=100
        Passes over the training rows.

    batch_size : int, default=32
        Rows of a gradient step.

    shuffle : bool, default=True
        Whether to shuffle the training rows before each epoch.

    early_stopping : bool, default=False
        Whether to hold out the last rows and stop when their loss no longer falls. The weights
        of the best epoch are restored.

    validation_split : float in (0, 1), default=0.1
        Share of the rows that early stopping holds out: the last ones, not drawn at random and
        not stratified. Shuffle rows that are sorted by label first.

    patience : int, default=10
        Epochs without a better validation loss before early stopping stops.

    callbacks : list of keras.callbacks.Callback, default=None
        Called during training, as they are given: they keep what they have seen, and see one fit
        at a time. Clones, as searches make them, have copies. After `fit` their `model` is None.

    checkpoint_dir : str or path-like, default=None
        Folder in which an unfinished `fit` keeps its state, in a file of its own. The same `fit`
        called again, after a crash or Ctrl-C, goes on where it was, and ends as if nothing had
        happened, bit for bit. Of `callbacks`, the numbers, text, arrays of numbers and lists of
        these go on. A `fit` with other rows or parameters starts over. None: nothing is written.

    warm_start : bool, default=False
        Whether `fit` trains `epochs` more from the kept weights and optimizer state, instead of
        starting over.

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the dropout and the shuffle. An int makes results the same
        bit for bit on one machine, with any number of threads; global generators play no part.

    verbose : {0, 1, 2}, default=0
        0 prints nothing, 1 shows one progress bar for the fit, 2 a line an epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, in order.

    history_ : dict of str to list of float
        Loss of each epoch: "loss" and, with rows held out, "val_loss".

    n_iter_ : int
        Epochs run in all.

    n_features_in_ : int
        Columns of 2-D X, features a step of 3-D X.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X had names that are all strings.

    n_timesteps_in_ : int
        Steps of the windows seen in `fit`.

    weights_ : list of ndarray
        Weights in the order of Keras.

    optimizer_state_ : list of ndarray
        State of the optimizer in the order of Keras.

    See Also
    --------
    SlidingWindowTransformer : Makes the windows.
    LSTMClassifier : One more gate, and a cell state.
    RNNClassifier : No gates.

    References
    ----------
    Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for
    statistical machine translation. EMNLP.

    Schuster, M. & Paliwal, K. (1997). Bidirectional recurrent neural networks. IEEE Transactions on
    Signal Processing, 45(11).

    Gal, Y. & Ghahramani, Z. (2016). A theoretically grounded application of dropout in recurrent
    neural networks. NeurIPS.

    Tallec, C. & Ollivier, Y. (2018). Can recurrent neural networks warp time? ICLR.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import GRUClassifier, SlidingWindowTransformer
    >>> wave = np.sin(0.3 * np.arange(200))
    >>> pipe = make_pipeline(
    ...     SlidingWindowTransformer(10), GRUClassifier(units=8, epochs=30, random_state=0)
    ... )
    >>> side = np.where(wave > 0, "above", "below")
    >>> pipe = pipe.fit(wave[:150, None], side[:150])
    >>> pipe.score(wave[150:, None], side[150:]) > 0.8
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseRecurrentClassifier._parameter_constraints,
        **GRUParameters._cell_constraints,
    }

    def __init__(
        self,
        units: int | Sequence[int] = 50,
        *,
        embedding_dim: int | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        activation: str | Callable[..., Any] = "tanh",
        reset_after: bool = True,
        memory_steps: int | None = None,
        kernel_regularizer: Any = None,
        bidirectional: bool = False,
        architecture: str = "sequence_to_vector",
        class_weight: dict[Any, float] | str | None = None,
        loss: Any = "sparse_categorical_crossentropy",
        optimizer: Any = "adam",
        learning_rate: float | None = None,
        clipnorm: float | None = None,
        epochs: int = 100,
        batch_size: int = 32,
        shuffle: bool = True,
        early_stopping: bool = False,
        validation_split: float = 0.1,
        patience: int = 10,
        callbacks: list[Any] | None = None,
        checkpoint_dir: str | os.PathLike[str] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.units = units
        self.embedding_dim = embedding_dim
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.activation = activation
        self.kernel_regularizer = kernel_regularizer
        self.bidirectional = bidirectional
        self.architecture = architecture
        self.class_weight = class_weight
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.clipnorm = clipnorm
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_split = validation_split
        self.patience = patience
        self.callbacks = callbacks
        self.checkpoint_dir = checkpoint_dir
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.reset_after = reset_after
        self.memory_steps = memory_steps
