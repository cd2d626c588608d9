"""Template tags and filters. TEMPLATES lists them as builtins: every template has them without loading them."""
