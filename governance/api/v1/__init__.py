"""The first dialect: one view for each resource, one method for each use case."""
