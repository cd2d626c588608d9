"""What the platform owns: payments, orders, messages, schedules and escalations."""
