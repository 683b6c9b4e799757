import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn import stack_sequences

NAN = np.nan


def numbered(n_timesteps, n_features, start=0.0):
    """Return a sequence whose numbers are all different."""
    n = n_timesteps * n_features
    return np.arange(start, start + n).reshape(n_timesteps, n_features)


def stacked_by_hand(sequences):
    """Look every number up on its own."""
    n_timesteps = max(len(sequence) for sequence in sequences)
    return [
        [
            [float(value) for value in sequence[t]]
            if t < len(sequence)
            else [NAN] * len(sequences[0][0])
            for t in range(n_timesteps)
        ]
        for sequence in sequences
    ]


lengths_of_sequences = st.lists(st.integers(1, 6), min_size=1, max_size=8)


@given(lengths=lengths_of_sequences, n_features=st.integers(1, 3))
def test_each_number_stands_where_a_loop_puts_it(lengths, n_features):
    sequences = [numbered(n, n_features, start=100.0 * i) for i, n in enumerate(lengths)]
    X = stack_sequences(sequences)
    assert X.shape == (len(lengths), max(lengths), n_features)
    assert X.dtype == np.float64
    assert_array_equal(X, stacked_by_hand(sequences))


@given(lengths=lengths_of_sequences, n_absent=st.integers(0, 3))
def test_empty_sequences_become_rows_of_nan_and_change_no_other(lengths, n_absent):
    sequences = [numbered(n, 2) for n in lengths]
    X = stack_sequences([[], np.empty((0, 2))] * n_absent + sequences)
    assert np.isnan(X[: 2 * n_absent]).all()
    assert_array_equal(X[2 * n_absent :], stack_sequences(sequences))


def test_1d_sequences_have_one_feature():
    X = stack_sequences([[1, 2, 3], [[4]], np.array([5.0, 6.0])])
    assert_array_equal(X[:, :, 0], [[1, 2, 3], [4, NAN, NAN], [5, 6, NAN]])


def test_nan_within_a_sequence_stays_where_it_is():
    X = stack_sequences([[[NAN, 1.0], [NAN, NAN], [2.0, 3.0]], [[4.0, None]]])
    assert_array_equal(X, [[[NAN, 1], [NAN, NAN], [2, 3]], [[4, NAN], [NAN, NAN], [NAN, NAN]]])


VALUES = [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    "sequence",
    [
        VALUES,
        tuple(map(tuple, VALUES)),
        np.array(VALUES, int),
        np.array(VALUES, ">f4"),
        np.array(VALUES, np.float16),
        np.array(VALUES, object),
        pd.DataFrame(VALUES, columns=["a", "b"], index=["x", "y"]),
        pd.DataFrame(VALUES).astype({0: "int64"}),
        pd.DataFrame(VALUES, dtype="Float64"),
        pl.DataFrame(VALUES, orient="row"),
    ],
    ids=lambda sequence: type(sequence).__name__,
)
def test_each_kind_of_array_is_read_alike(sequence):
    X = stack_sequences([sequence, np.zeros((1, 2), np.float32)])
    assert_array_equal(X, [VALUES, [[0, 0], [NAN, NAN]]])


@pytest.mark.parametrize("kind", [pd.Series, pl.Series])
def test_a_series_is_a_sequence_of_one_feature(kind):
    assert_array_equal(stack_sequences([kind([1, 2]), kind([3])])[:, :, 0], [[1, 2], [3, NAN]])


@pytest.mark.parametrize(
    "sequences",
    [
        np.arange(12.0).reshape(2, 3, 2),
        (part for part in np.arange(12.0).reshape(2, 3, 2)),
        {"first": numbered(3, 2), "second": numbered(3, 2, start=6)}.values(),
        pd.Series([numbered(3, 2), numbered(3, 2, start=6)]),
    ],
    ids=["array", "generator", "values of a dict", "Series of arrays"],
)
def test_any_iterable_of_sequences_is_accepted(sequences):
    assert_array_equal(stack_sequences(sequences), np.arange(12.0).reshape(2, 3, 2))


