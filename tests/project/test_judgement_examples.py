"""Examples about judging models, run until their training begins."""

import numpy as np
import pandas as pd
import pytest
from conftest import EXAMPLES
from sklearn.model_selection import TimeSeriesSplit

from skrnn.windows._transformer import windows_of

pytestmark = [
    pytest.mark.usefixtures("on_no_screen"),
    # bokeh_sampledata 2026.1 renames a column in place when its sea temperatures are imported.
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.rename"),
]


def run(name, up_to):
    """Return the variables of an example before a heading."""
    source = (EXAMPLES / name).read_text(encoding="utf-8")
    preparation, heading, _ = source.partition(f"# %%\n# {up_to}\n")
    assert heading
    names = {"__name__": "example"}
    exec(compile(preparation, name, "exec"), names)
    return names


def test_the_comparison_is_on_three_years_and_of_models_that_do_not_leak(capsys):
    names = run("comparison/plot_compare.py", "The comparison")
    dates = names["prices"].index
    for (train, test), year in zip(
        TimeSeriesSplit(3, test_size=252).split(dates), (2010, 2011, 2012), strict=True
    ):
        # 252 days are about a year: a day or two may belong to the neighbor.
        assert np.mean(dates[test].year == year) > 0.98
        assert dates[train].max() < dates[test].min()
    pd.testing.assert_series_equal(names["target"], names["prices"]["Open"])
    for model in names["models"].values():
        assert [window.window_length for window in windows_of(model)] == [30]
    honest, careless = capsys.readouterr().out.splitlines()
    assert honest.startswith("scaled in the pipeline: no leak found")
    assert careless.startswith("scaled beforehand: leak in step 'prepare'")


def test_the_sea_of_november_is_not_learned_from():
    names = run("forecasting/plot_forecast.py", "Training")
    train, november = names["train"], names["november"]
    assert train.index.max() < november.index.min()
    assert not names["sea"].isna().any(axis=None)
    # November lies within what was learned from: the example says so.
    assert train["temperature"].min() < november["temperature"].min()
    hours = train["temperature"].to_numpy()
    assert names["all_hours"].shape == (len(train) - 23, 24)
    np.testing.assert_array_equal(names["all_hours"][-1], hours[-24:])
    np.testing.assert_array_equal(names["all_hours"][5], hours[5:29])


def test_before_any_training_the_simple_rnn_forgets_the_first_step():
    names = run("inside/plot_vanishing_gradient.py", "Recall the first of a hundred steps")
    flow = names["at_start"].flow
    assert flow["simple RNN"][0] < flow["simple RNN"][-1] / 1_000
    # What memory_steps is for.
    assert flow["LSTM, memory_steps=100"][0] > 100 * flow["LSTM"][0]


def test_the_sea_is_judged_on_rows_after_those_it_learns_from():
    names = run("forecasting/plot_how_sure_hourly.py", "One table")
    train, test = names["train"], names["test"]
    assert train.index.max() < test.index.min()
    # Gaps of the record would be missing steps.
    assert (names["sea"].index.to_series().diff().dropna() == pd.Timedelta(minutes=30)).all()
    for model in (names["naive"], names["network"]):
        assert [window.window_length for window in windows_of(model)] == [96]


def test_the_network_covers_the_crisis_better_than_the_naive_forecast(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run("panels/plot_how_sure_panel.py", "A picture")
    days = names["days"]
    assert days[names["train"]].max() < days[names["test"]].min()
    table, worst = names["table"], names["worst"]
    assert table.loc["GRU", "pinball skill"] > 0.03
    assert abs(table.loc["GRU", "coverage"] - 0.9) < 0.03
    assert worst["GRU"] > worst["naive"] + 5
