"""What numbers mean: metrics, intervals, tests, sketches, and money per decision. Knows no stage of the loop."""
