"""Components of a cluster on AWS. Only programs of that kind load them: the SDK is large."""