def test_groups_of_a_frame_become_rows_in_their_order():
    frame = pd.DataFrame({"id": ["b", "a", "b"], "value": [1.0, 2.0, 3.0]})
    X = stack_sequences(part["value"] for _, part in frame.groupby("id"))
    assert_array_equal(X[:, :, 0], [[2, NAN], [1, 3]])


def single(n_timesteps):
    return np.zeros((n_timesteps, 1), np.float32)


@pytest.mark.parametrize(
    ("sequences", "expected"),
    [
        ([single(2), single(1)], np.float32),
        # Sequences without steps do not matter.
        ([single(2), [], np.empty((0, 1))], np.float32),
        ([single(2), [0.0]], np.float64),
        ([single(2), np.zeros(1, np.int8)], np.float64),
        ([np.zeros(2, np.float16)], np.float64),
        ([[True, False]], np.float64),
    ],
)
def test_float32_stays_if_there_is_nothing_else(sequences, expected):
    assert stack_sequences(sequences).dtype == expected


def test_the_array_is_a_new_one():
    sequence = numbered(3, 1)
    X = stack_sequences([sequence])
    assert not np.shares_memory(X, sequence)
    assert X.flags.writeable
    assert X.flags.c_contiguous


DAYS = np.array(["2020-01-01", "2020-01-02"], "datetime64[ns]")


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        # None, or none with a step
        ([], r"sequences is empty, .*Give at least one, of shape \(n_timesteps,\) or"),
        ([[], np.empty((0, 2))], r"None of the 2 sequence\(s\) has a step, but at least one"),
        # No list of sequences
        (None, "sequences=None is not a list of sequences. Give a list with one array"),
        (np.array(5.0), r"sequences=array\(5\.\) is not a list of sequences"),
        ("abc", "sequences='abc' is not a list of sequences"),
        (np.arange(3.0), r"a ndarray of 3 numbers, which is one.*stack_sequences\(\[sequence"),
        ([1.0, 2.0], "a list of 2 numbers, which is one sequence; expected a list with one for"),
        ([[1.0], 2.0], r"sequences\[1\] is 2\.0, which is not a sequence of shape"),
        ([[1.0], "abc"], r"sequences\[1\] is 'abc', which is not a sequence"),
        (
            pd.DataFrame({"a": [1.0]}),
            r"sequences is one DataFrame; .*Give \[frame\] for.*, or "
            r'\[part\[columns\] for _, part in frame\.groupby\("id"\)\] if',
        ),
        (
            pl.DataFrame({"a": [1.0]}),
            r"sequences is one DataFrame; expected a list.*Give \[frame\] for a single.*, or "
            r'\[part\[columns\] for part in frame\.partition_by\("id", maintain_order=True\)\] if',
        ),
        # Shapes
        ([numbered(2, 2), numbered(1, 2), numbered(1, 3)], r"\[2\] has 3 .*sequences\[0\] has 2\."),
        ([[], numbered(2, 2), [1.0]], r"\[2\] has 1 feature\(s\), but sequences\[1\] has 2\. Give"),
        ([numbered(2, 2), np.empty((0, 3))], r"sequences\[1\] has 3 feature\(s\)"),
        ([np.zeros((2, 2, 2))], r"\[0\] of shape \(2, 2, 2\) has 3 dimensions; expected .*reshape"),
        ([np.zeros((3, 0))], r"sequences\[0\] of shape \(3, 0\) has no features; expected"),
        ([[[1.0, 2.0], [3.0]]], r"sequences\[0\] is not an array: its steps differ in length"),
        # Values
        ([[1.0], ["a", "b"]], r"sequences\[1\] holds values of type <U1 that are not numbers\. En"),
        ([["1", "2"]], r"sequences\[0\] holds values of type <U1 that are not numbers"),
        ([pd.Series(["1", "2"])], r"sequences\[0\] holds values of type .* that are not numbers"),
        ([np.array([b"1", 2.0], object)], r"values of type object that are not numbers"),
        ([DAYS], r"values of type datetime64\[ns\] that are not numbers.*dates into numbers"),
        ([DAYS - DAYS[0]], r"values of type timedelta64\[ns\] that are not numbers"),
        ([np.array([DAYS[0], 1.0], object)], r"values of type object that are not numbers"),
        (
            [pd.DataFrame({"a": DAYS, "b": 1.0})],
            r"values of type object that are not numbers, in the column\(s\) 'a'\. Encode",
        ),
        (
            [pd.DataFrame({"a": [1.0], "b": ["x"], "c": [None], "d": ["2"]})],
            r"that are not numbers, in the column\(s\) 'b', 'd'\. Encode",
        ),
        ([pl.DataFrame({"a": [1.0], "b": ["x"]})], r"not numbers, in the column\(s\) 'b'\. En"),
        ([pd.DataFrame({"a": DAYS, "b": DAYS})], r"datetime64.*, in the column\(s\) 'a', 'b'\."),
        ([[1j]], r"values of type complex128 that are not numbers"),
        ([[10**400]], r"values of type object that are not numbers"),
    ],
)
def test_invalid_sequences_are_refused_by_name(sequences, message):
    with pytest.raises(ValueError, match=message):
        stack_sequences(sequences)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_the_parts_that_an_error_names_have_the_columns_of_features(kind):
    frame = kind({"id": [7, 8, 7], "value": [1.0, 2.0, 3.0], "label": [0, 1, 0]})
    with pytest.raises(ValueError, match="if a column names the sequences") as caught:
        stack_sequences(frame)
    advice = str(caught.value).split(", or ")[1].partition(" if a column")[0]
    names = {"frame": frame, "columns": ["value"]}
    assert_array_equal(stack_sequences(eval(advice, names)), [[[1], [3]], [[2], [NAN]]])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("wrap", [list, tuple, dict], ids=["list", "tuple", "dict"])
