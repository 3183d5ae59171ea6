"""Rules that can never hold for the model that is running."""

from __future__ import annotations

import json

from edge_perception.core.decision.condition import ModelFacts
from edge_perception.core.decision.rules import Rules


def warnings_for(rules: Rules, published: str) -> list[str]:
    """
    Compare the rules with what perception says of its model.

    :param published: the JSON on the topic of the labels: model, decoder, labels.
    :returns: sentences on conditions that can't hold; empty if there are none, or if the JSON
        says nothing that can be compared.
    """
    try:
        said = json.loads(published)
        labels = tuple(str(label) for label in said["labels"])
        facts = ModelFacts(str(said["model"]), str(said["decoder"]), labels)
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    return [
        f"rule {rule.name!r}{mismatch}"
        for rule in rules.rules
        for predicate in rule.when.predicates()
        for mismatch in predicate.mismatch(facts)
    ]
