"""Peers: each a script that learns ``train.parquet`` within a budget and scores ``test.parquet``.

``python SCRIPT FOLDER KIND SECONDS THREADS OUT``; the answer is in the column ``answer``, the scores go to *OUT* (NumPy): of
the later of two classes, of each class, or numbers. A peer is told nothing that ours is not told.
"""
