"""May this skops file be loaded, type by type, and are its trees sound?

skops trusts every public scikit-learn estimator.  Here a type is allowed when someone has read what loading
and predicting with it does; whatever is not on the list is refused by name.  Trees are walked without bounds
checks by compiled code, so their indexes are checked before anything is predicted.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from audits.sandbox.model_formats import ModelRefused

_LARGEST_SCHEMA = 64 * 1024 * 1024

# How skops rebuilds a value. Left out: functions, methods, partials, operators, and nodes of old protocols.
_LOADERS = {
    "CachedNode",
    "DTypeNode",
    "DictNode",
    "JsonNode",
    "ListNode",
    "LossNode",
    "NdArrayNode",
    "ObjectNode",
    "RandomGeneratorNode",
    "RandomStateNode",
    "SetNode",
    "SliceNode",
    "SparseMatrixNode",
    "TreeNode",
    "TupleNode",
    "TypeNode",
}

_REVIEWED: dict[str, str] = {
    "builtins": "bool dict float int list set slice str tuple",
    "numpy": "ndarray dtype bool bool_ float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 "
    "uint64 intp str_",
    "numpy.random.mtrand": "RandomState",
    "numpy.random._generator": "Generator",
    "numpy.random._mt19937": "MT19937",
    "numpy.random._pcg64": "PCG64",
    "scipy.sparse._csr": "csr_matrix csr_array",
    "scipy.sparse._csc": "csc_matrix csc_array",
    "sklearn._loss._loss": "CyAbsoluteError CyExponentialLoss CyHalfBinomialLoss CyHalfGammaLoss "
    "CyHalfPoissonLoss CyHalfSquaredError CyHalfTweedieLoss "
    "CyHalfTweedieLossIdentity CyHuberLoss CyPinballLoss",
    "sklearn._loss.link": "HalfLogitLink IdentityLink Interval LogLink LogitLink",
    "sklearn._loss.loss": "AbsoluteError ExponentialLoss HalfBinomialLoss HalfGammaLoss HalfPoissonLoss "
    "HalfSquaredError HalfTweedieLoss HalfTweedieLossIdentity HuberLoss PinballLoss",
    "sklearn.calibration": "CalibratedClassifierCV _CalibratedClassifier _SigmoidCalibration",
    "sklearn.compose._column_transformer": "ColumnTransformer",
    "sklearn.decomposition._pca": "PCA",
    "sklearn.decomposition._truncated_svd": "TruncatedSVD",
    "sklearn.dummy": "DummyClassifier DummyRegressor",
    "sklearn.ensemble._bagging": "BaggingClassifier BaggingRegressor",
    "sklearn.ensemble._forest": "ExtraTreesClassifier ExtraTreesRegressor RandomForestClassifier RandomForestRegressor",
    "sklearn.ensemble._gb": "GradientBoostingClassifier GradientBoostingRegressor",
    "sklearn.ensemble._hist_gradient_boosting.binning": "_BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting": "HistGradientBoostingClassifier "
    "HistGradientBoostingRegressor",
    "sklearn.ensemble._hist_gradient_boosting.predictor": "TreePredictor",
    "sklearn.ensemble._stacking": "StackingClassifier StackingRegressor",
    "sklearn.ensemble._voting": "VotingClassifier VotingRegressor",
    "sklearn.ensemble._weight_boosting": "AdaBoostClassifier AdaBoostRegressor",
    "sklearn.feature_selection._from_model": "SelectFromModel",
    "sklearn.feature_selection._variance_threshold": "VarianceThreshold",
    "sklearn.impute._base": "MissingIndicator SimpleImputer",
    "sklearn.isotonic": "IsotonicRegression",
    "sklearn.linear_model._base": "LinearRegression",
    "sklearn.linear_model._bayes": "ARDRegression BayesianRidge",
    "sklearn.linear_model._coordinate_descent": "ElasticNet ElasticNetCV Lasso LassoCV",
    "sklearn.linear_model._glm.glm": "GammaRegressor PoissonRegressor TweedieRegressor",
    "sklearn.linear_model._huber": "HuberRegressor",
    "sklearn.linear_model._logistic": "LogisticRegression LogisticRegressionCV",
    "sklearn.linear_model._quantile": "QuantileRegressor",
    "sklearn.linear_model._ridge": "Ridge RidgeCV RidgeClassifier RidgeClassifierCV",
    "sklearn.linear_model._stochastic_gradient": "SGDClassifier SGDRegressor",
    "sklearn.naive_bayes": "BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB",
    "sklearn.neural_network._multilayer_perceptron": "MLPClassifier MLPRegressor",
    "sklearn.neural_network._stochastic_optimizers": "AdamOptimizer SGDOptimizer",
    "sklearn.pipeline": "FeatureUnion Pipeline",
    "sklearn.preprocessing._data": "Binarizer MaxAbsScaler MinMaxScaler Normalizer PowerTransformer "
    "QuantileTransformer RobustScaler StandardScaler",
    "sklearn.preprocessing._discretization": "KBinsDiscretizer",
    "sklearn.preprocessing._encoders": "OneHotEncoder OrdinalEncoder",
    "sklearn.preprocessing._label": "LabelBinarizer LabelEncoder",
    "sklearn.preprocessing._polynomial": "PolynomialFeatures",
    "sklearn.preprocessing._target_encoder": "TargetEncoder",
    "sklearn.svm._classes": "LinearSVC LinearSVR",
    "sklearn.tree._classes": "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor",
    "sklearn.tree._tree": "Tree",
    "sklearn.utils._bunch": "Bunch",
}
REVIEWED_TYPES = frozenset(f"{module}.{name}" for module, names in _REVIEWED.items() for name in names.split())

_SHARE_ONE_WIDTH = {
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
}


def review_types(path: Path) -> None:
    """Raise ModelRefused when the file names a type or a way of rebuilding that is not on the list."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("schema.json").file_size > _LARGEST_SCHEMA:
                raise _damaged("its description is larger than 64 MiB")
            schema = json.loads(archive.read("schema.json"))
        nodes = list(_nodes(schema))
    except (
        OSError,
        ValueError,
        KeyError,
        RecursionError,
        zipfile.BadZipFile,
        NotImplementedError,
    ) as problem:
        raise _damaged(f"its description cannot be read ({type(problem).__name__})") from problem
    if not nodes or nodes[0] is not schema:
        raise _damaged("its description does not start with a model")
    refused = set()
    for node in nodes:
        name = f"{node.get('__module__')}.{node.get('__class__')}"
        if node["__loader__"] not in _LOADERS:
            refused.add(f"{name} ({node['__loader__']})")
        elif name not in REVIEWED_TYPES:
            refused.add(name)
    if refused:
        shown = ", ".join(sorted(refused)[:5])
        more = f" and {len(refused) - 5} more" if len(refused) > 5 else ""
        raise ModelRefused(
            "type_refused",
            f"The skops file holds types that are not on the reviewed list: {shown[:400]}{more}.",
            "Build the model from plain scikit-learn estimators without functions of your own, or export it to ONNX.",
        )


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every dictionary that skops could take for a node, wherever it hides, outermost first."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            if isinstance(current.get("__loader__"), str):
                yield current
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)


