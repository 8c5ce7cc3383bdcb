"""Find rare positives by gradient boosting: the focal loss against LightGBM's own objective.

    python examples/boost_imbalanced.py [--seed 0] [--rounds 200] [--positives 0.02] [--gamma 2] [--out boost.png]

Data is drawn in which few examples are positive, and some labels are random. LightGBM is trained on a half of it in
three ways: with its own logistic objective, with that and the classes weighted to be balanced, and with the focal loss,
which gives less weight to what is already classified well. All have the same parameters and number of trees.

It prints a progress bar, and the average precision of each on the other half, where the ranking of the examples is what
counts. The picture has that of each number of trees.

Needs lightgbm, scikit-learn, matplotlib and tqdm besides fastloss: pip install -e ".[examples,boosting]"
"""

import command_line

if __name__ == "__main__":
    command_line.end_in_one_line()

import lightgbm
import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split
from tqdm import tqdm

import fastloss as fl
from fastloss.boosting import Objective

EXAMPLES = 12000
RANDOM = 0.01  # of the labels
EVERY = 10  # trees, from one average precision to the next
COLOURS = "#8a8a8a", "#c98a2b", "#0b4f8a"


def draw_data(seed, positives):
    features, labels = make_classification(
        EXAMPLES, 20, n_informative=8, n_clusters_per_class=3, weights=[1 - positives], flip_y=RANDOM, class_sep=0.8,
        random_state=seed,
    )  # fmt: skip
    return train_test_split(features, labels, test_size=0.5, stratify=labels, random_state=seed)


def train(name, objective, data, seed, rounds, start=None, **parameters):
    """The average precision on the test set after every EVERY trees."""
    features, test_features, labels, test_labels = data
    parameters = {
        "objective": objective,
        "learning_rate": 0.1,
        "seed": seed,
        "verbose": -1,
        "num_threads": 1,
        **parameters,
    }
    bar, found = tqdm(total=rounds, desc=f"training: {name}", leave=False), []

    def after_a_tree(environment):
        bar.update()
        done = environment.iteration + 1
        if done % EVERY == 0 or done == rounds:
            scores = environment.model.predict(test_features, raw_score=True)  # a constant start changes no ranking
            found.append((done, average_precision_score(test_labels, scores)))

    with bar:
        lightgbm.train(
            parameters, lightgbm.Dataset(features, labels, **(start or {})), rounds, callbacks=[after_a_tree]
        )
    return found


def draw(results, positives, path):
    figure = Figure(figsize=(8, 4.2), dpi=150, layout="constrained")
    axes = figure.subplots()
    for colour, (name, found) in zip(COLOURS, results.items(), strict=True):
        axes.plot(*zip(*found, strict=True), color=colour, linewidth=2, label=f"{name}: {found[-1][1]:.3f}")
    axes.axhline(positives, color="#cccccc", linewidth=1)
    axes.set(xlabel="trees", ylabel="average precision on the test set", ylim=(0, None))
    axes.set_title(f"Finding {positives:.1%} positives", loc="left", fontsize=12, weight="bold")
    axes.legend(frameon=False, loc="center right")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def main():
    parser = command_line.parser(__doc__.partition("\n")[0])
    parser.add_argument(
        "--seed", metavar="N", type=command_line.integer_from(0), default=0, help="seed of the data and of the training"
    )
    parser.add_argument(
        "--rounds", metavar="N", type=command_line.integer_from(1), default=200, help="trees of a model"
    )
    parser.add_argument(
        "--positives", metavar="SHARE", type=command_line.share, default=0.02, help="of the examples, 0.001 to 1"
    )
    parser.add_argument(
        "--gamma",
        metavar="G",
        type=command_line.number_from(0),
        default=2.0,
        help="of the focal loss: how much less easy examples count",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=command_line.picture_path,
        default="boost.png",
        help="the picture, in a format by the file's ending",
    )
    arguments = parser.parse_args()

    data = draw_data(arguments.seed, arguments.positives)
    focal = Objective(fl.sigmoid_focal_loss, "lightgbm", gamma=arguments.gamma)
    common = data, arguments.seed, arguments.rounds
    results = {
        "own objective": train("own objective", "binary", *common),
        "own, balanced": train("own, balanced", "binary", *common, is_unbalance=True),
        "focal loss": train("focal loss", focal, *common, start=focal.fit_arguments(data[2])),
    }
    print(f"positives of the test set: {np.count_nonzero(data[3])} of {data[3].size}")
    for name, found in results.items():
        print(f"average precision, {name}: {found[-1][1]:.3f}")
    draw(results, data[3].mean(), arguments.out)
    print(f"wrote {arguments.out}")


if __name__ == "__main__":
    main()
