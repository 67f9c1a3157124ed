"""The engine for a GPU: batches across requests, and scores that stay on the device."""
