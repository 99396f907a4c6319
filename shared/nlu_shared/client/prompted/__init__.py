"""A classifier that is a prompt: the one that serves, on the model it was measured with.

`source` finds the prompt, `module` reads one that was bundled, `endpoints` says which model is
asked and where, `model` makes the call, `classifier` puts them together.
"""

from nlu_shared.client.prompted.classifier import PromptedClassifier, PromptedService
from nlu_shared.client.prompted.model import ModelFailed
from nlu_shared.client.prompted.source import NoPrompt, PromptSource

__all__ = ["ModelFailed", "NoPrompt", "PromptSource", "PromptedClassifier", "PromptedService"]
