"""What the demo says of each part of an extraction."""

from induction.watching.components import by_component
from nlu_shared.schemas.run_views import RunView


def test_each_component_is_told_with_its_counts_and_the_cases_that_carry_it() -> None:
    run = RunView.model_construct(
        components={"people": 0.8, "shift": 1.0, "anxiety": 0.5},
        pooled={"people": (8, 1, 3), "anxiety:up": (1, 0, 0)},
        support={"people": 6},
    )
    _, people = by_component(run)
    assert str(people.text) == (
        "people               F1 0.800: 8 of 11 found, 1 too many; in 6 cases"
    )


def test_a_task_without_parts_says_nothing() -> None:
    assert by_component(RunView.model_construct(components={"accuracy": 0.5}, pooled=None)) == []
