"""Everything that answers a row, with no network: the feature plan, expressions, the contract, model formats, the bundle."""
