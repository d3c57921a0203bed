"""Reads that span tables of several floors."""
