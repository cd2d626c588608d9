"""The agent's door: list the tools of a number, call one."""
