"""Objects of a cluster's add-ons: gateway, GPUs, autoscaler, logs, volumes. No Pulumi."""
