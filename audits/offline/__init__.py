"""The verifier an outsider runs: one file, which imports nothing of ours and goes into every bundle."""
