"""The same server side before a server that loads the model itself."""
