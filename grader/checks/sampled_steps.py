"""Which steps ``sample`` leaves out, where training leaves out one."""

from grader.checks.measuring.alternatives import Try
from grader.checks.measuring.chain import read_chain
from grader.checks.sampling_questions import N_SAMPLE, Questions
from grader.messages.message import Message
from grader.sandbox import KernelSession


def leaves_out(session: KernelSession, seed: int, one: Try) -> bool:
    """Whether sampling asks about every step but the one that training leaves out."""
    answer, asked = Questions(session, seed).samples(one)
    if not answer.sampled:
        return False
    T = asked.question.case.T
    chain = read_chain(answer, T, asked.clock, one.training.classes)
    if isinstance(chain, Message) or len(answer.result) != N_SAMPLE:
        return False
    whole = list(range(T - 1, -1, -1))
    return chain.visited == (whole[:-1] if one.training.left_out == 0 else whole[1:])
