"""The languages that files are written in: how to read one and where its bytes stand."""
