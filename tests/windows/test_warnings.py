"""Warnings about missing steps, and errors about rows that are not in order."""

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import HalvingGridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline

from skrnn import SlidingWindowTransformer
from skrnn.exceptions import (
    MissingStepsWarning,
    RowsMissingWarning,
    TooFewRowsWarning,
    UnplacedLabelsWarning,
)

HOURS = pd.date_range("2024-01-01", periods=100, freq="h", name="hour")


def rows(index, start=0):
    """Return numbered rows with these labels."""
    return pd.DataFrame({"a": np.arange(float(start), start + len(index))}, index=index)


def window(n=3, **params):
    return SlidingWindowTransformer(n, padding="nan", **params)


def warning_of(call, *arguments):
    """Return the only warning of a call, None if there was none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(*arguments)
    assert len(caught) <= 1
    return caught[0] if caught else None


def check_warning(call, argument, category, *parts):
    """Check the class and parts of the message of the one warning of a call."""
    warning = warning_of(call, argument)
    assert warning.category is category
    for part in parts:
        assert re.search(part, str(warning.message)), (part, str(warning.message))


# Rows before which steps are missing


def test_a_warning_about_later_rows_names_the_first_row_and_the_last_fitted_one():
    fitted = window(horizon=2).fit(rows(HOURS[:60]))
    check_warning(
        fitted.transform,
        rows(HOURS[61:80]),
        RowsMissingWarning,
        # The first row still has a whole window, which ends before the missing step.
        "^3 of 19 rows lack steps in their windows, from row 1 labeled 2024-01-03 14:00:00 on",
        r"begin 2 steps after the last fitted row \(2024-01-03 11:00:00\), and the 1 step between",
        "Give all rows since the last fitted row in the same call, or fit on them",
    )


@pytest.mark.parametrize(("horizon", "k"), [(1, 1), (3, 2), (3, 3), (0, 1)])
def test_one_row_has_a_full_window_up_to_the_horizon(horizon, k):
    fitted = window(horizon=horizon).fit(rows(HOURS[:60]))
    row = 59 + k
    assert warning_of(fitted.transform, rows(HOURS[row : row + 1])) is None
    expected = np.arange(row - horizon - 2, row - horizon + 1)
    assert_array_equal(fitted.transform(rows(HOURS[row : row + 1], row)), [expected])


@pytest.mark.parametrize("k", [2, 3, 4, 5, 50])
def test_rows_after_more_missing_steps_than_windows_reach_start_fresh(k):
    fitted = window(horizon=2).fit(rows(HOURS[:40]))
    with pytest.warns(RowsMissingWarning):
        windows = fitted.transform(rows(HOURS[39 + k : 50 + k], 100))
    fresh = window(horizon=2, carry_context=False).fit(rows(HOURS[:40]))
    same = np.array_equal(windows, fresh.transform(rows(HOURS[:11], 100)), equal_nan=True)
    assert same == (k > 4)


def test_a_warning_about_earlier_rows_names_time_series_split():
    fitted = window().fit(rows(HOURS[:60]))
    check_warning(
        fitted.transform,
        rows(HOURS[20:40]),
        RowsMissingWarning,
        "^3 of 20 rows lack steps in their windows, from row 0 labeled 2024-01-01 20:00:00 on",
        r"before the end of the fitted rows \(2024-01-03 11:00:00\)",
        'TimeSeriesSplit for cv, or cv="prefit"',
    )


def test_kfold_warns_of_the_series_it_cuts():
    X = rows(HOURS)
    pipe = make_pipeline(SlidingWindowTransformer(3), Ridge())
    with pytest.warns(RowsMissingWarning) as caught:
        cross_validate(pipe, X, X["a"], cv=KFold(4))
    said = [str(one.message) for one in caught]
    # The last fold is the only one that follows its training rows, which have a hole in the others.
    assert sum("begin before the end of the fitted rows" in one for one in said) == 3
    assert sum("25 steps are missing between the 75 rows" in one for one in said) == 2


def test_a_warning_about_labels_of_text_names_to_datetime():
    index = HOURS.strftime("%d.%m.%Y %H:%M")
    fitted = window()
    check_warning(
        fitted.fit,
        rows(index[:60]),
        UnplacedLabelsWarning,
        r"^The rows are labeled by text \('01.01.2024 00:00', …\), so it cannot be checked",
        "pd.to_datetime",
        "format=",
    )
    check_warning(
        fitted.transform,
        rows(index[60:]),
        UnplacedLabelsWarning,
        r"^3 of 40 rows lack steps in their windows, from row 0 labeled '03.01.2024 12:00' on",
        r"the rows are labeled by text \('03.01.2024 12:00', …\), so their order in time is",
        "pd.to_datetime",
        "format=",
    )
    words = window().fit(rows(pd.Index(list("abcdefg"))))
    check_warning(
        words.transform, rows(pd.Index(["x"])), UnplacedLabelsWarning, "Give an index of dates"
    )


@pytest.mark.parametrize(
    ("fitted", "index", "parts"),
    [
        (
            HOURS[:9],
            HOURS[9:12].tz_localize("UTC"),
            ["dates with a time zone", "fitted rows have dates without", r"tz_localize\(None\)"],
        ),
        (
            HOURS[:9].tz_localize("Asia/Tokyo"),
            HOURS[9:12],
            ["dates without a time zone", r"tz_localize\('Asia/Tokyo'\)"],
        ),
        (HOURS[:9], HOURS[9:12].astype(str), ["text", "order in time", "pd.to_datetime"]),
        (HOURS[:9], HOURS[9:12].to_period("h"), ["periods of frequency h", "same kind of index"]),
        (pd.RangeIndex(5, 9), HOURS[9:12], ["dates without", "have numbers as labels"]),
        (HOURS[:9], pd.Index([1, "a"], dtype=object), ["several types", "order in time"]),
        (HOURS[:9], HOURS[9:11].append(pd.DatetimeIndex([None])), ["some are missing"]),
    ],
)
def test_a_warning_about_labels_of_another_kind_names_both_kinds_and_the_remedy(
    fitted, index, parts
):
    check_warning(
        window().fit(rows(fitted)).transform, rows(index, 100), UnplacedLabelsWarning, *parts
    )


@pytest.mark.filterwarnings("ignore:X has feature names")
def test_a_warning_about_labels_after_a_fit_on_an_array_names_set_output():
    fitted = window().fit(rows(HOURS[:9]).to_numpy())
    with pytest.warns(UnplacedLabelsWarning, match=r'set_output\(transform="pandas"\)'):
        fitted.transform(rows(HOURS[9:12], 9))


def test_after_a_single_fitted_row_a_warning_says_that_the_step_is_not_known():
    with pytest.warns(TooFewRowsWarning):
        fitted = window().fit(rows(HOURS[:1]))
    check_warning(
        fitted.transform,
        rows(HOURS[1:3]),
        RowsMissingWarning,
        r"2 of 2 rows lack steps in their windows, from row 0 labeled 2024-01-01 01:00:00",
        "a single fitted row.*Fit on two rows or more",
    )


def test_a_warning_about_an_array_names_no_label():
    check_warning(
        window(5).fit,
        np.ones((3, 1)),
        TooFewRowsWarning,
        r"^X has 3 row\(s\), fewer than window_length=5, so all its windows are padded",
        "Fit on more rows, or use a smaller window_length",
    )


def test_series_that_lack_steps_are_named_once_for_all():
    index = pd.MultiIndex.from_product([HOURS[:50], ["x", "y"]], names=["hour", "shop"])
    fitted = window(group="shop").fit(rows(index[:60]))
    check_warning(
        fitted.transform,
        rows(index[64:]),
        RowsMissingWarning,
        r"^6 of 36 rows lack steps in their windows, from row 0 labeled 2024-01-02 08:00:00 on",
        r"the rows of the series 'x' and 1 other\(s\) begin 3 steps after",
    )
    check_warning(
        window(group="shop").fit,
        rows(index[:3]),
        TooFewRowsWarning,
        r"2 series, such as 'x' with 2 row\(s\), are shorter than window_length=3",
    )
    check_warning(
        window(2, group="shop").fit, rows(index[:3]), TooFewRowsWarning, r"series 'y' has 1 row"
    )


def test_several_causes_are_one_warning_of_the_common_class():
    fitted = window().fit(rows(HOURS[:60]))
    check_warning(
        fitted.transform,
        rows(HOURS[62:]).drop(HOURS[80]),
        RowsMissingWarning,
        "begin 3 steps after",
        "1 step is missing between the 37 rows of X, after row 17 labeled 2024-01-04 07:00:00",
    )


def test_carry_context_false_does_not_warn_about_missing_context():
    short = window(5, carry_context=False)
    assert warning_of(short.fit, rows(HOURS[:3])) is None
    for later in (HOURS[7:9], HOURS[1:3], pd.Index(["a", "b"])):
        assert warning_of(short.transform, rows(later)) is None


# Steps that are missing between the rows of a call

WITH_GAPS = rows(HOURS).drop(HOURS[[20, 21, 30, 70, 80, 81]])


def test_fit_warns_about_fitted_gaps_and_transform_about_others():
    fitted = window()
    check_warning(
        fitted.fit,
        WITH_GAPS[:57],
        MissingStepsWarning,
        "^3 steps are missing between the 57 rows of X, the first 2 after row 19 labeled 2024-",
        "and before row 20 labeled 2024-01-01 22:00:00",
        'Use gaps="missing" with padding="nan" to put.*gaps="ignore".*asfreq',
    )
    assert warning_of(fitted.transform, WITH_GAPS[:57]) is None
    check_warning(
        fitted.transform, WITH_GAPS, MissingStepsWarning, "^3 steps .* 1 after row 66 labeled"
    )
    check_warning(fitted.transform, WITH_GAPS[57:], MissingStepsWarning, "^3 steps")
    # Gaps between fitted rows are reported again if the rows are not known as fitted ones.
    check_warning(
        fitted.transform, WITH_GAPS[10:], RowsMissingWarning, "before the end", "6 steps are"
    )


def test_fit_transform_warns_about_a_gap_once():
    check_warning(window().fit_transform, WITH_GAPS, MissingStepsWarning, "^6 steps")


def test_ignored_gaps_are_read_across_without_a_warning():
    fitted = window(gaps="ignore")
    assert warning_of(fitted.fit, WITH_GAPS) is None
    with pytest.warns(MissingStepsWarning):
        expected = window().fit_transform(WITH_GAPS)
    assert_array_equal(fitted.transform(WITH_GAPS), expected)


def test_gaps_are_refused_with_the_first_of_them():
    with pytest.raises(ValueError, match=r'^6 steps .* after row 19 labeled .* gaps="raise"'):
        window(gaps="raise").fit(WITH_GAPS)
    fitted = window(gaps="raise").fit(WITH_GAPS[:20])
    with pytest.raises(ValueError, match=r"^4 steps .* after row 7 labeled 2024-01-02 05:00:00"):
        fitted.transform(WITH_GAPS[20:])


def test_missing_steps_stand_in_windows_and_in_the_context():
    fitted = window(gaps="missing").fit(WITH_GAPS[:22])
    assert_array_equal(fitted.context_, [[np.nan], [22.0], [23.0]])
    windows = fitted.transform(WITH_GAPS[22:30])
    nan = np.nan
    assert_array_equal(
        windows[[0, 1, 5, 6, 7]],
        [[nan, 22, 23], [22, 23, 24], [26, 27, 28], [28, 29, nan], [29, nan, 31]],
    )


def test_missing_steps_are_filled_by_the_fitted_means():
    fitted = SlidingWindowTransformer(2, gaps="missing").fit(rows(HOURS[:20]).drop(HOURS[18]))
    mean = rows(HOURS[:20]).drop(HOURS[18])["a"].mean()
    np.testing.assert_allclose(fitted.context_, [[mean], [19.0]])
    windows = fitted.transform(rows(HOURS[20:24], 20).drop(HOURS[22]))
    np.testing.assert_allclose(windows, [[mean, 19.0], [19.0, 20.0], [21.0, mean]])


def test_gaps_of_a_series_that_was_not_fitted_are_those_of_the_rule_of_the_others():
    X = rows(HOURS).assign(shop="x")
    fitted = window(group="shop").fit(X)
    check_warning(
        fitted.transform,
        X.assign(shop="new").drop(HOURS[5]),
        MissingStepsWarning,
        "1 step is missing .* after row 4 labeled 2024-01-01 04:00:00 of the series 'new'",
    )


# Rows that are not in order of time


def test_newest_first_is_refused_with_sort_index():
    message = (
        r"row 1 is labeled 2024-01-05 02:00:00 and comes after 2024-01-05 03:00:00: the newest row "
        r"comes first\. .*X\.sort_index\(\)"
    )
    with pytest.raises(ValueError, match=message):
        window().fit(rows(HOURS[::-1]))
    with pytest.raises(ValueError, match=message):
        window().fit(rows(HOURS[:50])).transform(rows(HOURS[::-1]))


def test_shuffled_rows_are_refused_with_shuffle_false():
    order = np.random.default_rng(0).permutation(100)
    with pytest.raises(ValueError, match=r"rows are shuffled\. .*shuffle=False"):
        window().fit(rows(HOURS[order]))


def test_parts_in_another_order_are_refused_with_sort_index():
    with pytest.raises(ValueError, match=r"row 50 .* are not in order of time\. .*sort_index"):
        window().fit(rows(HOURS[50:].append(HOURS[:50])))


def test_repeated_labels_are_refused_with_the_column_that_names_the_series():
    X = rows(HOURS.repeat(2)).assign(size=np.tile([1.0, 2.0], 100), shop=np.tile([7, 8], 100))
    message = r"row 1 is labeled 2024-01-01 00:00:00 and .*If 'shop' names .*group='shop'\)"
    with pytest.raises(ValueError, match=message):
        window().fit(X)
    with pytest.raises(ValueError, match="give the column or index level that names them as group"):
        window().fit(X[["a"]])


def test_repeated_labels_are_refused_with_the_key_that_is_missing_in_group():
    X = rows(HOURS.repeat(4)).assign(
        shop=np.tile([1, 1, 2, 2], 100), item=np.tile([1, 2, 1, 2], 100)
    )
    with pytest.raises(ValueError, match=r"series 1 .*'item' .*group=\['shop', 'item'\]\)"):
        window(group="shop").fit(X)


def test_series_below_each_other_are_refused_as_a_missing_group():
    X = rows(HOURS.append(HOURS)).assign(shop=np.repeat([1, 2], 100))
    with pytest.raises(ValueError, match=r"row 100 .*labels begin again.*group='shop'\)"):
        window().fit(X)
    counts = pd.concat([rows(pd.RangeIndex(30)), rows(pd.RangeIndex(30))])
    with pytest.raises(ValueError, match="ignore_index=True"):
        window().fit(counts)


def test_the_same_rows_twice_are_refused_with_duplicated():
    X = rows(HOURS)
    with pytest.raises(ValueError, match=r"row 31 .*rows are repeated.*index\.duplicated"):
        window().fit(pd.concat([X[:31], X[30:]]))


def test_fit_names_the_first_label_that_is_missing():
    index = HOURS[:9].insert(4, pd.NaT)
    check_warning(
        window().fit, rows(index), UnplacedLabelsWarning, r"missing \(row 4 is the first\)", "Fill"
    )


@pytest.mark.parametrize("column", [["a", "b"], [1.5, 2.5]])
def test_the_missing_key_may_be_a_column_of_text(column):
    X = rows(HOURS[:9].repeat(2)).assign(item=column * 9, shop="s")
    with pytest.raises(ValueError, match=r"If 'item' names the series.*\['shop', 'item'\]"):
        window(group="shop").fit(X)


def test_levels_without_names_or_a_time_have_their_own_remedies():
    unnamed = pd.MultiIndex.from_product([HOURS[:3], ["a", "b"]])
    with pytest.raises(ValueError, match=r"Name the levels \(X.index.names = "):
        window().fit(rows(unnamed))
    parts = pd.MultiIndex.from_product([[2023, 2024], [1, 2, 3]], names=["year", "month"])
    with pytest.raises(ValueError, match=r"year and month, into one level of dates"):
        window().fit(rows(parts))


def test_one_time_of_a_panel_is_refused_with_the_level_of_the_series():
    index = pd.MultiIndex.from_product([HOURS[:1], ["a", "b", "c"]], names=["hour", "shop"])
    with pytest.raises(ValueError, match=r"\['hour', 'shop'\].*group='shop'"):
        window().fit(rows(index))


@pytest.mark.parametrize("freq", ["h", "15min"])
def test_an_hour_that_a_clock_repeats_is_refused_with_ambiguous_infer(freq):
    berlin = pd.date_range("2024-10-20", "2024-11-03", freq=freq, tz="Europe/Berlin")
    naive = berlin.tz_localize(None)
    with pytest.raises(ValueError, match=r'an hour is repeated.*ambiguous="infer"'):
        window().fit(rows(naive))
    assert window().fit(rows(naive.tz_localize("Europe/Berlin", ambiguous="infer")))


def test_rows_of_halving_are_refused_with_another_resource():
    X = rows(HOURS)
    pipe = make_pipeline(SlidingWindowTransformer(3), Ridge())
    search = HalvingGridSearchCV(pipe, {"ridge__alpha": [1, 2, 3]}, error_score="raise")
    with pytest.raises(ValueError, match=r'rows are shuffled.*resource="model__epochs"'):
        search.fit(X, X["a"])


def test_rows_drawn_with_replacement_are_refused():
    drawn = np.random.default_rng(0).integers(0, 100, 100)
    with pytest.raises(ValueError, match=r"some are repeated.*bootstrap, resample"):
        window().fit(rows(HOURS[drawn]))


def test_a_repeated_label_in_the_rows_of_a_panel_names_row_and_series():
    index = pd.MultiIndex.from_product([["x", "y"], HOURS[:9]], names=["shop", "hour"])
    X = rows(index)
    twice = pd.concat([X[:12], X[11:]])
    with pytest.raises(ValueError, match=r"row 12 of the series 'y' .* 2024-01-01 02:00:00"):
        window(group="shop").fit(twice)


# Panels with several keys

PANEL = pd.MultiIndex.from_product([HOURS[:30], ["s1", "s2"], ["a", "b"]], names=["t", "s", "i"])


@pytest.mark.parametrize("keys", [["s", "i"], ("i", "s")])
@pytest.mark.parametrize("columns", [[], ["i"], ["s", "i"]])
def test_a_series_is_named_by_all_its_keys(keys, columns):
    X = rows(PANEL).reset_index(columns) if columns else rows(PANEL)
    fitted = window(2, group=keys).fit(X[:80])
    first = ("s1", "a") if keys[0] == "s" else ("a", "s1")
    assert_array_equal(fitted.context_[first], [[72.0], [76.0]])
    windows = fitted.transform(X[80:])
    numbers = np.arange(80, 120)[:, np.newaxis]
    assert_array_equal(windows, np.hstack([numbers - 8, numbers - 4]))
    copied = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(copied.transform(X[80:]), windows)


def test_a_list_of_one_key_is_that_key():
    X = rows(PANEL).xs("a", level="i")
    assert list(window(group=["s"]).fit(X).context_) == ["s1", "s2"]


@pytest.mark.parametrize(
    ("group", "given", "named"),
    [
        ("s", r"in addition to group=\['s'\]", r"group=\['s', 'i'\]"),
        (None, "'s', 'i'", r"\['s', 'i'\]"),
    ],
)
def test_more_than_one_level_that_is_left_is_refused(group, given, named):
    with pytest.raises(ValueError, match=rf"levels \['t', .*{given}.*Add the others to .*{named}"):
        window(group=group).fit(rows(PANEL))


def test_one_row_of_a_panel_is_placed_by_the_level_of_time():
    X = rows(PANEL)
    fitted = window(2, group=["s", "i"]).fit(X[:-4])
    assert_array_equal(fitted.transform(X[-4:-3]), [[108.0, 112.0]])
    by_level = rows(pd.MultiIndex.from_product([["DAX"], HOURS], names=["market", "t"]))
    assert_array_equal(window(2).fit(by_level[:-1]).transform(by_level[-1:]), [[97.0, 98.0]])


def test_a_row_without_one_of_its_keys_is_refused():
    X = rows(PANEL).reset_index(["s", "i"])
    X.iloc[5, 1] = None
    with pytest.raises(ValueError, match="group='i' is missing in 1 of 120 rows"):
        window(group=["s", "i"]).fit(X)


def test_a_newcomer_of_one_row_continues_with_the_others():
    index = pd.MultiIndex.from_product([["A"], HOURS[:30]], names=["shop", "hour"])
    index = index.append(pd.MultiIndex.from_tuples([("B", HOURS[29])], names=["shop", "hour"]))
    with pytest.warns(TooFewRowsWarning, match="series 'B' has 1 row"):
        fitted = window(group="shop").fit(rows(index))
    later = pd.MultiIndex.from_product([["A", "B"], HOURS[30:31]], names=["shop", "hour"])
    assert_array_equal(fitted.transform(rows(later)), [[27, 28, 29], [np.nan, np.nan, 30]])


def test_advice_for_a_panel_can_be_followed_in_a_panel():
    days = pd.date_range("2024-01-01", periods=31, name="day").delete(20)
    index = pd.MultiIndex.from_product([["a", "b"], days], names=["shop", "day"])
    panel = pd.DataFrame({"level": np.arange(60.0)}, index)
    with pytest.warns(MissingStepsWarning) as caught:
        SlidingWindowTransformer(2, group="shop").fit(panel)
    text = str(caught[0].message)
    assert "X.reindex(...)" in text
    assert "asfreq" not in text


@pytest.mark.parametrize(
    ("values", "cure"),
    [
        (["2024-01-01", "2024-01-02", "2024-01-03"], "put the time into the index"),
        (pd.date_range("2024-01-01", periods=3), "put the time into the index"),
        (["north", "south", "north"], r"encode these \(OneHotEncoder"),
    ],
)
def test_a_column_of_dates_belongs_into_the_index(values, cure):
    frame = pd.DataFrame({"level": [1.0, 2.0, 3.0], "other": values})
    with pytest.raises(ValueError, match=rf"not numbers: \['other'\].*{cure}"):
        SlidingWindowTransformer(2).fit(frame)
