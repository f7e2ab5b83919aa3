"""Contract suites: a third party's journal or blob store inherits one and passes it, or is not one. They need pytest."""
