"""Clusters: how many there are, whether they are more than chance, and what is in them."""
