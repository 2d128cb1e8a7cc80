"""The flat form of a model: what answers in microseconds, and says why.

`layout` lays trees and weights out as arrays, `kernel` adds them up and takes them apart, `model` is the
served model, `file` writes it down, and `publish` makes it when a bundle is written and compares it with the
portable form. ONNX stays the portable form, and serves whatever has no flat one.
"""
