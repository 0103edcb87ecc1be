"""Documents of AWS as plain data: IAM policies, kubeconfig, sizes of subnets. No Pulumi."""
