"""Kubernetes: a Helm chart of the service, and an InferenceService of KServe."""
