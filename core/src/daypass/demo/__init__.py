"""The demo: a real S3 server on this machine alone, and the main job of daypass shown on it."""
