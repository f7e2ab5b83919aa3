"""A container image of what serves: its build context, and building it."""
