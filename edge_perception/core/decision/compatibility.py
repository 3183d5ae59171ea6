"""Rules that can never hold for the model that is running."""

from __future__ import annotations

import json

from edge_perception.core.decision.rules import Rules
from edge_perception.core.labels import matches
from edge_perception.core.names import did_you_mean

_WILD = set("*?[")


def warnings_for(rules: Rules, published: str) -> list[str]:
    """
    Compare the rules with what perception says of its model.

    :param published: the JSON on the topic of the labels: model, decoder, labels.
    :returns: sentences on conditions that can't hold; empty if there are none, or if the JSON
        says nothing that can be compared.
    """
    try:
        facts = json.loads(published)
        model, decoder = str(facts["model"]), str(facts["decoder"])
        labels = [str(label) for label in facts["labels"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    found = []
    for rule in rules.rules:
        for seen in rule.when.seeing():
            if seen.sizes and decoder == "classification":
                found.append(
                    f"rule {rule.name!r} asks for a box ({', '.join(seen.sizes)}), but {model} is "
                    "a classification, which has none"
                )
            for pattern in seen.labels if labels else ():
                if not any(matches(label, pattern) for label in labels):
                    found.append(
                        f"rule {rule.name!r}: no label of {model} fits {pattern!r}"
                        + _near(pattern, labels)
                    )
    return found


def _near(pattern: str, labels: list[str]) -> str:
    names = [name.strip().lower() for label in labels for name in label.split(",")]
    return "" if _WILD & set(pattern) else did_you_mean(pattern, names)
