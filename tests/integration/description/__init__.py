"""The API's description against the running service, by schemathesis."""
