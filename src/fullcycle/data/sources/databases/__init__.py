"""Databases, one file each: connected read-only, asked with SQL, their rows handed on as Polars frames."""
