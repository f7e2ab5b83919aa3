"""The loop: the only room that drives all six. ``stages`` runs what changed, ``replay`` the whole of it over history."""
