"""Which addresses may be called: the attack lines of section F as tables."""

import pytest

from app.gateways.outbound.addresses import BadAddress, Target, is_name, may_connect, places, private_range, read_target

GOOD = (
    ("https://ehr.example/fhir/r4", Target("https", "ehr.example", 443, False)),
    ("https://EHR.example:8443/fhir?x=1", Target("https", "ehr.example", 8443, False)),
    ("https://xn--bcher-kva.example/", Target("https", "xn--bcher-kva.example", 443, False)),
    ("https://ehr/fhir", Target("https", "ehr", 443, False)),
)
BAD_FORM = (
    "https://ok@127.0.0.1/", "https://127.0.0.1#@ok/", "https://ok\\@127.0.0.1/", "https://ok%00.evil/",
    "https://ok .example/", "https://ok\t.example/", "https://ok.example/\r\nHost: evil", "https://ok.example/#x", "https://ok.example/#",
    "https://user:secret@ok.example/", "https://ok.example:x/", "https://ok.example:99999/", "https://ok.example:/", "https://bücher.example/",
    "https://ok.example/" + "a" * 2048, "https://", "", "ehr.example/fhir", "https:ok.example", "https://[::1", "//ok.example/",
)  # fmt: skip
BAD_HOST = (
    "https://127.0.0.1/", "https://[::ffff:169.254.169.254]/", "https://[64:ff9b::a9fe:a9fe]/", "https://[fe80::1%25eth0]/", "https://[::1]/",
    "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/", "https://192.0.0.192/",
    "https://ok.example./", "https://-ok.example/", "https://ok..example/", "https://ok_.example/", "https://" + "a" * 64 + ".example/",
    "https://" + "a." * 125 + "example/",
)  # fmt: skip
BAD_SCHEME = (
    "http://ehr.example/", "ftp://ehr.example/", "file:///etc/passwd", "gopher://ehr.example/", "HTTP://ehr.example/",
)  # fmt: skip
DENIED = (
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1",
    "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:8.8.8.8", "::ffff:169.254.169.254", "::ffff:0:808:808", "64:ff9b::a9fe:a9fe",
    "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:1ff::1", "2001:db8::1", "2002:a9fe:a9fe::1", "3fff::1", "fc00::1", "fd12::1", "fe80::1", "fec0::1",
    "5f00::1", "ff02::1", "fe80::1%eth0", "2606:4700::1111%eth0", "4000::1", "nonsense", "", "1.1.1.1/32", "0177.0.0.1",
)  # fmt: skip


@pytest.mark.parametrize(("url", "target"), GOOD)
def test_a_name_over_https_is_a_target(url: str, target: Target) -> None:
    assert read_target(url) == target


@pytest.mark.parametrize("url", BAD_FORM + BAD_HOST + BAD_SCHEME)
def test_what_is_not_plainly_a_name_over_https_is_refused(url: str) -> None:
    with pytest.raises(BadAddress) as refused:
        read_target(url)
    assert str(refused.value) in {"address-form", "address-host", "address-https"}


@pytest.mark.parametrize("port", [0, 1, 22, 25, 80, 3306, 5432, 6379, 9200, 11211])
def test_ports_of_other_services_are_refused(port: int) -> None:
    with pytest.raises(BadAddress, match="address-port"):
        read_target(f"https://ehr.example:{port}/")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8001/fhir", "http://localhost/fhir", "http://[::1]:8001/"])
def test_this_machine_without_tls_is_for_development_only(url: str) -> None:
    assert read_target(url, loopback_http=True).here
    with pytest.raises(BadAddress):
        read_target(url)


@pytest.mark.parametrize("url", ["http://ehr.example/", "http://10.0.0.1/", "http://127.0.0.2/", "http://127.1/"])
def test_development_opens_nothing_but_this_machine(url: str) -> None:
    with pytest.raises(BadAddress):
        read_target(url, loopback_http=True)


@pytest.mark.parametrize("address", DENIED)
def test_no_connection_to_what_is_not_public(address: str) -> None:
    assert not may_connect(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111"])  # fmt: skip
def test_public_addresses_are_called(address: str) -> None:
    assert may_connect(address)


def test_an_excepted_range_opens_itself_and_nothing_beside_it() -> None:
    ranges = ("10.20.0.0/16", "fd00:1::/32")
    assert may_connect("10.20.255.1", private_ranges=ranges)
    assert may_connect("fd00:1::5", private_ranges=ranges)
    assert not may_connect("10.21.0.1", private_ranges=ranges)
    assert not may_connect("fd00:2::5", private_ranges=ranges)


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "0.0.0.0", "224.0.0.1"])
def test_no_exception_reaches_this_machine_or_its_link(address: str) -> None:
    assert not may_connect(address, private_ranges=("0.0.0.0/0", "::/0"))


def test_loopback_is_reached_in_development_only() -> None:
    assert may_connect("127.0.0.1", loopback=True)
    assert not may_connect("169.254.169.254", loopback=True)


@pytest.mark.parametrize("text", ["0.0.0.0/0", "127.0.0.0/8", "169.254.0.0/16", "8.8.8.0/24", "10.0.0.0/7", "::1/128", "fe80::/10", "10.0.0.1/8", "x"])  # fmt: skip
def test_only_an_organizations_own_network_can_be_excepted(text: str) -> None:
    with pytest.raises(BadAddress):
        private_range(text)


def test_a_private_range_keeps_one_spelling() -> None:
    assert [private_range(each) for each in ("10.0.0.0/8", "FD00:0:0::/32")] == ["10.0.0.0/8", "fd00::/32"]


def test_the_hosts_of_an_allowance_come_from_urls_and_from_names() -> None:
    assert places(["https://EHR.example/fhir", "login.example", "login.example:8443"]) == {
        "ehr.example", "login.example", "login.example:8443",
    }  # fmt: skip
    assert places(["http://127.0.0.1:8001/fhir"], loopback_http=True) == {"127.0.0.1:8001"}


def test_names_of_another_script_come_as_punycode_or_not_at_all() -> None:
    assert is_name("xn--80ak6aa92e.com")
    assert not is_name("аррӏе.com")
