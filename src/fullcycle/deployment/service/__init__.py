"""The prediction service: a thin wire over :class:`~fullcycle.deployment.answer.Answerer`, in as many processes as one likes.

``app`` puts the routes together, ``routing`` follows what serves, ``predict`` and ``outcomes`` answer, ``log`` keeps what was answered,
``workers`` and ``worker`` run it.
"""
