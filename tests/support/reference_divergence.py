"""The definitions of entropy and divergences of softmaxes: see reference.py, which has them by name."""

import math

import numpy as np
from reference_softmax import log_softmax, softmax


def entropy_with_logits(x, base=math.e):
    log_p = log_softmax(x)
    return -np.multiply(np.exp(log_p), log_p, out=np.zeros(x.shape), where=x > -np.inf).sum(axis=-1) / math.log(base)


def entropy_with_logits_grad(x, base=math.e):
    log_p, nats = log_softmax(x), entropy_with_logits(x)[..., None]
    return -np.exp(log_p) * (log_p + nats) / math.log(base)


def log_softmaxes(x, y, temperature):
    """log q and log p in long double, since terms cancel where the two are nearly the same."""
    return (log_softmax(scores.astype(np.longdouble) / temperature) for scores in (x, y))


def divergence(log_p, log_q):
    """D(p || q)"""
    return (np.exp(log_p) * (log_p - log_q)).sum(axis=-1)


def kl_divergence_with_logits(x, y, temperature=1.0, reverse=False):
    log_q, log_p = log_softmaxes(x, y, temperature)
    return (divergence(log_q, log_p) if reverse else divergence(log_p, log_q)).astype(np.float64)


def kl_divergence_with_logits_grad(x, y, temperature=1.0, reverse=False):
    if not reverse:
        return (softmax(x / temperature) - softmax(y / temperature)) / temperature
    log_q, log_p = log_softmaxes(x, y, temperature)
    mean = divergence(log_q, log_p)[..., None]
    return (np.exp(log_q) * (log_q - log_p - mean) / temperature).astype(np.float64)


# Lin 1991, with weights of the two


def log_mixture(log_p, log_q, beta):
    return np.logaddexp(np.log(beta) + log_p, np.log1p(-beta) + log_q)


def js_divergence_with_logits(x, y, beta=0.5, temperature=1.0):
    log_q, log_p = log_softmaxes(x, y, temperature)
    log_m = log_mixture(log_p, log_q, beta)
    return (beta * divergence(log_p, log_m) + (1 - beta) * divergence(log_q, log_m)).astype(np.float64)


def js_divergence_with_logits_grad(x, y, beta=0.5, temperature=1.0):
    log_q, log_p = log_softmaxes(x, y, temperature)
    log_m = log_mixture(log_p, log_q, beta)
    mean = divergence(log_q, log_m)[..., None]
    return ((1 - beta) * np.exp(log_q) * (log_q - log_m - mean) / temperature).astype(np.float64)
