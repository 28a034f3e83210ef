"""What a widget sends, read as the page reads it (`received` in common.js)."""

import json

import numpy as np


def received(widget) -> dict:
    """The widget's description, in which each {"array": 3} has become the array itself."""
    spec = json.loads(json.dumps(widget.spec, allow_nan=False))
    arrays = [
        np.frombuffer(data, name) for data, name in zip(widget.buffers, spec["types"], strict=True)
    ]

    def resolve(value):
        if isinstance(value, list):
            return [resolve(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "array" in value:
            return arrays[value["array"]]
        return {key: resolve(each) for key, each in value.items()}

    return resolve(spec)
