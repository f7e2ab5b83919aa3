"""Brokers: topics of Kafka and streams of NATS JetStream, read from an offset up to where they end now."""
