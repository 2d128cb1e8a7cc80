"""The shipped designs: complete systems, each one a Python file that can be read and changed.

``fraud`` decides card payments; ``handbook`` is the public benchmark of the Fraud Detection Handbook. They
use the rooms and nothing in the rooms knows of them.
"""
