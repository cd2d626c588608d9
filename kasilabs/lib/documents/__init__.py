"""Strangers' JSON: parsing, JSON Pointer, JSON Schema, and JSON as HTML."""
