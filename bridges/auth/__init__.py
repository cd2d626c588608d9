"""Who asks, and in which conversation: the request token, the chat token, and the tokens that were used."""
