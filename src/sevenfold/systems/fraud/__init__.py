"""Real-time payment-fraud detection: the first complete system, and a world of our own to run it on."""
