"""Speed and accuracy, measured: run by hand and by `previz bench`."""
