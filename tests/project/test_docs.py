"""Pages of the site: their code runs, and their sentences about its results are right."""

import base64
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import sklearn
from conftest import ROOT
from packaging.version import Version
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import GRUClassifier, SlidingWindowTransformer

DOCS = ROOT / "docs"
PAGES = {
    page.relative_to(DOCS).as_posix(): page.read_text(encoding="utf-8")
    for page in sorted(DOCS.rglob("*.md"))
    if not {"_build", "auto_examples"} & set(page.parts)
}
WITH_CODE = [page for page, text in PAGES.items() if "```python" in text]

newest_versions = [
    pytest.mark.skipif(
        Version(sklearn.__version__) < Version("1.9"),
        reason="the pages show the newest versions, such as scikit-learn's bars of progress",
    ),
    # NumPy 2 asks Keras 3.15 for an argument that it does not have, whenever a model is saved.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    # reservoirpy 0.4.2 does not close the file of the laser.
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.usefixtures("on_no_screen"),
]


class Results:
    """Results of a page: what each block printed, its figures, and the variables at the end."""

    def __init__(self, results, names):
        self.printed = [printed for printed, _ in results]
        self.figures = [figures for _, figures in results]
        self.names = names

    def __getitem__(self, name):
        return self.names[name]

    @property
    def text(self):
        return "".join(self.printed)


