"""What boosting libraries see of an objective: one tree with a leaf for each row shows the row's own derivatives."""

import json

import numpy as np

ROWS = 60
LIGHTGBM = {
    "verbose": -1, "num_threads": 1, "num_leaves": ROWS, "min_data_in_leaf": 1, "min_data_in_bin": 1,
    "min_sum_hessian_in_leaf": 0, "learning_rate": 1.0, "boost_from_average": False, "force_row_wise": True,
}  # fmt: skip
XGBOOST = {
    "nthread": 1, "max_depth": 0, "grow_policy": "lossguide", "tree_method": "hist", "max_bin": 4 * ROWS,
    "min_child_weight": 0, "lambda": 0, "eta": 1.0,
}  # fmt: skip
CATBOOST = {
    "verbose": 0, "allow_writing_files": False, "thread_count": 1, "iterations": 5, "depth": 3, "learning_rate": 0.5,
    "leaf_estimation_method": "Gradient", "leaf_estimation_iterations": 1, "boost_from_average": False,
    "bootstrap_type": "No", "random_strength": 0, "boosting_type": "Plain",
}  # fmt: skip


def features():
    """One for each row, all different."""
    return np.arange(ROWS, dtype=float)[:, None]


def leaves_of_lightgbm(lightgbm, objective, labels, scores, weight=None, **parameters):
    """(value, weight) of the leaf of each row, in each tree."""
    data = lightgbm.Dataset(features(), labels, weight=weight, init_score=scores)
    booster = lightgbm.train({**LIGHTGBM, "objective": objective, **parameters}, data, 1)
    found = booster.predict(features(), pred_leaf=True).reshape(ROWS, -1)
    trees = [
        {leaf["leaf_index"]: leaf for leaf in _leaves(tree["tree_structure"], "left_child", "right_child")}
        for tree in booster.dump_model()["tree_info"]
    ]
    return _of_rows(found, trees, "leaf_value", "leaf_weight")


def leaves_of_xgboost(xgboost, objective, labels, scores, weight=None, **parameters):
    """The same. `objective` is a name, or what `obj=` takes."""
    data = xgboost.DMatrix(features(), labels, weight=weight, base_margin=scores)
    own = {"objective": objective} if isinstance(objective, str) else {}
    booster = xgboost.train({**XGBOOST, **own, **parameters}, data, 1, obj=None if own else objective)
    found = booster.predict(data, pred_leaf=True).reshape(ROWS, -1)
    dumped = booster.get_dump(with_stats=True, dump_format="json")
    trees = [{leaf["nodeid"]: leaf for leaf in _leaves(json.loads(tree), "children")} for tree in dumped]
    return _of_rows(found, trees, "leaf", "cover")


def gains_of_lightgbm(lightgbm, objective, labels, scores, **parameters):
    """Those of all splits of a tree: they come from the derivatives alone."""
    data = lightgbm.Dataset(features(), labels, init_score=scores)
    booster = lightgbm.train({**LIGHTGBM, "objective": objective, "num_leaves": 8, **parameters}, data, 1)
    return _gains(booster.dump_model()["tree_info"][0]["tree_structure"])


def _gains(node):
    if "split_gain" not in node:
        return []
    return [node["split_gain"], *_gains(node["left_child"]), *_gains(node["right_child"])]


def _leaves(node, *children):
    below = [child for key in children if key in node for child in np.atleast_1d(node[key])]
    return [leaf for child in below for leaf in _leaves(child, *children)] if below else [node]


def _of_rows(found, trees, value, weight):
    leaves = [[tree[int(index)] for tree, index in zip(trees, row, strict=True)] for row in found]
    return tuple(np.array([[leaf[key] for leaf in row] for row in leaves]) for key in (value, weight))
