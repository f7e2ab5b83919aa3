"""Contract suites: a third party's journal, blob store or engine inherits one and passes it, or is not one. They need pytest."""
