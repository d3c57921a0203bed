"""The drop-in dialect: an unmodified MLflow client that is given our address is governed."""
