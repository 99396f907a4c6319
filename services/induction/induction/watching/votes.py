"""What a vote of several versions is worth beside the best of them alone. Pure."""

from nlu_shared.schemas.ensembles import EnsembleMeasured


def gains(ensemble: EnsembleMeasured) -> bool:
    """On test where there is one, though it may be by chance."""
    return not ensemble.splits or ensemble.splits[-1].gain > 0


def remarks(ensemble: EnsembleMeasured) -> list[str]:
    """What speaks against letting it serve in the place of its best member; nothing where its gain
    is sure."""
    if not ensemble.splits or ensemble.splits[-1].interval[0] > 0:
        return []
    split, best = ensemble.splits[-1], ensemble.members[ensemble.best]
    alone = f"over member {ensemble.best + 1} alone ({best.version_id})"
    price = f"at {ensemble.tokens / max(1, best.tokens):.1f} times the tokens"
    if split.gain > 0:
        return [f"that it gains anything {alone} is not sure; it comes {price}"]
    lost = f", and loses {-split.gain:.3f}" if split.gain < 0 else ""
    return [f"it gains nothing {alone} {price}{lost}"]
