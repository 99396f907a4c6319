"""How well the winning prompt does at each part of an extraction, in plain words. Pure."""

from nlu_shared.schemas.run_views import RunView

from induction.watching.lines import Line, plain, quiet

PARTS = {
    "people": "people",
    "pair_bonds": "pair bonds",
    "structural": "events, not shifts",
    "shift": "shift events",
    "detected:symptom": "symptom coded",
    "detected:anxiety": "anxiety coded",
    "detected:relationship": "relationship coded",
    "detected:functioning": "functioning coded",
}
WIDTH = 20


def by_component(run: RunView) -> list[Line]:
    """F1, pooled counts, and how many cases carry each; nothing for a task without such parts."""
    if not run.components or not run.pooled:
        return []
    support = run.support or {}
    lines = []
    for component, name in PARTS.items():
        if component not in run.components or component not in run.pooled:
            continue
        right, extra, missed = run.pooled[component]
        lines.append(
            quiet(
                f"{name:<{WIDTH}} F1 {run.components[component]:.3f}: {right} of {right + missed}"
                f" found, {extra} too many; in {support.get(component, 0)} cases"
            )
        )
    return [plain("the chosen prompt by component, on the cases it was chosen on"), *lines]
