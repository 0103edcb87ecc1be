"""The command line `emctl`."""
