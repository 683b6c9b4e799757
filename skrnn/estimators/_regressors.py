"""Regressors: RNNRegressor, LSTMRegressor and GRURegressor."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from skrnn.estimators._base_regressor import BaseRecurrentRegressor
from skrnn.estimators._cell_parameters import GRUParameters, LSTMParameters, SimpleRNNParameters


class RNNRegressor(SimpleRNNParameters, BaseRecurrentRegressor):
    """A simple recurrent network for regression.

    Each step combines its input with the state of the step before,
    ``h_t = tanh(x_t W_x + h_{t-1} W_h + b)``. The last state gives the prediction. This
    network is the smallest and fastest of the three. Because gradients vanish, it forgets within
    about ten steps.

    Parameters
    ----------
    units : int or sequence of int, default=50
        Number of units of the recurrent layer, or of each stacked layer: `(50, 50)` makes two
        layers.

    embedding_dim : int, default=None
        Width of an embedding. Each step of X is then the number of a symbol, such as a word, and
        each symbol gets a learned vector of this width. Count symbols from 1 (OrdinalEncoder, plus
        1). NaN, 0 and numbers above the largest one in `fit` are missing steps. None: no embedding,
        so the network reads the numbers in X.

    dropout : float in [0, 1), default=0.0
        Share of the units that training drops after each recurrent layer.

    recurrent_dropout : float in [0, 1), default=0.0
        Share of the state that training drops between steps. The same units are dropped at all
        steps of a batch (Gal & Ghahramani 2016). Training then uses Keras' own layers, which are
        slower.

    activation : str or callable, default="tanh"
        Activation of the cell: the name of a Keras activation, or a function.

    kernel_regularizer : float, str or Keras regularizer, default=None
        Penalty on the input weights of the recurrent layers. A float is an L2 factor.

    bidirectional : bool, default=False
        Whether each layer reads the steps in both directions, with separate weights for each
        direction (Schuster & Paliwal 1997). Not available with `architecture="encoder_decoder"`.

    architecture : {"sequence_to_vector", "sequence_to_sequence", "vector_to_sequence", \
            "encoder_decoder"}, default="sequence_to_vector"
        Shape of the input and of the output.

        - "sequence_to_vector": the last state gives one or several outputs.
        - "sequence_to_sequence": every step gives one or several outputs. In a Pipeline, targets
          of all steps are windows of `y` with `horizon=0`.
        - "vector_to_sequence": X has the shape (n_samples, n_features). The network reads the same
          vector at every step, and writes as many steps as `y` has.
        - "encoder_decoder": a decoder writes as many steps as `y` has (Cho et al. 2014). It starts
          from the last states of the encoder. At each step it reads its own previous output, zeros
          at the first step, in training as in prediction.

    normalize_windows : {"last", "standard"}, default=None
        Whether the network reads each window relative to its own level, so that it can predict
        values beyond the range of the training rows.

        - "last": relative to the last step that is not missing (NLinear, Zeng et al. 2023). The
          outputs are added to the value of this step, so training starts near the naive forecast.
        - "standard": relative to the mean of the window, in standard deviations of the window
          (RevIN, Kim et al. 2022).

        `fit` finds the feature that `y` is, and the units of `y`, by comparing their numbers. The
        other features are read as they are. All outputs of a `sequence_to_sequence` are relative
        to the same level, that of the whole window. A filled step counts as a step, so use
        `padding="nan"` in SlidingWindowTransformer.

    normalize_features : "all" or list of int, default=None
        Further features that are read relative to their level in the window, counted from 0. Used
        only with `normalize_windows`.

    target_feature : int, default=None
        Feature with the level of `y`, counted from 0, for outputs that are not found among the
        features. Their factor and offset are fitted by least squares on the last step of the
        windows. Used only with `normalize_windows`. None: the only feature.

    linear_skip : bool, default=False
        Whether to add a linear map of the window to the output, like the autoregressive part of
        LSTNet (Lai et al. 2018). The map starts from ridge regression on the training windows,
        whose penalty is chosen by generalized cross-validation (Golub, Heath & Wahba 1979). The
        recurrent part starts from zero. Both are trained. If training is not clearly better than
        the start on held-out rows, the start is kept. Without held-out rows, `fit` first trains on
        the first 80 % of the rows, and the last 20 % decide. Callbacks see both
        trainings. Fewer than 10 rows keep the start. All windows must have one length, and
        the architecture must be "sequence_to_vector". Scale X, because missing steps count as 0
        in the map, and training moves large weights slowly.

    normalize_y : bool, default=True
        Whether to standardize `y` for training. Predictions are in the units of `y` in any case.

    quantiles : sequence of float, default=None
        Levels of the quantiles to predict, such as ``(0.1, 0.5, 0.9)``: increasing numbers within
        (0, 1), with 0.5. They are trained by the pinball loss (Koenker & Bassett 1978), in standard
        deviations of `y`. `predict` then returns the median, and `predict_quantiles` all of them.
        None: only one value is predicted, that which minimizes `loss`.

    n_networks : int, default=1
        Number of networks that differ in their seeds only. Predictions are the mean of theirs
        (Hansen & Salamon 1990). Networks are trained at the same time if there are cores for it,
        no callbacks and ``verbose=0``. The first one is the network of `n_networks=1`.

    loss : str, callable or Keras loss, default="mean_squared_error"
        Loss that training minimizes. The mean squared error is computed in variances of `y`, the
        mean absolute error in standard deviations of `y`. All others are computed in the units of
        `y`. If an object is given, each fit uses a copy of it.

    optimizer : str or Keras optimizer, default="adam"
        Optimizer that minimizes the loss. If an object is given, each fit uses a copy of it.

    learning_rate : float, default=None
        Learning rate of an optimizer given by name. None: the default of Keras.

    clipnorm : float, default=None
        Largest norm of the gradient of each weight array, for an optimizer given by name. None: no
        limit.

    epochs : int, default=100
        Number of passes over the training rows.

    batch_size : int, default=32
        Number of rows in each gradient step.

    shuffle : bool, default=True
        Whether to shuffle the training rows before each epoch.

    early_stopping : bool, default=False
        Whether to hold out the last rows, and to stop when their loss no longer falls. The weights
        of the best epoch are restored.

    validation_split : float in (0, 1), default=0.1
        Share of the rows that early stopping holds out. They are the last rows, not drawn at
        random.

    patience : int, default=10
        Early stopping ends training after this number of epochs without a better validation loss.

    callbacks : list of keras.callbacks.Callback, default=None
        Callbacks of training. `fit` calls the given objects, which keep their state. Two fits
        cannot use one object at the same time. Clones of the estimator, as in a search, have copies
        of the callbacks. After `fit`, the `model` of each callback is None.

    checkpoint_dir : str or path-like, default=None
        Folder in which each unfinished `fit` stores its state in a file. After a crash or Ctrl-C,
        the same `fit` continues from this state, and its result is the same in every bit.
        Attributes of `callbacks` are restored if they are numbers, text, arrays of numbers or lists
        of these. A `fit` with other rows or parameters starts over. With several networks, those
        that were finished are trained again. None: nothing is stored.

    warm_start : bool, default=False
        Whether `fit` trains for `epochs` more epochs from the kept weights, optimizer state and
        scale of `y`, instead of starting over.

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the dropout and the shuffle. With an int, results have the
        same bits on one machine, with any number of threads. Global generators are not used.

    verbose : {0, 1, 2}, default=0
        0 prints nothing. 1 shows the latest epoch: as one line on a terminal, and as about ten
        lines elsewhere, such as in a notebook. 2 prints a line for each epoch.

    Attributes
    ----------
    history_ : dict of str to list of float
        Loss of each epoch: "loss" and, with held-out rows, "val_loss". The mean over several
        networks, as long as the shortest training.

    n_iter_ : int
        Number of epochs trained in total, the largest of all networks.

    n_features_in_ : int
        Number of columns of 2-D X, or of features of a step of 3-D X.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of X, if all of them are strings.

    n_timesteps_in_ : int
        Length of the windows seen in `fit`, in steps.

    n_outputs_ : int
        Number of outputs: targets of a row, or of a step of a sequence.

    weights_ : list of ndarray
        Weights of the first network, in the order of Keras.

    networks_ : list of list of ndarray
        Weights of each network.

    optimizer_state_ : list of ndarray
        State of the optimizer of the first network, in the order of Keras.

    See Also
    --------
    SlidingWindowTransformer : Makes the windows.
    LSTMRegressor : Gates keep values from many steps back.
    GRURegressor : Fewer gates than an LSTM.
    NaiveRegressor : The naive forecast, which every network must beat.

    References
    ----------
    Elman, J. L. (1990). Finding structure in time. Cognitive Science, 14(2).

    Schuster, M. & Paliwal, K. (1997). Bidirectional recurrent neural networks. IEEE Transactions on
    Signal Processing, 45(11).

    Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for
    statistical machine translation. EMNLP.

    Gal, Y. & Ghahramani, Z. (2016). A theoretically grounded application of dropout in recurrent
    neural networks. NeurIPS.

    Lai, G., Chang, W.-C., Yang, Y. & Liu, H. (2018). Modeling long- and short-term temporal
    patterns with deep neural networks. SIGIR.

    Koenker, R. & Bassett, G. (1978). Regression quantiles. Econometrica, 46(1).

    Zeng, A., Chen, M., Zhang, L. & Xu, Q. (2023). Are transformers effective for time series
    forecasting? AAAI.

    Kim, T. et al. (2022). Reversible instance normalization for accurate time-series forecasting
    against distribution shift. ICLR.

    Hansen, L. K. & Salamon, P. (1990). Neural network ensembles. IEEE Transactions on Pattern
    Analysis and Machine Intelligence, 12(10).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import RNNRegressor, SlidingWindowTransformer
    >>> wave = np.sin(0.3 * np.arange(200))
    >>> pipe = make_pipeline(
    ...     SlidingWindowTransformer(10), RNNRegressor(units=8, learning_rate=0.03, random_state=0)
    ... )
    >>> pipe = pipe.fit(wave[:150, None], wave[:150])
    >>> pipe.score(wave[150:, None], wave[150:]) > 0.8
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseRecurrentRegressor._parameter_constraints,
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
        normalize_windows: str | None = None,
        normalize_features: str | Sequence[int] | None = None,
        target_feature: int | None = None,
        linear_skip: bool = False,
        normalize_y: bool = True,
        quantiles: Sequence[float] | None = None,
        n_networks: int = 1,
        loss: Any = "mean_squared_error",
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
        self.normalize_windows = normalize_windows
        self.normalize_features = normalize_features
        self.target_feature = target_feature
        self.linear_skip = linear_skip
        self.normalize_y = normalize_y
        self.quantiles = quantiles
        self.n_networks = n_networks
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


