"""Host names of AWS's services.

https://docs.aws.amazon.com/general/latest/gr/rande.html
"""

from dataclasses import dataclass

# Domains of partitions other than `aws`, for IPv4 and for dual-stack, by the prefix of the region's
# name. https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json
_DOMAINS = {
    "cn-": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "eusc-": ("amazonaws.eu", "api.amazonwebservices.eu"),
    "us-iso-": ("c2s.ic.gov", "api.aws.ic.gov"),
    "us-isob-": ("sc2s.sgov.gov", "api.aws.scloud"),
    "eu-isoe-": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "us-isof-": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
}
_AWS = ("amazonaws.com", "api.aws")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The kind of endpoints that Clipo uses."""

    fips: bool = False
    """Whether they use cryptography that FIPS 140-3 has validated."""
    dual_stack: bool = False
    """Whether they have IPv6 addresses, too."""

    def host(self, service: str, region: str) -> str:
        """Return the host name of a service in a region."""
        domains = (names for start, names in _DOMAINS.items() if region.startswith(start))
        domain, dual_stack_domain = next(domains, _AWS)
        if service == "s3":
            infix = ".dualstack" if self.dual_stack else ""
            return f"s3{'-fips' if self.fips else ''}{infix}.{region}.{domain}"
        # In GovCloud the plain endpoint of SQS is validated itself.
        plain = service == "sqs" and region.startswith("us-gov-") and not self.dual_stack
        name = f"{service}-fips" if self.fips and not plain else service
        return f"{name}.{region}.{dual_stack_domain if self.dual_stack else domain}"


AWS_ENDPOINTS = Endpoints()
"""The plain endpoints, which are the default."""
