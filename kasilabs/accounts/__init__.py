"""People: users, organizations, members and what they may do, and the audit trail of what they did."""
