"""What was seen in a picture, for programs and for people."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge_perception.decode.detections import Detections, Mask


def entries(found: Detections) -> list[dict[str, Any]]:
    """Return what is known of each thing as JSON; places are in pixels of the image."""
    result = []
    for number, label in enumerate(found.labels):
        entry: dict[str, Any] = {
            "class": int(found.classes[number]),
            "label": label,
            "score": float(found.scores[number]),
        }
        if found.boxes is not None:
            entry["box"] = found.boxes[number].tolist()
        if found.landmarks is not None:
            entry["landmarks"] = found.landmarks[number].tolist()
        if found.landmark_scores is not None:
            entry["landmark_scores"] = found.landmark_scores[number].tolist()
        if found.embeddings is not None:
            entry["embedding"] = found.embeddings[number].tolist()
        if found.masks is not None:
            entry["mask"] = _runs(found.masks[number])
        result.append(entry)
    return result


def lines(things: list[dict[str, Any]]) -> list[str]:
    """Return a line for each of the entries."""
    return [
        f"  {entry['score']:.3f}  {entry['label']} ({entry['class']}){_details(entry)}"
        for entry in things
    ] or ["  nothing"]


def _runs(mask: Mask) -> dict[str, Any]:
    """Return a mask row by row as lengths of runs: outside, inside, outside and so on."""
    flat = np.concatenate([[False], mask.reshape(-1)])
    ends = np.flatnonzero(flat[1:] != flat[:-1])
    runs = np.diff(np.concatenate([[0], ends, [mask.size]]))
    height, width = mask.shape
    return {"width": width, "height": height, "runs": runs.tolist()}


def _details(entry: dict[str, Any]) -> str:
    """Return where a thing is, and what else is known of it."""
    parts = []
    if "box" in entry:
        left, top, right, bottom = (round(edge) for edge in entry["box"])
        parts.append(f"at [{left}, {top}, {right}, {bottom}]")
    if "landmarks" in entry:
        parts.append(f"{len(entry['landmarks'])} points")
    if "mask" in entry:
        runs = entry["mask"]["runs"]
        parts.append(f"mask of {sum(runs[1::2]) / sum(runs):.0%} of it")
    if "embedding" in entry:
        parts.append(f"a vector of {len(entry['embedding'])} numbers")
    return "  " + ", ".join(parts) if parts else ""
