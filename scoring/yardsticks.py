"""What other learners make of the same columns: logistic regression and gradient boosting, from scikit-learn.

It is an extra (`pip install handoff[learn]`); without it there is nothing to compare with, and None is returned.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from scoring.conditions import Catalogue
from scoring.fields import FieldType

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Yardstick = Callable[[pl.DataFrame, Catalogue, Bools, Ints, Ints], Floats]

NUMBERS = {FieldType.NUMBER, FieldType.DATE}
VALUES = 60  # of a column that are told apart; all others are one


def logistic(profiles: pl.DataFrame, catalogue: Catalogue, yes: Bools, old: Ints, new: Ints) -> Floats:
    """Return what a logistic regression learned on the rows `old` says of `new`: one column a value, numbers scaled."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 (an extra)

    numbers = _numbers(profiles, catalogue)
    middle = np.nan_to_num(np.nanmedian(numbers[old], axis=0)) if numbers.size else numbers[:1]
    whole = np.where(np.isnan(numbers), middle, numbers)
    spread = whole[old].std(axis=0)
    scaled = (whole - whole[old].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    codes = _codes(profiles, catalogue, old)
    dummies = [codes[:, [place]] == np.arange(VALUES + 2) for place in range(codes.shape[1])]
    columns = np.column_stack([np.clip(scaled, -10, 10), np.isnan(numbers), *dummies]).astype(np.float64)
    model = LogisticRegression(max_iter=2000).fit(columns[old], yes[old])
    return np.asarray(model.decision_function(columns[new]))


def boosting(profiles: pl.DataFrame, catalogue: Catalogue, yes: Bools, old: Ints, new: Ints) -> Floats:
    """Return what gradient boosting learned on the rows `old` says of `new`."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 (an extra)
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 (comes with it)

    numbers, codes = _numbers(profiles, catalogue), _codes(profiles, catalogue, old)
    columns = np.column_stack([numbers, codes])
    places = range(numbers.shape[1], columns.shape[1])
    model = HistGradientBoostingClassifier(categorical_features=list(places), random_state=0)
    with threadpool_limits(1):  # its threads wait by turning, which is slow wherever others work too
        return np.asarray(model.fit(columns[old], yes[old]).decision_function(columns[new]))


YARDSTICKS: Mapping[str, Yardstick] = {"logistic": logistic, "boosting": boosting}


def is_there() -> bool:
    """Return whether the extra is installed."""
    try:
        import sklearn  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


def _numbers(profiles: pl.DataFrame, catalogue: Catalogue) -> Floats:
    names = [name for name, field in catalogue.items() if field.type in NUMBERS]
    found: Any = profiles.select(pl.col(names).cast(pl.Float64)).to_numpy() if names else np.empty((profiles.height, 0))
    return np.asarray(found, dtype=np.float64)


def _codes(profiles: pl.DataFrame, catalogue: Catalogue, old: Ints) -> Ints:
    """Return each value by its place among the most frequent of the rows `old`; one more for others, one for blanks."""
    columns = []
    for name, field in catalogue.items():
        if field.type not in NUMBERS | {FieldType.TEXT}:
            texts = (
                profiles[name].cast(pl.String) if field.type is not FieldType.CHOICES else profiles[name].list.join(";")
            )
            known = texts.gather(old).drop_nulls().value_counts(sort=True)[name].to_list()[:VALUES]
            places = texts.replace_strict(known, list(range(len(known))), default=VALUES, return_dtype=pl.Int64)
            columns.append(places.set(texts.is_null(), VALUES + 1).to_numpy())
    return np.column_stack(columns) if columns else np.empty((profiles.height, 0), dtype=np.int64)
