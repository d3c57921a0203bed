"""The command line of a pipeline: httpx, the standard library, the offline verifier, and no framework."""
