"""A classifier that is a prompt: the one that serves, on the model it was measured with.

`source` finds the prompt, `module` reads one that was bundled, `model` makes the call, `classifier`
puts them together.
"""

from nlu_shared.client.prompted.classifier import PromptedClassifier, PromptedService
from nlu_shared.client.prompted.model import ModelFailed
from nlu_shared.client.prompted.source import NoPrompt, PromptSource

__all__ = ["ModelFailed", "NoPrompt", "PromptSource", "PromptedClassifier", "PromptedService"]