class LSTMRegressor(LSTMParameters, BaseRecurrentRegressor):
    """A long short-term memory network for regression.

    Input, forget and output gates decide what the cell state takes in, keeps and shows. A value
    from many steps back can reach the last state, which gives the prediction.

    Parameters
    ----------
    units : int or sequence of int, default=50
        Number of units of the recurrent layer, or of each stacked layer: `(50, 50)` makes two
        layers.

    embedding_dim : int, default=None
        Width of an embedding. Each step of X is then the number of a symbol, such as a word, and
        each symbol gets a learned vector of this width. Count symbols from 1 (OrdinalEncoder, plus
        1). NaN, 0 and numbers above the largest one in `fit` are missing steps. None: no embedding,
        so the network reads the numbers in X.

    dropout : float in [0, 1), default=0.0
        Share of the units that training drops after each recurrent layer.

    recurrent_dropout : float in [0, 1), default=0.0
        Share of the state that training drops between steps. The same units are dropped at all
        steps of a batch (Gal & Ghahramani 2016). Training then uses Keras' own layers, which are
        slower.

    activation : str or callable, default="tanh"
        Activation of the cell: the name of a Keras activation, or a function.

    peephole : bool, default=False
        Whether the gates also see the cell state (Gers & Schmidhuber 2000).

    memory_steps : int of at least 2, default=None
        Longest memory, in steps, that the gates start with. Their biases are drawn as in Tallec &
        Ollivier (2018). None: the biases of Keras, with which gates forget within a few steps.
        `memory_steps` has no effect when training continues from kept weights.

    kernel_regularizer : float, str or Keras regularizer, default=None
        Penalty on the input weights of the recurrent layers. A float is an L2 factor.

    bidirectional : bool, default=False
        Whether each layer reads the steps in both directions, with separate weights for each
        direction (Schuster & Paliwal 1997). Not available with `architecture="encoder_decoder"`.

    architecture : {"sequence_to_vector", "sequence_to_sequence", "vector_to_sequence", \
            "encoder_decoder"}, default="sequence_to_vector"
        Shape of the input and of the output.

        - "sequence_to_vector": the last state gives one or several outputs.
        - "sequence_to_sequence": every step gives one or several outputs. In a Pipeline, targets
          of all steps are windows of `y` with `horizon=0`.
        - "vector_to_sequence": X has the shape (n_samples, n_features). The network reads the same
          vector at every step, and writes as many steps as `y` has.
        - "encoder_decoder": a decoder writes as many steps as `y` has (Cho et al. 2014). It starts
          from the last states of the encoder. At each step it reads its own previous output, zeros
          at the first step, in training as in prediction.

    normalize_windows : {"last", "standard"}, default=None
        Whether the network reads each window relative to its own level, so that it can predict
        values beyond the range of the training rows.

        - "last": relative to the last step that is not missing (NLinear, Zeng et al. 2023). The
          outputs are added to the value of this step, so training starts near the naive forecast.
        - "standard": relative to the mean of the window, in standard deviations of the window
          (RevIN, Kim et al. 2022).

        `fit` finds the feature that `y` is, and the units of `y`, by comparing their numbers. The
        other features are read as they are. All outputs of a `sequence_to_sequence` are relative
        to the same level, that of the whole window. A filled step counts as a step, so use
        `padding="nan"` in SlidingWindowTransformer.

    normalize_features : "all" or list of int, default=None
        Further features that are read relative to their level in the window, counted from 0. Used
        only with `normalize_windows`.

    target_feature : int, default=None
        Feature with the level of `y`, counted from 0, for outputs that are not found among the
        features. Their factor and offset are fitted by least squares on the last step of the
        windows. Used only with `normalize_windows`. None: the only feature.

    linear_skip : bool, default=False
        Whether to add a linear map of the window to the output, like the autoregressive part of
        LSTNet (Lai et al. 2018). The map starts from ridge regression on the training windows,
        whose penalty is chosen by generalized cross-validation (Golub, Heath & Wahba 1979). The
        recurrent part starts from zero. Both are trained. If training is not clearly better than
        the start on held-out rows, the start is kept. Without held-out rows, `fit` first trains on
        the first 80 % of the rows, and the last 20 % decide. Callbacks see both
        trainings. Fewer than 10 rows keep the start. All windows must have one length, and
        the architecture must be "sequence_to_vector". Scale X, because missing steps count as 0
        in the map, and training moves large weights slowly.

    normalize_y : bool, default=True
        Whether to standardize `y` for training. Predictions are in the units of `y` in any case.

    quantiles : sequence of float, default=None
        Levels of the quantiles to predict, such as ``(0.1, 0.5, 0.9)``: increasing numbers within
        (0, 1), with 0.5. They are trained by the pinball loss (Koenker & Bassett 1978), in standard
        deviations of `y`. `predict` then returns the median, and `predict_quantiles` all of them.
        None: only one value is predicted, that which minimizes `loss`.

    n_networks : int, default=1
        Number of networks that differ in their seeds only. Predictions are the mean of theirs
        (Hansen & Salamon 1990). Networks are trained at the same time if there are cores for it,
        no callbacks and ``verbose=0``. The first one is the network of `n_networks=1`.

    loss : str, callable or Keras loss, default="mean_squared_error"
        Loss that training minimizes. The mean squared error is computed in variances of `y`, the
        mean absolute error in standard deviations of `y`. All others are computed in the units of
        `y`. If an object is given, each fit uses a copy of it.

    optimizer : str or Keras optimizer, default="adam"
        Optimizer that minimizes the loss. If an object is given, each fit uses a copy of it.

    learning_rate : float, default=None
        Learning rate of an optimizer given by name. None: the default of Keras.

    clipnorm : float, default=None
        Largest norm of the gradient of each weight array, for an optimizer given by name. None: no
        limit.

    epochs : int, default=100
        Number of passes over the training rows.

    batch_size : int, default=32
        Number of rows in each gradient step.

    shuffle : bool, default=True
        Whether to shuffle the training rows before each epoch.

    early_stopping : bool, default=False
        Whether to hold out the last rows, and to stop when their loss no longer falls. The weights
        of the best epoch are restored.

    validation_split : float in (0, 1), default=0.1
        Share of the rows that early stopping holds out. They are the last rows, not drawn at
        random.

    patience : int, default=10
        Early stopping ends training after this number of epochs without a better validation loss.

    callbacks : list of keras.callbacks.Callback, default=None
        Callbacks of training. `fit` calls the given objects, which keep their state. Two fits
        cannot use one object at the same time. Clones of the estimator, as in a search, have copies
        of the callbacks. After `fit`, the `model` of each callback is None.

    checkpoint_dir : str or path-like, default=None
        Folder in which each unfinished `fit` stores its state in a file. After a crash or Ctrl-C,
        the same `fit` continues from this state, and its result is the same in every bit.
        Attributes of `callbacks` are restored if they are numbers, text, arrays of numbers or lists
        of these. A `fit` with other rows or parameters starts over. With several networks, those
        that were finished are trained again. None: nothing is stored.

    warm_start : bool, default=False
        Whether `fit` trains for `epochs` more epochs from the kept weights, optimizer state and
        scale of `y`, instead of starting over.

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the dropout and the shuffle. With an int, results have the
        same bits on one machine, with any number of threads. Global generators are not used.

    verbose : {0, 1, 2}, default=0
        0 prints nothing. 1 shows the latest epoch: as one line on a terminal, and as about ten
        lines elsewhere, such as in a notebook. 2 prints a line for each epoch.

    Attributes
    ----------
    history_ : dict of str to list of float
        Loss of each epoch: "loss" and, with held-out rows, "val_loss". The mean over several
        networks, as long as the shortest training.

    n_iter_ : int
        Number of epochs trained in total, the largest of all networks.

    n_features_in_ : int
        Number of columns of 2-D X, or of features of a step of 3-D X.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of X, if all of them are strings.

    n_timesteps_in_ : int
        Length of the windows seen in `fit`, in steps.

    n_outputs_ : int
        Number of outputs: targets of a row, or of a step of a sequence.

    weights_ : list of ndarray
        Weights of the first network, in the order of Keras.

    networks_ : list of list of ndarray
        Weights of each network.

    optimizer_state_ : list of ndarray
        State of the optimizer of the first network, in the order of Keras.

    See Also
    --------
    SlidingWindowTransformer : Makes the windows.
    GRURegressor : Fewer gates, often as good.
    RNNRegressor : No gates.
    NaiveRegressor : The naive forecast, which every network must beat.

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

    Lai, G., Chang, W.-C., Yang, Y. & Liu, H. (2018). Modeling long- and short-term temporal
    patterns with deep neural networks. SIGIR.

    Tallec, C. & Ollivier, Y. (2018). Can recurrent neural networks warp time? ICLR.

    Koenker, R. & Bassett, G. (1978). Regression quantiles. Econometrica, 46(1).

    Zeng, A., Chen, M., Zhang, L. & Xu, Q. (2023). Are transformers effective for time series
    forecasting? AAAI.

    Kim, T. et al. (2022). Reversible instance normalization for accurate time-series forecasting
    against distribution shift. ICLR.

    Hansen, L. K. & Salamon, P. (1990). Neural network ensembles. IEEE Transactions on Pattern
    Analysis and Machine Intelligence, 12(10).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import LSTMRegressor, SlidingWindowTransformer
    >>> wave = np.sin(0.3 * np.arange(200))
    >>> pipe = make_pipeline(
    ...     SlidingWindowTransformer(10), LSTMRegressor(units=8, learning_rate=0.03, random_state=0)
    ... )
    >>> pipe = pipe.fit(wave[:150, None], wave[:150])
    >>> pipe.score(wave[150:, None], wave[150:]) > 0.8
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseRecurrentRegressor._parameter_constraints,
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
        normalize_windows: str | None = None,
        normalize_features: str | Sequence[int] | None = None,
        target_feature: int | None = None,
        linear_skip: bool = False,
        normalize_y: bool = True,
        quantiles: Sequence[float] | None = None,
        n_networks: int = 1,
        loss: Any = "mean_squared_error",
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
        self.normalize_windows = normalize_windows
        self.normalize_features = normalize_features
        self.target_feature = target_feature
        self.linear_skip = linear_skip
        self.normalize_y = normalize_y
        self.quantiles = quantiles
        self.n_networks = n_networks
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


class GRURegressor(GRUParameters, BaseRecurrentRegressor):
    """A gated recurrent unit network for regression.

    Update and reset gates decide how much of the state each step replaces. The last state gives
    the prediction. A GRU has three quarters of the weights of an LSTM.

    Parameters
    ----------
    units : int or sequence of int, default=50
        Number of units of the recurrent layer, or of each stacked layer: `(50, 50)` makes two
        layers.

    embedding_dim : int, default=None
        Width of an embedding. Each step of X is then the number of a symbol, such as a word, and
        each symbol gets a learned vector of this width. Count symbols from 1 (OrdinalEncoder, plus
        1). NaN, 0 and numbers above the largest one in `fit` are missing steps. None: no embedding,
        so the network reads the numbers in X.

    dropout : float in [0, 1), default=0.0
        Share of the units that training drops after each recurrent layer.

    recurrent_dropout : float in [0, 1), default=0.0
        Share of the state that training drops between steps. The same units are dropped at all
        steps of a batch (Gal & Ghahramani 2016). Training then uses Keras' own layers, which are
        slower.

    activation : str or callable, default="tanh"
        Activation of the cell: the name of a Keras activation, or a function.

    reset_after : bool, default=True
        Whether the reset gate is applied after the matrix product, as in cuDNN. False: before it,
        as in the paper (Cho et al. 2014).

    memory_steps : int of at least 2, default=None
        Longest memory, in steps, that the gates start with. Their biases are drawn as in Tallec &
        Ollivier (2018). None: the biases of Keras, with which gates forget within a few steps.
        `memory_steps` has no effect when training continues from kept weights.

    kernel_regularizer : float, str or Keras regularizer, default=None
        Penalty on the input weights of the recurrent layers. A float is an L2 factor.

    bidirectional : bool, default=False
        Whether each layer reads the steps in both directions, with separate weights for each
        direction (Schuster & Paliwal 1997). Not available with `architecture="encoder_decoder"`.

    architecture : {"sequence_to_vector", "sequence_to_sequence", "vector_to_sequence", \
            "encoder_decoder"}, default="sequence_to_vector"
        Shape of the input and of the output.

        - "sequence_to_vector": the last state gives one or several outputs.
        - "sequence_to_sequence": every step gives one or several outputs. In a Pipeline, targets
          of all steps are windows of `y` with `horizon=0`.
        - "vector_to_sequence": X has the shape (n_samples, n_features). The network reads the same
          vector at every step, and writes as many steps as `y` has.
        - "encoder_decoder": a decoder writes as many steps as `y` has (Cho et al. 2014). It starts
          from the last states of the encoder. At each step it reads its own previous output, zeros
          at the first step, in training as in prediction.

    normalize_windows : {"last", "standard"}, default=None
        Whether the network reads each window relative to its own level, so that it can predict
        values beyond the range of the training rows.

        - "last": relative to the last step that is not missing (NLinear, Zeng et al. 2023). The
          outputs are added to the value of this step, so training starts near the naive forecast.
        - "standard": relative to the mean of the window, in standard deviations of the window
          (RevIN, Kim et al. 2022).

        `fit` finds the feature that `y` is, and the units of `y`, by comparing their numbers. The
        other features are read as they are. All outputs of a `sequence_to_sequence` are relative
        to the same level, that of the whole window. A filled step counts as a step, so use
        `padding="nan"` in SlidingWindowTransformer.

    normalize_features : "all" or list of int, default=None
        Further features that are read relative to their level in the window, counted from 0. Used
        only with `normalize_windows`.

    target_feature : int, default=None
        Feature with the level of `y`, counted from 0, for outputs that are not found among the
        features. Their factor and offset are fitted by least squares on the last step of the
        windows. Used only with `normalize_windows`. None: the only feature.

    linear_skip : bool, default=False
        Whether to add a linear map of the window to the output, like the autoregressive part of
        LSTNet (Lai et al. 2018). The map starts from ridge regression on the training windows,
        whose penalty is chosen by generalized cross-validation (Golub, Heath & Wahba 1979). The
        recurrent part starts from zero. Both are trained. If training is not clearly better than
        the start on held-out rows, the start is kept. Without held-out rows, `fit` first trains on
        the first 80 % of the rows, and the last 20 % decide. Callbacks see both
        trainings. Fewer than 10 rows keep the start. All windows must have one length, and
        the architecture must be "sequence_to_vector". Scale X, because missing steps count as 0
        in the map, and training moves large weights slowly.

    normalize_y : bool, default=True
        Whether to standardize `y` for training. Predictions are in the units of `y` in any case.

    quantiles : sequence of float, default=None
        Levels of the quantiles to predict, such as ``(0.1, 0.5, 0.9)``: increasing numbers within
        (0, 1), with 0.5. They are trained by the pinball loss (Koenker & Bassett 1978), in standard
        deviations of `y`. `predict` then returns the median, and `predict_quantiles` all of them.
        None: only one value is predicted, that which minimizes `loss`.

    n_networks : int, default=1
        Number of networks that differ in their seeds only. Predictions are the mean of theirs
        (Hansen & Salamon 1990). Networks are trained at the same time if there are cores for it,
        no callbacks and ``verbose=0``. The first one is the network of `n_networks=1`.

    loss : str, callable or Keras loss, default="mean_squared_error"
        Loss that training minimizes. The mean squared error is computed in variances of `y`, the
        mean absolute error in standard deviations of `y`. All others are computed in the units of
        `y`. If an object is given, each fit uses a copy of it.

    optimizer : str or Keras optimizer, default="adam"
        Optimizer that minimizes the loss. If an object is given, each fit uses a copy of it.

    learning_rate : float, default=None
        Learning rate of an optimizer given by name. None: the default of Keras.

    clipnorm : float, default=None
        Largest norm of the gradient of each weight array, for an optimizer given by name. None: no
        limit.

    epochs : int, default=100
        Number of passes over the training rows.

    batch_size : int, default=32
        Number of rows in each gradient step.

    shuffle : bool, default=True
        Whether to shuffle the training rows before each epoch.

    early_stopping : bool, default=False
        Whether to hold out the last rows, and to stop when their loss no longer falls. The weights
        of the best epoch are restored.

    validation_split : float in (0, 1), default=0.1
        Share of the rows that early stopping holds out. They are the last rows, not drawn at
        random.

    patience : int, default=10
        Early stopping ends training after this number of epochs without a better validation loss.

    callbacks : list of keras.callbacks.Callback, default=None
        Callbacks of training. `fit` calls the given objects, which keep their state. Two fits
        cannot use one object at the same time. Clones of the estimator, as in a search, have copies
        of the callbacks. After `fit`, the `model` of each callback is None.

    checkpoint_dir : str or path-like, default=None
        Folder in which each unfinished `fit` stores its state in a file. After a crash or Ctrl-C,
        the same `fit` continues from this state, and its result is the same in every bit.
        Attributes of `callbacks` are restored if they are numbers, text, arrays of numbers or lists
        of these. A `fit` with other rows or parameters starts over. With several networks, those
        that were finished are trained again. None: nothing is stored.

    warm_start : bool, default=False
        Whether `fit` trains for `epochs` more epochs from the kept weights, optimizer state and
        scale of `y`, instead of starting over.

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the dropout and the shuffle. With an int, results have the
        same bits on one machine, with any number of threads. Global generators are not used.

    verbose : {0, 1, 2}, default=0
        0 prints nothing. 1 shows the latest epoch: as one line on a terminal, and as about ten
        lines elsewhere, such as in a notebook. 2 prints a line for each epoch.

    Attributes
    ----------
    history_ : dict of str to list of float
        Loss of each epoch: "loss" and, with held-out rows, "val_loss". The mean over several
        networks, as long as the shortest training.

    n_iter_ : int
        Number of epochs trained in total, the largest of all networks.

    n_features_in_ : int
        Number of columns of 2-D X, or of features of a step of 3-D X.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of X, if all of them are strings.

    n_timesteps_in_ : int
        Length of the windows seen in `fit`, in steps.

    n_outputs_ : int
        Number of outputs: targets of a row, or of a step of a sequence.

    weights_ : list of ndarray
        Weights of the first network, in the order of Keras.

    networks_ : list of list of ndarray
        Weights of each network.

    optimizer_state_ : list of ndarray
        State of the optimizer of the first network, in the order of Keras.

    See Also
    --------
    SlidingWindowTransformer : Makes the windows.
    LSTMRegressor : One more gate, and a cell state.
    RNNRegressor : No gates.
    NaiveRegressor : The naive forecast, which every network must beat.

    References
    ----------
    Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for
    statistical machine translation. EMNLP.

    Schuster, M. & Paliwal, K. (1997). Bidirectional recurrent neural networks. IEEE Transactions on
    Signal Processing, 45(11).

    Gal, Y. & Ghahramani, Z. (2016). A theoretically grounded application of dropout in recurrent
    neural networks. NeurIPS.

    Lai, G., Chang, W.-C., Yang, Y. & Liu, H. (2018). Modeling long- and short-term temporal
    patterns with deep neural networks. SIGIR.

    Tallec, C. & Ollivier, Y. (2018). Can recurrent neural networks warp time? ICLR.

    Koenker, R. & Bassett, G. (1978). Regression quantiles. Econometrica, 46(1).

    Zeng, A., Chen, M., Zhang, L. & Xu, Q. (2023). Are transformers effective for time series
    forecasting? AAAI.

    Kim, T. et al. (2022). Reversible instance normalization for accurate time-series forecasting
    against distribution shift. ICLR.

    Hansen, L. K. & Salamon, P. (1990). Neural network ensembles. IEEE Transactions on Pattern
    Analysis and Machine Intelligence, 12(10).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import GRURegressor, SlidingWindowTransformer
    >>> wave = np.sin(0.3 * np.arange(200))
    >>> pipe = make_pipeline(
    ...     SlidingWindowTransformer(10), GRURegressor(units=8, learning_rate=0.03, random_state=0)
    ... )
    >>> pipe = pipe.fit(wave[:150, None], wave[:150])
    >>> pipe.score(wave[150:, None], wave[150:]) > 0.8
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseRecurrentRegressor._parameter_constraints,
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
        normalize_windows: str | None = None,
        normalize_features: str | Sequence[int] | None = None,
        target_feature: int | None = None,
        linear_skip: bool = False,
        normalize_y: bool = True,
        quantiles: Sequence[float] | None = None,
        n_networks: int = 1,
        loss: Any = "mean_squared_error",
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
        self.normalize_windows = normalize_windows
        self.normalize_features = normalize_features
        self.target_feature = target_feature
        self.linear_skip = linear_skip
        self.normalize_y = normalize_y
        self.quantiles = quantiles
        self.n_networks = n_networks
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