def test_lazy_frames_are_refused_by_place(wrap):
    lazy = pl.DataFrame({"a": [1.0]}).lazy()
    sequences = {"ann": lazy} if wrap is dict else wrap([lazy])
    key = "'ann'" if wrap is dict else "0"
    with pytest.raises(TypeError, match=rf"sequences\[{key}\] is a LazyFrame.*\.collect\(\)"):
        stack_sequences(sequences)
    with pytest.raises(TypeError, match=r"sequences is a LazyFrame.* sequences\.collect\(\)"):
        stack_sequences(lazy)


def test_an_error_of_the_iterable_itself_is_passed_on():
    def broken():
        yield [1.0]
        raise TypeError("of the generator")

    with pytest.raises(TypeError, match="of the generator"):
        stack_sequences(broken())


def test_numbers_beyond_float64_become_infinite_without_a_warning():
    beyond = np.array([np.longdouble("1e4000"), 1.0])
    assert_array_equal(stack_sequences([beyond])[0, :, 0], [np.inf, 1.0])


def test_masked_values_are_refused_with_their_place():
    masked = np.ma.masked_array([1.0, 2.0], [False, True])
    with pytest.raises(ValueError, match=r"sequences\[1\] is an array with 1 masked value"):
        stack_sequences([[1.0], masked])
    assert_array_equal(stack_sequences([masked.filled(np.nan)])[0, :, 0], [1.0, np.nan])


def test_missing_values_of_nullable_columns_are_nan():
    frame = pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": [0.5, 1.5]})
    assert_array_equal(stack_sequences([frame]), [[[1.0, 0.5], [np.nan, 1.5]]])


# Columns by their names


PULSE = pd.DataFrame({"pulse": [60.0, 61.0], "pressure": [120.0, 121.0]})
SWAPPED = pd.DataFrame({"pressure": [119.0, 118.0], "pulse": [70.0, 71.0]})


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.from_pandas], ids=["pandas", "polars"])
def test_columns_are_found_by_their_names(kind):
    X = stack_sequences([kind(PULSE), kind(SWAPPED), kind(SWAPPED.iloc[:1, ::-1])])
    assert_array_equal(X[:, :, 0], [[60, 61], [70, 71], [70, NAN]])
    assert_array_equal(X[:, :, 1], [[120, 121], [119, 118], [119, NAN]])
    # The order is that of the first.
    assert_array_equal(stack_sequences([kind(SWAPPED), kind(PULSE)])[:, 0], [[119, 70], [120, 60]])


