"""The registry: manifests, versions, signing secrets."""
