"""Model quality: the same rows, the same budget, ours beside the tools that people reach for.

``python -m bench.quality [--budget 60] [--budget 240] [--table NAME …] [--tool NAME …]``

Each table becomes a project by ``fullcycle init``; its dataset says which rows are for learning and which are the test
rows. Every tool then gets the learning rows and so many seconds, in a process of its own (peers in environments of their
own), and answers the test rows; what it says is scored by log loss or RMSE. What is done stays done: a benchmark that
was cut off goes on.
"""
