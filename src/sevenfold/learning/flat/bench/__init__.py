"""What scoring and explaining cost, beside ONNX Runtime and the libraries: ``sevenfold bench inference``.

`models` trains what is measured, `measure` compares the answers and times the calls, `report` writes the
section of the documentation.
"""
