"""What a fresh machine lacks: the toolchain, the local cluster and its images."""
