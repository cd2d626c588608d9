"""The toolkit pages: of the organization, and of one number."""
