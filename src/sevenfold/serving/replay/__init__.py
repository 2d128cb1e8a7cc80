"""Sending events to a service at a given rate, as its callers would, and measuring what they would see.

Open loop: each event has a moment at which it is due, whatever became of those before it, and its latency
counts from that moment. A service that stalls is charged for everybody who would have waited (Tene,
"How NOT to Measure Latency": the omission that a closed loop coordinates with the service).
"""
