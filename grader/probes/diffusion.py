"""Runs the student's ``DDPM`` with a network that records what it is given and answers as told.

``run(namespace, inputs)`` with inputs::

    measure          "loss", "timesteps" or "sampling"
    prediction_type  "epsilon" or "sample"
    schedule, beta1, beta2, T
    given            null, or {"betas": [...], "entries": {key: [...]}, "call_own": bool} to
                     stand in for the student's own schedule
    seed             of the images and answers that the grader chooses
    batch, calls     (loss, timesteps) how many images in a batch, how many batches
    n_sample         (sampling) how many images
    record           (sampling) the steps, counted from 0, whose x_t is handed back; calls on the
                     same x_t and t, as for classifier-free guidance, are one step
    fresh            (sampling) whether the oracle's image is another one at every step
    alphabar         (sampling) alphabar_1..alphabar_T
    scale, shift     (sampling) the network lives in the data space scale * x + shift
    timesteps        (sampling) null, or what training passes as t for steps 1..T
    codes            (sampling) whether ``forward`` is asked, too, what stands for each class

Images are (batch, 1, 28, 28), in arrays (batch, 784).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.sampling import measure_sampling
    from grader.probes.stand_ins import Interface, Missing, StandIn
    from grader.probes.training import measure_loss


def run(namespace: Any, inputs: Any) -> Any:
    stand_in = StandIn(namespace, inputs["given"])
    measure = measure_sampling if inputs["measure"] == "sampling" else measure_loss
    try:
        with stand_in:
            return measure(namespace, inputs, stand_in)
    except Missing as error:
        return {}, {"missing": str(error)}
    except Interface as error:
        return {}, {"interface": str(error)[:300]}
