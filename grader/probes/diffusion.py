"""Runs the student's ``DDPM`` with a network that records what it is given and answers as told.

``run(namespace, inputs)`` with inputs::

    measure          "loss", "told", "sampling", "conditions" or "hyper_parameters"
    prediction_type  "epsilon" or "sample"
    schedule, beta1, beta2, T
    given            null, or {"betas": [...], "entries": {key: [...]}, "call_own": bool} to
                     stand in for the student's own schedule
    forms            calls that the notebook's own network is known to take
    seed             of the images and answers that the grader chooses
    batch, calls     (loss) how many images in a batch, how many batches
    frame            (all but loss) null, or where the 28 x 28 pixels lie in larger images:
                     {"height", "width", "top", "left", "border"}
    time             (all but loss) the arguments that tell t; null if that is not known
    draws            (told, sampling) of how many images training is to tell t
    n_sample         (sampling, conditions) how many images
    record           (sampling) the steps, counted from 0, whose x_t is handed back as a whole
    fresh            (sampling) whether the oracle's image is another one at every step
    alphabar         (sampling) alphabar_1..alphabar_T; alphabar_prev: what comes before
    scale, shift     (sampling) the network lives in the data space scale * x + shift
    timesteps        (sampling) null, or what training passes as t for steps 1..T

"hyper_parameters" says with which numbers the notebook itself is run. Images are
(batch, 1, 28, 28), in arrays (batch, 784).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.conditions import measure_conditions
    from grader.probes.denoiser import Frame
    from grader.probes.own_network import recording
    from grader.probes.sampling import measure_sampling
    from grader.probes.stand_ins import (
        Interface,
        Missing,
        StandIn,
        batches_of,
        build,
        named,
        own_hyper_parameters,
        schedule_in_use,
    )
    from grader.probes.training import MOST_BATCH, measure_loss, told_in_training


def measure_told(namespace: Any, inputs: Any, stand_in: Any) -> Any:
    """What training tells the network as t, and at which step: ``told/...`` and ``level``."""
    network = recording(namespace, None, inputs)
    ddpm = build(namespace, inputs, network, stand_in)
    with batches_of(namespace, min(inputs["T"], MOST_BATCH) // 10 * 10):
        told = told_in_training(namespace, inputs, ddpm, network, Frame(inputs["frame"]))
    return {**told, **schedule_in_use(namespace, inputs)}, {}


MEASURES = {
    "loss": measure_loss,
    "told": measure_told,
    "sampling": measure_sampling,
    "conditions": measure_conditions,
}


def run(namespace: Any, inputs: Any) -> Any:
    if inputs["measure"] == "hyper_parameters":
        return {}, own_hyper_parameters(namespace)
    inputs = {**inputs, "n_feat": own_hyper_parameters(namespace)["n_feat"]}
    try:
        with named(namespace, inputs), StandIn(namespace, inputs["given"]) as stand_in:
            return MEASURES[inputs["measure"]](namespace, inputs, stand_in)
    except Missing as error:
        return {}, {"missing": str(error)}
    except Interface as error:
        return {}, {"interface": str(error)[:300]}
