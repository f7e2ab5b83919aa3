"""How many trees boosting grows: until validation rows stop it, and at most as many as its parameters say.

A search that is short of time writes ``num_iterations`` beside a learner's own parameters: with it a trial ends in its
time, and the record says why.
"""

from __future__ import annotations

from fullcycle.development.learners.learner import Parameters

TREES = 500  # at most, where validation rows decide when to stop
PATIENCE = 30  # trees without gain after which it stops
UNTOLD = 100  # trees where neither validation rows nor a number tell
NUMBER = "num_iterations"


def own(parameters: Parameters) -> Parameters:
    """The parameters without the number of trees.

    >>> own({"learning_rate": 0.1, "num_iterations": 80})
    {'learning_rate': 0.1}
    """
    return {name: value for name, value in parameters.items() if name != NUMBER}


def most_trees(parameters: Parameters) -> int:
    """How many trees there are at most, where validation rows decide when to stop.

    >>> most_trees({"num_iterations": 80}), most_trees({})
    (80, 500)
    """
    return int(parameters.get(NUMBER, TREES))
