"""The address of a client, as far as what a request says of it can be believed."""

from ipaddress import IPv6Address, ip_address


def client_address(remote: str, forwarded: str, proxies: int) -> str:
    """The address of the client: `remote`, or what that many `proxies` of the site wrote into `X-Forwarded-For`.

    The client itself can write entries further left. An IPv6 client is known by its /64, because it may use all of it.
    """
    told = [entry.strip() for entry in forwarded.split(",") if entry.strip()]
    address = told[-min(proxies, len(told))] if proxies and told else remote
    try:
        parsed = ip_address(_without_port(address))
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)


def _without_port(told: str) -> str:
    # Some proxies write the port too, and each connection has another: a bucket for each would be no bucket.
    if told.startswith("["):
        return told[1:].partition("]")[0]
    return told.partition(":")[0] if told.count(":") == 1 else told
