"""The agent API: list the tools of a number, call one."""
