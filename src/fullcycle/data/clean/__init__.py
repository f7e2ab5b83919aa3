"""Cleaning: declared steps, each of which says what it touched; what they take out is kept, with its reason.

``propose`` looks at raw cells and says what could be declared; ``prepare`` mends raw cells before typing; ``outliers.fit``
learns what must be learnt from rows before the test period; ``apply.clean`` mends and takes out typed rows, segment by
segment.
"""
