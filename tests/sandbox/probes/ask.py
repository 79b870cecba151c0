"""Calls a function of the notebook and hands back what it returns: arrays if it can."""


class ProbeError(Exception):
    """Something that is the probe's own fault."""


def run(namespace, inputs):
    if inputs.get("fault") == "named":
        raise ProbeError("the probe went wrong")
    if inputs.get("fault") == "slip":
        return {}["no such key"]
    value = namespace[inputs["call"]](*inputs.get("arguments", []))
    if inputs.get("arrays"):
        return value, {}
    return {}, {"value": value}
