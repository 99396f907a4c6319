"""What a plain classifier reaches on the same cases: TF-IDF of words and of pieces of words, and
logistic regression.

The one place that imports scikit-learn, which the extra `classifier` brings. Each case is
classified by a model that saw neither it nor its near-duplicates.
"""

from collections.abc import Sequence
from dataclasses import replace

from nlu_shared.schemas.headroom import ClassifierScore
from nlu_shared.schemas.prompts import TaskKind

from induction.engine.data.chance import shuffled
from induction.engine.data.folding import words
from induction.engine.data.folds import FOLDS, folds_of
from induction.engine.data.splits import splits_of
from induction.engine.headroom.design import probed
from induction.engine.plan import Plan
from induction.task_kinds.base import Case, ModelPrediction

MOST_CASES = 3_000
"""Learnt from and classified: half a minute of computing with a hundred labels."""
LONGEST = 10_000
"""Characters of a case that are read."""
NOT_INSTALLED = "scikit-learn is not installed: pip install 'induction[classifier]'"
NOTHING_TO_LEARN = "the cases carry one label, or their texts hold no word"


def with_classifier(plan: Plan) -> Plan:
    """The plan with what `classified` says of it."""
    return replace(plan, classifier=classified(plan))


def classified(plan: Plan) -> ClassifierScore | None:
    """Out-of-fold, on cases that are not set aside to test; None where there is no label to choose.
    Says so where scikit-learn is not installed."""
    if plan.task.kind is not TaskKind.INTENT:
        return None
    splits = splits_of(plan.cases, plan.splits)
    drawn = shuffled(
        splits.learning, name=lambda case: case.id, seed=plan.seed, purpose="classifier"
    )
    cases = sorted(drawn[:MOST_CASES], key=lambda case: case.id)
    same = {case.id for case in probed(plan, splits)}
    try:
        predictions = out_of_fold(cases, seed=plan.seed)
    except ModuleNotFoundError:
        return ClassifierScore(cases=len(cases), score=None, missing=NOT_INSTALLED)
    if predictions is None:
        return ClassifierScore(cases=len(cases), score=None, missing=NOTHING_TO_LEARN)
    shared = [at for at, case in enumerate(cases) if case.id in same]
    return ClassifierScore(
        cases=len(cases),
        score=_score(plan, cases, predictions),
        same_cases=len(shared),
        same_score=_score(plan, [cases[at] for at in shared], [predictions[at] for at in shared])
        if shared
        else None,
    )


def _score(plan: Plan, cases: Sequence[Case], predictions: Sequence[ModelPrediction]) -> float:
    return plan.task.score([case.truth for case in cases], predictions).objective


def out_of_fold(cases: Sequence[Case], *, seed: int) -> list[ModelPrediction] | None:
    """A label for each case, in their order; None where there is nothing to tell apart. Raises
    ModuleNotFoundError without the extra."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - an extra
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline, make_union  # noqa: PLC0415

    labels = [str(case.truth) for case in cases]
    folds = folds_of(cases, seed=seed)
    texts = [case.transcript[:LONGEST] for case in cases]
    predictions = [ModelPrediction(fault="not classified")] * len(cases)
    for fold in range(FOLDS):
        kept = [at for at, case in enumerate(cases) if folds[case.id] != fold]
        left_out = [at for at, case in enumerate(cases) if folds[case.id] == fold]
        if not left_out:
            continue
        if len({labels[at] for at in kept}) < 2 or not any(words(texts[at]) for at in kept):
            return None
        model = make_pipeline(
            make_union(
                TfidfVectorizer(tokenizer=words, token_pattern=None, sublinear_tf=True),
                TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True),
            ),
            LogisticRegression(C=10.0, max_iter=1_000),
        )
        model.fit([texts[at] for at in kept], [labels[at] for at in kept])
        for at, label in zip(left_out, model.predict([texts[at] for at in left_out]), strict=True):
            predictions[at] = ModelPrediction(output=str(label))
    return predictions
