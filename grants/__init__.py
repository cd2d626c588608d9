"""What each WhatsApp number may use, and the one decision everybody asks."""
