"""The manifest: the document, where it is read from, the checks it passes, the checklist. Knows no table."""
