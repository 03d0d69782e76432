"""ONNX Runtime on the CPU, behind torch's exporter of ONNX."""
