"""The definition of the losses of sequences, and of alignment: each of one sequence, scores (T, C) and a target (S,).

`ctc_loss` and `ctc_loss_with_logits` give (loss, gradient); what weights and reductions are is in the tests.
"""

import itertools

import mpmath
import numpy as np
from reference import log_softmax, softmax


def ctc_by_enumeration(log_probs, target, blank=0):
    """(loss, gradient) by its meaning: all paths that read as the target once repeats are merged and blanks dropped."""
    total, visits, frames = 0.0, np.zeros(log_probs.shape), np.arange(len(log_probs))
    for path in itertools.product(range(log_probs.shape[1]), repeat=len(log_probs)):
        if [c for c, _ in itertools.groupby(path) if c != blank] == list(target):
            probability = np.exp(log_probs[frames, list(path)].sum())
            total += probability
            visits[frames, list(path)] += probability
    return (-np.log(total), -visits / total) if total > 0 else (np.inf, visits)


def ctc_arrivals(log_probs, target, blank):
    """(T, 2S+1): log-probability of reaching each state of (blank, l1, ..., blank), its own frame not counted."""
    states = np.full(2 * len(target) + 1, blank)
    states[1::2] = target
    may_skip = np.append([False, False], (states[2:] != blank) & (states[2:] != states[:-2]))
    arrivals = np.full((len(log_probs), len(states)), -np.inf, dtype=log_probs.dtype)
    arrivals[:1, :2] = 0
    for t in range(1, len(log_probs)):
        alpha = arrivals[t - 1] + log_probs[t - 1, states]
        arrivals[t] = alpha
        arrivals[t, 1:] = np.logaddexp(arrivals[t, 1:], alpha[:-1])
        arrivals[t, 2:] = np.logaddexp(arrivals[t, 2:], np.where(may_skip[2:], alpha[:-2], -np.inf))
    return arrivals, states


def ctc_loss(log_probs, target, blank=0):
    """(loss, gradient by log_probs), Graves et al. 2006: alpha from the front, beta as the alpha of the reversed task.

    In the precision of log_probs: np.longdouble makes a reference for float64 too.
    """
    target, grad = np.asarray(target, dtype=np.int64), np.zeros_like(log_probs)
    if len(log_probs) == 0:
        return (0.0 if len(target) == 0 else np.inf), grad
    front, states = ctc_arrivals(log_probs, target, blank)
    back = ctc_arrivals(log_probs[::-1], target[::-1], blank)[0][::-1, ::-1]
    joint = front + log_probs[:, states] + back
    loss = -np.logaddexp.reduce(joint[-1])
    if np.isfinite(loss):
        np.subtract.at(grad, (slice(None), states), np.exp(joint + loss))
    return loss, grad


def ctc_loss_with_logits(logits, target, blank=0):
    """(loss, gradient by logits). The gradient of an infeasible target is 0."""
    loss, grad = ctc_loss(log_softmax(logits), target, blank)
    return loss, (softmax(logits) + grad if np.isfinite(loss) else grad)


def ctc_in_many_digits(logits, target, blank=0, digits=60):
    """(loss, gradient by logits) by probabilities of so many decimal digits: exact also where the loss is next to 0.

    What is returned is rounded to double precision, last of all."""
    with mpmath.workdps(digits):
        exact = [[mpmath.exp(mpmath.mpf(float(score))) for score in row] for row in logits]
        p = np.array([[term / sum(row) for term in row] for row in exact], dtype=object)
        front, states = _arrivals_in_many_digits(p, target, blank)
        back = _arrivals_in_many_digits(p[::-1], target[::-1], blank)[0][::-1, ::-1]
        joint, grad = front * p[:, states] * back, p.copy()
        np.subtract.at(grad, (slice(None), states), joint / joint[-1].sum())
        return float(-mpmath.log(joint[-1].sum())), grad.astype(float)


def _arrivals_in_many_digits(p, target, blank):
    """ctc_arrivals as probabilities, of frames of probabilities."""
    states = np.full(2 * len(target) + 1, blank)
    states[1::2] = target
    arrivals = np.full((len(p), len(states)), mpmath.mpf(0))
    arrivals[0, :2] = 1
    for t in range(1, len(p)):
        alpha = arrivals[t - 1] * p[t - 1, states]
        arrivals[t] = alpha
        arrivals[t, 1:] += alpha[:-1]
        arrivals[t, 2:] += np.where((states[2:] != blank) & (states[2:] != states[:-2]), alpha[:-2], 0)
    return arrivals, states


def ctc_viterbi(log_probs, target, blank=0):
    """(score, states) of the best path, a state of (blank, l1, blank, ..., blank) for each frame: Viterbi 1967.

    Among equals it stays, or else comes from the nearer state; it ends in the last label rather than in the last blank.
    Without a path of a probability above 0 the score is -inf, and the states mean nothing.
    """
    states = np.full(2 * len(target) + 1, blank)
    states[1::2] = target
    may_skip = np.append([False, False], (states[2:] != blank) & (states[2:] != states[:-2]))[: len(states)]
    score = np.full(len(states) + 2, -np.inf)  # two that nothing reaches lie before the first
    score[2] = 0  # before the first frame
    moves = np.zeros((len(log_probs), len(states)), np.uint8)
    for t, row in enumerate(np.asarray(log_probs, np.float64)):
        stay, near, far = score[2:], score[1:-1], np.where(may_skip, score[:-2], -np.inf)
        best = np.maximum(np.maximum(stay, near), far)
        moves[t] = np.where(stay == best, 0, np.where(near == best, 1, 2))
        score[2:] = best + row[states]
    end = len(states) - 1 - (len(target) > 0 and score[-2] >= score[-1])
    path, state = np.empty(len(log_probs), np.int64), end
    for t in reversed(range(len(log_probs))):
        path[t] = state
        state -= moves[t, state]
    return score[2 + end], path