def review_trees(model: Any) -> None:
    """Raise ModelRefused when a tree inside `model` points outside itself or beyond its features.

    The loaded objects are looked at, not the file: several parts of a file can claim to be the same object.
    """
    seen: set[int] = set()
    waiting: list[tuple[Any, Any]] = [(model, None)]
    while waiting:
        current, holder = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        kind = type(current).__name__
        if kind == "Tree":
            _review_tree(current, _width(holder))
        elif kind == "TreePredictor":
            _review_predictor(current, _width(holder))
        elif isinstance(current, dict):
            waiting.extend((value, holder) for value in current.values())
        elif isinstance(current, list | tuple | set):
            waiting.extend((value, holder) for value in current)
        elif isinstance(current, np.ndarray) and current.dtype == object:
            waiting.extend((value, holder) for value in current.ravel())
        elif hasattr(current, "__dict__") and type(current).__module__.startswith("sklearn."):
            if kind in _SHARE_ONE_WIDTH:
                _review_widths(current)
            waiting.extend((value, current) for value in vars(current).values())


def _review_tree(tree: Any, width: int) -> None:
    # A count above the capacity would make every array below a view of foreign memory.
    if not 0 < tree.node_count <= tree.capacity:
        raise _unsound("a tree claims more nodes than it has")
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    _review_links(left, right, feature, left == -1, min(width, tree.n_features))
    if not bool(np.all((left == -1) == (right == -1))):
        raise _unsound("a node has one child")


def _review_predictor(predictor: Any, width: int) -> None:
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE

    nodes, bitsets = predictor.nodes, predictor.raw_left_cat_bitsets
    if not isinstance(nodes, np.ndarray) or nodes.dtype != PREDICTOR_RECORD_DTYPE or nodes.ndim != 1:
        raise _unsound("the nodes of a tree have another shape or type than scikit-learn writes")
    leaf = nodes["is_leaf"] == 1
    left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
    _review_links(left, right, nodes["feature_idx"].astype(np.int64), leaf, width)
    categorical = nodes["is_categorical"] == 1
    if np.any(categorical):
        sound = isinstance(bitsets, np.ndarray) and bitsets.ndim == 2 and bitsets.dtype == np.uint32
        if not sound or bitsets.shape[1] != 8 or nodes["bitset_idx"][categorical].max() >= bitsets.shape[0]:
            raise _unsound("a tree points to categories that it does not have")


def _review_links(left: Any, right: Any, feature: Any, leaf: Any, width: int) -> None:
    count, inner = len(left), ~leaf
    if count == 0:
        raise _unsound("a tree has no nodes")
    own = np.arange(count)[inner]
    for child in (left[inner], right[inner]):
        # Both libraries write parents before children, so a child that does not come later closes a circle.
        if np.any(child >= count) or np.any(child <= own):
            raise _unsound("a node of a tree points outside the tree or back to itself")
    if np.any(feature[inner] < 0) or np.any(feature[inner] >= width):
        raise _unsound("a tree asks for a feature that the model does not have")


def _review_widths(ensemble: Any) -> None:
    for member in np.ravel(np.asarray(ensemble.estimators_, dtype=object)):
        if _width(member) != _width(ensemble):
            raise _unsound("a tree of an ensemble expects another number of features than the ensemble")


def _width(holder: Any) -> int:
    width = getattr(holder, "n_features_in_", None)
    if not isinstance(width, int | np.integer) or width < 1:
        raise _unsound("an estimator with trees does not say how many features it takes")
    return int(width)


def _damaged(why: str) -> ModelRefused:
    return ModelRefused(
        "damaged_model", f"The skops file is damaged: {why}.", "Save the model again with skops.io.dump."
    )


def _unsound(why: str) -> ModelRefused:
    return ModelRefused("unsound_tree", f"The model is not sound: {why}.", "Save the fitted model again.")
