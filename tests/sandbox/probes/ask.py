"""Calls a function of the notebook and hands back what it returns: arrays if it can."""


def run(namespace, inputs):
    if "file" in inputs:
        return {}, {"value": inputs["file"]}
    if inputs.get("fault"):
        return {}["no such key"]
    value = namespace[inputs["call"]](*inputs.get("arguments", []))
    if inputs.get("arrays"):
        return value, {}
    return {}, {"value": value}
