"""SQL text, files, and the one bridge to an engine."""
