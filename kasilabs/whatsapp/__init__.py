"""WhatsApp numbers, the keys of their agents, and the customers who write to them."""