def test_frames_are_left_as_they_are():
    before = SWAPPED.copy()
    stack_sequences([PULSE, SWAPPED])
    pd.testing.assert_frame_equal(SWAPPED, before)


def test_arrays_beside_frames_have_the_order_of_the_first_frame():
    X = stack_sequences([[[1.0, 2.0]], PULSE, SWAPPED])
    assert_array_equal(X[:, 0], [[1, 2], [60, 120], [70, 119]])


def test_values_of_a_dict_are_the_sequences():
    assert_array_equal(
        stack_sequences({"bob": SWAPPED, "ann": PULSE}), stack_sequences([SWAPPED, PULSE])
    )
    assert_array_equal(stack_sequences({2: [1.0], 1: [2.0, 3.0]})[:, :, 0], [[1, NAN], [2, 3]])


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        (
            [PULSE, SWAPPED.rename(columns={"pulse": "puls"})],
            r"sequences\[1\] has the columns 'pressure', 'puls', but sequences\[0\] has 'pulse', "
            r"'pressure': it lacks 'pulse' and has 'puls' in addition\. .*rename or select",
        ),
        (
            [[[0.0, 0.0]], PULSE, SWAPPED, PULSE.assign(weight=1.0)],
            r"sequences\[3\] has the columns .*but sequences\[1\] has .*: it has 'weight' in add",
        ),
        (
            [PULSE, PULSE[["pulse"]]],
            r"\[1\] has the columns 'pulse', .*: it lacks 'pressure'\. All",
        ),
        # As many, and numbers for names: the columns of an array that became a frame.
        ([PULSE, pd.DataFrame(PULSE.to_numpy())], r"sequences\[1\] has the columns 0, 1, but"),
        ({"ann": PULSE, "bob": PULSE[["pulse"]]}, r"sequences\['bob'\] .* sequences\['ann'\] has"),
        (
            [PULSE, PULSE.iloc[:0]],
            r"sequences\[1\] is a DataFrame without rows, with the columns 'pulse', 'pressure', "
            r"but each must have rows\. Leave it out",
        ),
        ([pd.DataFrame()], r"sequences\[0\] is a DataFrame without rows and columns, but each"),
        ([pl.DataFrame()], r"sequences\[0\] is a DataFrame without rows and columns, but each"),
        (
            [pl.from_pandas(PULSE).clear()],
            r"\[0\] is a DataFrame without rows, with the columns 'p",
        ),
        (
            [PULSE.set_axis(["a", "a"], axis=1), PULSE.set_axis(["a", "a"], axis=1).assign(b=0)],
            r"sequences\[1\] has the columns 'a', 'a', 'b', but",
        ),
        (
            [
                pd.DataFrame([[1, 2, 3]], columns=["a", "b", "b"]),
                pd.DataFrame([[1, 2, 3]], columns=["b", "a", "b"]),
            ],
            r"'b', 'a', 'b', and .*matched by name, but several have the same name\. Rename",
        ),
        (PULSE.groupby("pulse"), r"sequences\[0\] is a tuple with a DataFrame in it, .*groupby"),
        ({"ann": [1.0], "bob": "text"}, r"sequences\['bob'\] is 'text', which is not a sequence"),
        (
            {"ann": [1.0], "bob": [[1.0, 2.0]]},
            r"sequences\['bob'\] has 2 .* sequences\['ann'\] has 1",
        ),
        ({}, r"sequences is empty"),
    ],
)
def test_frames_with_different_columns_are_refused_by_name(sequences, message):
    with pytest.raises(ValueError, match=message):
        stack_sequences(sequences)
