"""Export: what others need to use, judge or find a dataset: a datasheet for people, Croissant for machines."""
