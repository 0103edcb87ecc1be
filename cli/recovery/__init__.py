"""Taking in what a run of Pulumi made on AWS before it was killed, and could not write down."""
