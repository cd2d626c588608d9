"""What the agent of one number is given: its plugins, tools and suppressed toolkits."""