@pytest.fixture(scope="module")
def executed_pages():
    """The module with which the site is built. The folder docs is no package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        import executed_pages

        yield executed_pages
        del sys.modules["executed_pages"]


@pytest.fixture(scope="module")
def run(executed_pages):
    """Return a function that runs a page once for all tests. Do not change its variables."""
    done = {}

    def run(page):
        if page not in done:
            done[page] = Results(*executed_pages.run_page(PAGES[page], page))
        return done[page]

    return run


class TestPages:
    pytestmark = newest_versions

    @pytest.mark.parametrize("page", WITH_CODE)
    def test_code_of_a_page_runs_and_leaves_no_files(self, page, run):
        def files():
            built = {"_build", "auto_examples", "generated", "__pycache__"}
            paths = {*DOCS.rglob("*"), *Path.cwd().iterdir()}
            return {path for path in paths if not built & {*path.parts}}

        before = files()
        assert len(run(page).printed) == PAGES[page].count("```python\n")
        assert files() == before

    def test_comparison_finds_a_pattern_in_the_wave_and_none_in_the_walk(self, run):
        found = {name: table.frame() for name, table in run("guide/comparison.md")["found"].items()}
        assert found["wave"]["RMSE"].idxmin() == "Ridge"
        assert (found["wave"].loc[["Ridge", "GRU"], "skill"] > 0.1).all()
        assert found["walk"]["RMSE"].idxmin() == "NaiveRegressor"

    def test_comparison_finds_the_leaks_and_the_lost_context(self, run):
        printed = run("guide/comparison.md").printed
        assert printed[1].startswith("no leak found")
        assert "leak in step 'window'" in printed[1]
        assert printed[2].startswith("leak in step 'prepare'")
        assert printed[3] == "True prepare\n"
        assert printed[4] == "True smooth 17\nFalse\n"

    def test_context_gives_the_warnings_of_its_table(self, run):
        printed = run("guide/context.md").printed
        warned = [re.findall(r"^(\w+Warning): (\d*)", text, flags=re.MULTILINE) for text in printed]
        assert warned[2] == warned[3] == [("RowsMissingWarning", "3")]
        assert warned[4] == [("UnplacedLabelsWarning", "")]
        assert warned[5] == [("MissingStepsWarning", "1")]
        assert warned[14] == [("RowsMissingWarning", "1")]
        assert [line.split(":")[0] for line in printed[7].splitlines()] == [
            "newest first",
            "shuffled",
            "a day twice",
        ]

    def test_context_is_lost_by_the_difference_and_kept_by_the_solutions(self, run):
        printed = run("guide/context.md").printed
        assert "3 of the 60 rows from row 140 on" in printed[10]
        assert "at least the last 4 of them" in printed[10]
        assert printed[11].startswith("no context lost")
        assert printed[12].startswith("no context lost")
        assert printed[13] == "alone: False\nwith the last 4 rows: True\n"
        # "The last line is wrong, and there is no warning."
        follow, past = printed[9].splitlines()
        assert follow.split("[")[1] == past.split("[")[1]

    def test_questions_have_the_answers_of_the_page(self, run):
        page = run("guide/faq.md")
        errors = dict(re.findall(r"normalize_windows=(\S+) +mean error ([\d.]+)", page.printed[1]))
        assert float(errors["None"]) > 1 > 0.2 > float(errors["'last'"])
        assert float(errors["'standard'"]) < 0.2
        assert "X.sort_index()" in page.printed[2]
        assert page.printed[3] == "could not convert string to float: 'META'\n"
        assert page.printed[5] == "the same windows: True\n"
        assert page.printed[6].startswith("Found array with dim 3")
        assert page.printed[7].startswith("Found input variables with inconsistent numbers")
        assert page.printed[8:10] == ["True\n", "the same window: True\n"]
        assert page.printed[11] == "ConvergenceWarning\n"

    def test_quantiles_are_wide_at_noon_and_better_than_the_naive_ones(self, run):
        page = run("guide/how_sure.md")
        width = page["width"].groupby(page["test"].index.hour).mean()
        # The true widths of the 90 % interval: the spread is 1 at midnight and 7 at noon.
        assert width[0] < 7
        assert width[12] == pytest.approx(23, rel=0.3)
        assert page["comparison"].frame().loc["GRU", "pinball skill"] > 0.3
        covered = re.findall(r"^(\w+) +([\d.]+)% of 720", page.text, flags=re.MULTILINE)
        assert [name for name, _ in covered] == ["network", "calibrated"]
        assert abs(float(covered[1][1]) - 90) < 2
        assert page["fan"].shape == (24, 5)
        assert len(page.figures[-1]) == 1

    def test_forecasts_are_labeled_and_near_a_year_ago(self, run):
        page = run("guide/forecasting.md")
        assert page.printed[2] == "2021-01-31 to 2021-12-31 | sales\n"
        # "The values of a year ago are hard to beat."
        errors = page["errors"]
        assert errors["network"] == pytest.approx(errors["a year ago"], rel=0.15)
        assert errors["last month"] > 2 * errors["a year ago"]

    def test_forecasts_of_seven_days_are_best_from_several_outputs(self, run):
        page = run("guide/forecasting.md")
        assert page.printed[0].startswith("date\n2024-01-01 ")
        rmse = page["rmse"]
        assert rmse["direct"] < 0.9 * rmse["naive"]
        assert rmse["direct"] < rmse["recursive"]

    def test_forecasts_that_cannot_be_made_are_refused(self, run):
        printed = run("guide/forecasting.md").text
        assert "y is not a column of X" in printed
        assert "The columns ['price'] are read, but not predicted." in printed
        assert "The model reads the columns ['price'] of the row that it predicts" in printed

    def test_inside_memory_steps_bring_the_gradient_back(self, run):
        page = run("guide/inside.md")
        left = {name: flow[0] / flow[-1] for name, flow in page["flows"].items()}
        assert page["gain"] > 50
        # "At the start, a simple RNN keeps even more of the gradient than a GRU."
        assert left["simple RNN"] > left["GRU"]

    def test_inside_an_input_gate_opens_at_the_peak(self, run):
        page = run("guide/inside.md")
        is_peak, gate = page["is_peak"], page["gates"]["input"]
        assert (gate[is_peak].mean(axis=0) - gate[~is_peak].mean(axis=0)).max() > 0
        fitted, by_keras = page["model"], page["keras_model"]
        X = page["X"][:50]
        same = by_keras.predict(X[:, :, None], verbose=0)[:, 0]
        np.testing.assert_allclose(same, fitted.predict(X), atol=1e-4)

    def test_labels_are_compared_with_simpler_models(self, run):
        page = run("guide/labels.md")
        assert page["network"] > page["always_flat"]
        # "The slope of a series is a linear property, so a linear model finds it, too."
        assert page["linear"] == pytest.approx(page["network"], abs=0.05)
        assert page["recalls"]["balanced"][0] > page["recalls"]["as they come"][0]
        network, one_value = map(float, re.findall(r"(\d\.\d+)", page.printed[3]))
        assert network > one_value
        assert float(page.printed[4].removeprefix("accuracy: ")) > 0.9
        assert float(page.printed[6].splitlines()[0].removeprefix("accuracy: ")) > 0.9
        known, unknown = page["by_word"].predict_proba(page["unknown"])
        np.testing.assert_array_equal(known, unknown)
        assert "never seen: ['zebra']" in page.printed[7]

    def test_loss_curves_stay_below_the_naive_forecast(self, run):
        page = run("guide/loss_curves.md")
        assert page["fitted"].n_iter_ == len(page["fitted"].history_["loss"])
        assert min(page["fitted"].history_["val_loss"]) < page["naive"]
        assert page["display"].best_epoch_ == page["best_epoch"]
        assert page["recorded"] == pytest.approx(page["computed"])

    def test_loss_curves_have_the_same_held_out_losses_from_both_ways(self, run, tmp_path):
        page = run("guide/loss_curves.md")
        assert page["routed"]["model"].history_ == page["joined"]["model"].history_
        skrnn.save(page["joined"], tmp_path / "joined.skrnn")
        loaded = skrnn.load(tmp_path / "joined.skrnn")
        held_out = page["held_out"]
        np.testing.assert_array_equal(loaded.predict(held_out), page["joined"].predict(held_out))
        with pytest.raises(ValueError, match="set_fit_request"):
            skrnn.save(page["routed"], tmp_path / "routed.skrnn")

    def test_loss_curves_are_of_held_out_rows_as_a_pipeline_was_given_them(self, run):
        page = run("guide/unequal_lengths.md")
        X, y = page["X_train"], page["y_train"]
        pipe = clone(page["states"]).set_params(network__epochs=1)
        pipe.fit(X, y, network__X_val=X, network__y_val=y)
        as_it_is = log_loss(y, pipe[-1].predict_proba(X))
        assert pipe[-1].history_["val_loss"] == pytest.approx([as_it_is], rel=1e-5)
        assert log_loss(y, pipe.predict_proba(X)) != pytest.approx(as_it_is, rel=1e-3)

    @pytest.mark.parametrize("balanced", [False, True])
    def test_loss_curves_have_the_entropy_of_the_shares_as_the_level_of_labels(self, balanced):
        y = np.repeat(["falling", "flat", "rising"], [10, 60, 30])
        network = GRUClassifier(2, epochs=200, batch_size=100, learning_rate=0.05, random_state=0)
        network.set_params(class_weight="balanced" if balanced else None)
        # Nothing can be learned from these windows but the shares.
        network.fit(np.zeros((100, 3)), y)
        dummy = log_loss(y, DummyClassifier(strategy="prior").fit(y, y).predict_proba(y))
        level = np.log(3) if balanced else dummy
        assert network.history_["loss"][-1] == pytest.approx(level, rel=1e-3)
        assert f"{dummy:.2f}" == "0.90"

    def test_loss_curves_show_a_rate_that_is_too_small_and_one_that_is_too_large(self, run):
        rows = re.findall(
            r"first +([\d.]+) +last +([\d.]+) +best ([\d.]+)",
            run("guide/loss_curves.md").text,
        )
        small, good, large = ([float(number) for number in row] for row in rows)
        assert small[1] > small[0] / 2
        assert large[2] > 1.5 * good[2]

    def test_networks_equal_the_recurrences_and_the_counts_of_the_page(self, run):
        page = run("guide/networks.md")
        differences = re.findall(r"largest difference (\S+)", page.text)
        assert len(differences) == 3
        assert max(map(float, differences)) < 1e-5
        for name, network in page["fitted"].items():
            counted = sum(weights.size for weights in network.weights_)
            assert page["by_hand"][name] == counted, name
        assert page.printed[-1] == "10,451 weights\n"

    def test_panels_are_predicted_as_well_by_ridge_on_logs_as_by_any_network(self, run):
        page = run("guide/panels.md")
        rmse = page["comparison"].frame()["RMSE"]
        assert rmse.idxmax() == "a week ago"
        assert rmse["GRU"] < rmse["Ridge"]
        assert rmse["Ridge on logs"] < 0.9 * min(rmse["GRU"], rmse["GRU on logs"])
        assert rmse["with linear_skip"] == pytest.approx(rmse["Ridge on logs"], rel=0.04)
        # "Without known, the model does not learn of a promotion before the day after."
        assert page["without"].loc["without known", "RMSE"] > 1.2 * rmse["Ridge on logs"]
        assert "group=['shop', 'article']" in page.printed[3]

    def test_panels_have_errors_of_each_shop_and_a_scale_within_shops(self, run):
        page = run("guide/panels.md")
        comparison, panel = page["comparison"], page["panel"]
        train, test = comparison.splits[-1]
        differences = panel["units_sold"].iloc[train].unstack("shop").diff().abs().stack()
        off = comparison.predictions["Ridge"] - comparison.y_true
        mase = np.abs(off.iloc[-len(test) :]).mean() / differences.mean()
        assert comparison.scores["Ridge"]["MASE"].iloc[-1] == pytest.approx(mase)
        of_e = np.sqrt(np.mean(off.xs("E", level="shop") ** 2))
        assert page.printed[6].splitlines()[2].split()[-1] == f"{of_e:.1f}"

    def test_panels_sorted_by_shop_are_split_between_shops(self, run):
        page = run("guide/panels.md")
        by_shop = page["table"].set_index(["date", "shop"])
        train, test = list(page["TimeSeriesSplit"](4).split(by_shop))[1]
        keys = [by_shop.index[rows].get_level_values for rows in (train, test)]
        assert [set(level("shop")) for level in keys] == [{"A", "B"}, {"C"}]
        assert set(keys[0]("date")) == set(keys[1]("date"))
        # A search warns of nothing (warnings are errors here), and the comparison refuses the rows.
        cv, X, y = page["TimeSeriesSplit"](4), by_shop[["units_sold"]], by_shop["units_sold"]
        model = make_pipeline(SlidingWindowTransformer(14, group="shop"), page["ridge"])
        search = GridSearchCV(model, {}, cv=cv, error_score="raise").fit(X, y)
        assert np.isfinite(search.best_score_)
        with pytest.raises(ValueError, match="sort_index"):
            page["compare_regressors"]({"Ridge": model}, X, y, cv=cv)

    def test_panels_are_forecast_from_the_columns_of_each_shop(self, run):
        """Independent of skrnn: windows by hand, and ridge regression on them."""
        page = run("guide/panels.md")
        panel, plan = page["panel"], page["plan"]
        logs = np.log1p(panel["units_sold"])
        mean, spread = logs.mean(), logs.std(ddof=0)
        is_south = {shop: shop in "CDE" for shop in "ABCDE"}
        fill = [0, 0.4, 0.6, panel["promo"].mean()]  # padding is the mean of a column

        def make_windows(shop, units, promo):
            rows = np.tile(fill, (14 + len(units), 1))
            rows[14:, 0] = (np.log1p(units) - mean) / spread
            rows[14:, 1:3] = not is_south[shop], is_south[shop]
            rows[14:-1, 3], rows[-1, 3] = promo[1 : len(units)], promo[len(units)]
            # The step before the first row is missing as a whole, and so are its known values.
            return np.array([rows[t : t + 14].ravel() for t in range(len(units) + 1)])

        units = {shop: panel["units_sold"].xs(shop, level="shop").to_numpy() for shop in "ABCDE"}
        promo = {
            shop: np.append(
                panel["promo"].xs(shop, level="shop"), plan["promo"].xs(shop, level="shop")
            )
            for shop in "ABCDE"
        }
        windows = {shop: make_windows(shop, units[shop], promo[shop]) for shop in "ABCDE"}
        fitted = np.concatenate([windows[shop][:-1] for shop in "ABCDE"])
        ridge = clone(page["ridge"])
        ridge.fit(fitted, np.log1p(np.concatenate([units[shop] for shop in "ABCDE"])))
        for shop in "ABCDE":
            sold = units[shop].astype(float)
            for _ in range(7):
                window = make_windows(shop, sold, promo[shop])[-1:]
                sold = np.append(sold, np.expm1(ridge.predict(window)))
            found = page["week_ahead"].xs(shop, level="shop")
            np.testing.assert_allclose(found, sold[-7:], rtol=1e-6)

    def test_panels_have_direct_targets_of_each_shop_that_miss_the_promotions(self, run):
        page = run("guide/panels.md")
        targets, past = page["targets"], page["past"]
        for shop in "ABCDE":
            units = past["units_sold"].xs(shop, level="shop").to_numpy()
            expected = np.lib.stride_tricks.sliding_window_view(units, 7)
            np.testing.assert_array_equal(targets.xs(shop, level="shop"), expected)
        rmse = page["rmse"]
        assert rmse["recursive"] < 0.8 * rmse["direct"] < 0.8 * rmse["a week ago"]

    def test_reproducibility_repeats_bits_and_rounds_across_engines(self, run):
        page = run("guide/reproducibility.md")
        equal = re.findall(r": (True|False)$", page.text, flags=re.MULTILINE)
        assert equal == ["True"] * 5
        assert np.ptp(page["scores"]) > 0
        assert page["difference"] < 1e-4

    def test_speed_other_networks_need_no_compilation(self, run):
        page = run("guide/speed.md")
        assert np.median(page["others"]) < 3 * page["again"] < page["slower"]

    def test_targets_of_the_row_itself_leak(self, run):
        with_leak, without = re.findall(r"R² (\S+)", run("guide/targets.md").printed[2])
        assert (with_leak, without < "0.8") == ("1.00", True)

    def test_targets_have_losses_in_their_units(self, run):
        pairs = re.findall(r"loss (\d+) %, predictions off by (\d+)", run("guide/targets.md").text)
        for loss, off in pairs:
            # "The two numbers of a line are close but not equal."
            assert float(loss) == pytest.approx(float(off), rel=0.5)
        assert len(pairs) == 2

    def test_targets_beyond_the_training_range_need_a_level_or_a_linear_map(self, run):
        rows = re.findall(r"^(.+?) +RMSE +([\d.]+)", run("guide/targets.md").text, re.MULTILINE)
        error = {name: float(number) for name, number in rows}
        assert error["plain"] > 5 * error["yesterday's price"]
        for name in ("linear_skip", "standard", "last"):
            assert error[name] <= error["yesterday's price"] + 0.1

    def test_tuning_ridge_is_the_best_and_all_beat_the_naive_forecast(self, run):
        page = run("guide/tuning.md")
        assert page["by_model"].idxmin() == "RidgeCV"
        assert page["by_model"].idxmax() == "NaiveRegressor"
        assert page["final"]["model"].n_iter_ == page["best_epoch"]

    def test_unequal_lengths_have_labels_in_the_order_of_the_recordings(self, run):
        page = run("guide/unequal_lengths.md")
        table, channels = page["table"], page["channels"]
        by_name = table.set_index("recording")
        for recording, label, part in zip(page["X"], page["y"], page["parts"], strict=True):
            rows = by_name.loc[part["recording"].iloc[0]]
            np.testing.assert_array_equal(recording[: len(rows)], rows[channels])
            assert set(rows["state"]) == {label}
        # "drop_duplicates keeps the order of the file."
        in_file = table.drop_duplicates("recording")["state"].to_numpy()
        assert np.mean(in_file == page["y"]) < 0.5

    def test_unequal_lengths_have_states_that_mean_and_std_confuse_and_others_not(self, run):
        page = run("guide/unequal_lengths.md")
        accuracy = page["accuracy"]
        assert accuracy["network"] > 0.85
        assert accuracy["most frequent"] < accuracy["mean and std"] < 0.7
        idle = list(page["summary"].classes_).index("idle")
        confused = page["confused"]
        by_network = confusion_matrix(page["y_test"], page["states"].predict(page["X_test"]))
        for one_axis in (0, 1):
            share = confused[idle, idle] / confused.sum(axis=one_axis)[idle]
            assert share >= by_network[idle, idle] / by_network.sum(axis=one_axis)[idle]

        def std_of_halves(X):
            recordings = [row[~np.isnan(row[:, 0])] for row in X]
            halves = [np.array_split(recording, 2) for recording in recordings]
            return [np.hstack([half.std(axis=0) for half in pair]) for pair in halves]

        # "A few more columns are enough."
        linear = LogisticRegression().fit(std_of_halves(page["X_train"]), page["y_train"])
        assert linear.score(std_of_halves(page["X_test"]), page["y_test"]) > 0.85
        assert page["states"].predict(page["one"]) == page["recording"]["state"].iloc[0]

    def test_unequal_lengths_have_no_effect_on_predictions(self, run):
        page = run("guide/unequal_lengths.md")
        assert page["r2"] > 0.8
        alone = page["alone"]
        np.testing.assert_allclose(alone, page["beside"][:1], rtol=1e-5)
        np.testing.assert_allclose(alone, page["model"].predict(page["at_the_front"]), rtol=1e-5)
        on_steps, elsewhere = map(float, page.printed[-1].split())
        assert on_steps == pytest.approx(elsewhere)

    def test_windows_hold_the_rows_of_the_page(self, run):
        printed = run("guide/windows.md").printed
        assert "window of row 3: [0. 1. 2.]   y: row 3" in printed[0]
        assert "2 columns, flatten=auto: (200, 3, 2)" in printed[3]
        assert "windows share memory: True\ncan be written into: False\n" in printed[-1]

    def test_front_page_has_a_network_that_wins_and_prices_where_none_does(self, run):
        first, prices = filter(None, run("index.md").printed)
        naive, ridge, network = map(float, re.findall(r"RMSE +([\d.]+)", first))
        assert network < 0.25 * ridge < 0.5 * naive
        found, yesterday = map(float, re.findall(r"RMSE ([\d.]+) dollars", prices))
        assert found == pytest.approx(yesterday, rel=0.03)

    def test_start_page_has_a_network_that_beats_both_rules(self, run):
        page = run("start.md")
        assert min(page["error"], key=page["error"].get) == "network"
        assert page["error"]["network"] < 0.7 * page["error"]["a week ago"]
        assert page["ahead"].index[0].isoformat().startswith("2024-01-01")


def test_results_stand_below_their_blocks(executed_pages):
    page = (
        "```python\nprint('long ' * 40)\n```\n\n```python\nx = 1\n```\n\n```text\nas it is\n```\n"
    )
    results, names = executed_pages.run_page(page, "page.md")
    assert results == [("long " * 40 + "\n", []), ("", [])]
    assert names["x"] == 1
    shown = executed_pages.as_markdown(*results[0]).splitlines()
    assert shown[2] == "````text"
    assert " ".join(shown[3:-1]) == " ".join(["long"] * 40)
    assert max(map(len, shown)) <= 88
    assert executed_pages.as_markdown(*results[1]) == ""


def test_figures_stand_below_their_blocks(executed_pages, on_no_screen):
    page = "```python\nimport matplotlib.pyplot as plt\n\nplt.plot([0, 1])\n```\n"
    [(printed, figures)], _ = executed_pages.run_page(page, "page.md")
    assert (printed, len(figures)) == ("", 1)
    assert b"<svg" in figures[0]
    shown = executed_pages.as_markdown(printed, figures)
    picture = re.fullmatch(r'\s+<img alt="[^"]+" src="data:image/svg\+xml;base64,(.+)">', shown)
    assert base64.b64decode(picture[1]) == figures[0]


def test_an_error_names_the_page_and_the_block(executed_pages):
    page = "```python\nx = 1\n```\n\n```python\nundefined\n```\n"
    with pytest.raises(NameError) as error:
        executed_pages.run_page(page, "page.md")
    assert str(error.traceback[-1].path) == "page.md, block 2"


def test_blocks_of_code_are_all_found(executed_pages):
    for page, text in PAGES.items():
        assert text.count("```python") == len(executed_pages.BLOCK.findall(text)), page


def test_no_output_is_written_by_hand_below_code_that_runs(executed_pages):
    pair = re.compile(r"^```python\n(.*?)^```\s+^```text$", flags=re.DOTALL | re.MULTILINE)
    for page, text in PAGES.items():
        by_hand = [code for code in pair.findall(text) if not executed_pages.ELSEWHERE.search(code)]
        assert by_hand == [], page


ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGE = Path(skrnn.__file__).parent
# A folder of skrnn in the first table, and the modules to begin with.
FOLDER_ROW = re.compile(r"^\| `(_?[a-z_/]+)/` \|.*\| (`[^|]*`) \|$", re.MULTILINE)
# `windows/_rules.py`, or `_labels.py` for another file of a folder that was named before.
NAMED_FILE = re.compile(r"`((?:[a-z_]+/)*[a-z_]+\.py)\b")


def test_architecture_page_names_each_folder_and_its_modules():
    rows = dict(FOLDER_ROW.findall(ARCHITECTURE.partition("## Imports")[0]))
    folders = {
        path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*/__init__.py")
    }
    assert folders <= set(rows)
    for folder in folders:
        for module in re.findall(r"`(\w+)`", rows[folder]):
            assert (PACKAGE / folder / f"{module}.py").exists(), (folder, module)


def test_files_that_the_architecture_page_names_exist():
    files = [*PACKAGE.rglob("*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("docs/**/*.py")]
    paths = [path.as_posix() for path in files]
    named = set(NAMED_FILE.findall(ARCHITECTURE))
    assert "windows/_rules.py" in named
    assert not [name for name in named if not any(path.endswith(f"/{name}") for path in paths)]
