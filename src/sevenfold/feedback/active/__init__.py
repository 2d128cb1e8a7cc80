"""Active learning: which events' labels a model would learn most from."""
