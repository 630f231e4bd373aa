"""A CONNECT-IP client (RFC 9484) that is not tandem, on aioquic. Prints what it saw as one line of JSON.

    client.py HOST PORT get PATH            a plain request, as a browser makes it
    client.py HOST PORT tunnel TARGET...    a tunnel, and one ICMP echo through it to each target

The tunnel's secret comes from the environment variable BEARER.
"""

import asyncio
import ipaddress
import json
import os
import ssl
import struct
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect
from aioquic.buffer import Buffer, BufferReadError, encode_uint_var
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, DatagramReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated

# Far more than any answer takes, so that only an answer that never comes is a failure.
PATIENCE = 20
ADDRESS_ASSIGN, ROUTE_ADVERTISEMENT = 0x01, 0x03
ECHO = {4: (8, 0), 6: (128, 129)}
PROTOCOL = {4: 1, 6: 58}


class Client(QuicConnectionProtocol):
    """One connection with one request of interest."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http = None
        self.headers = asyncio.get_running_loop().create_future()
        self.body = bytearray()
        self.arrived = asyncio.Event()
        self.ended = asyncio.Event()
        self.packets = asyncio.Queue()

    def quic_event_received(self, event):
        if isinstance(event, ProtocolNegotiated):
            # The only way in which aioquic announces HTTP datagrams.
            self.http = H3Connection(self._quic, enable_webtransport=True)
        if self.http is None:
            return
        for seen in self.http.handle_event(event):
            if isinstance(seen, HeadersReceived) and not self.headers.done():
                self.headers.set_result({name.decode(): value.decode() for name, value in seen.headers})
            elif isinstance(seen, DataReceived):
                self.body += seen.data
                self.arrived.set()
            elif isinstance(seen, DatagramReceived):
                self.packets.put_nowait(seen.data)
            if getattr(seen, "stream_ended", False):
                self.ended.set()

    async def request(self, headers, end):
        stream = self._quic.get_next_available_stream_id()
        pairs = [(name.encode(), value.encode()) for name, value in headers]
        self.http.send_headers(stream, pairs, end_stream=end)
        self.transmit()
        return stream, await asyncio.wait_for(self.headers, PATIENCE)


def capsules(data):
    """The complete capsules in `data` (RFC 9297, section 3.2)."""
    buffer = Buffer(data=bytes(data))
    while not buffer.eof():
        try:
            kind, length = buffer.pull_uint_var(), buffer.pull_uint_var()
            yield kind, buffer.pull_bytes(length)
        except BufferReadError:
            return


def assigned(value):
    """Addresses of an ADDRESS_ASSIGN capsule (RFC 9484, section 4.7.1)."""
    buffer = Buffer(data=value)
    while not buffer.eof():
        buffer.pull_uint_var()
        size = {4: 4, 6: 16}[buffer.pull_uint8()]
        yield ipaddress.ip_address(buffer.pull_bytes(size)), buffer.pull_uint8()


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echo_request(source, target, payload):
    """An IP packet with an ICMP echo request (RFC 792, RFC 4443)."""
    version, icmp_type = target.version, ECHO[target.version][0]
    body = struct.pack("!HH", 0x7464, 1) + payload
    pseudo = b""
    if version == 6:
        pseudo = source.packed + target.packed + struct.pack("!IHBB", len(body) + 4, 0, 0, PROTOCOL[6])
    icmp = struct.pack("!BBH", icmp_type, 0, 0) + body
    icmp = struct.pack("!BBH", icmp_type, 0, checksum(pseudo + icmp)) + body
    if version == 6:
        return struct.pack("!IHBB", 6 << 28, len(icmp), PROTOCOL[6], 64) + source.packed + target.packed + icmp
    fields = [0x45, 0, 20 + len(icmp), 1, 0, 64, PROTOCOL[4], 0, source.packed, target.packed]
    fields[7] = checksum(struct.pack("!BBHHHBBH4s4s", *fields))
    return struct.pack("!BBHHHBBH4s4s", *fields) + icmp


def is_reply(packet, source, target, payload):
    if target.version == 6:
        ends, icmp = (packet[8:24], packet[24:40]), packet[40:]
    else:
        ends, icmp = (packet[12:16], packet[16:20]), packet[20:]
    return ends == (target.packed, source.packed) and icmp[:1] == bytes([ECHO[target.version][1]]) and icmp[8:] == payload


async def ping(client, stream, source, target):
    """Whether an echo request is answered; it is repeated, because datagrams may be lost."""
    payload = bytes(range(56))
    for _ in range(PATIENCE):
        # Context 0: a plain IP packet.
        client.http.send_datagram(stream, encode_uint_var(0) + echo_request(source, target, payload))
        client.transmit()
        try:
            while True:
                datagram = await asyncio.wait_for(client.packets.get(), 1)
                if datagram[:1] == b"\0" and is_reply(datagram[1:], source, target, payload):
                    return True
        except asyncio.TimeoutError:
            continue
    return False


async def tunnel(client, host, targets):
    stream, headers = await client.request(
        [
            (":method", "CONNECT"),
            (":protocol", "connect-ip"),
            (":scheme", "https"),
            (":authority", host),
            (":path", "/.well-known/masque/ip/*/*/"),
            ("capsule-protocol", "?1"),
            ("authorization", f"Bearer {os.environ['BEARER']}"),
        ],
        end=False,
    )
    seen = {"headers": headers}
    if headers[":status"] != "200":
        await asyncio.wait_for(client.ended.wait(), PATIENCE)
        return seen | {"body": client.body.decode()}
    while {ADDRESS_ASSIGN, ROUTE_ADVERTISEMENT} - {kind for kind, _ in capsules(client.body)}:
        client.arrived.clear()
        await asyncio.wait_for(client.arrived.wait(), PATIENCE)
    leased = [entry for kind, value in capsules(client.body) if kind == ADDRESS_ASSIGN for entry in assigned(value)]
    seen["addresses"] = [f"{address}/{length}" for address, length in leased]
    seen["answered"] = []
    for target in map(ipaddress.ip_address, targets):
        source = next(address for address, _ in leased if address.version == target.version)
        if await ping(client, stream, source, target):
            seen["answered"].append(str(target))
    return seen


async def get(client, host, path):
    _, headers = await client.request(
        [(":method", "GET"), (":scheme", "https"), (":authority", host), (":path", path), ("accept", "text/html")],
        end=True,
    )
    await asyncio.wait_for(client.ended.wait(), PATIENCE)
    return {"headers": headers, "body": client.body.decode()}


async def main(host, port, what, *rest):
    # Who the gateway is, tandem knows by its pin; this client shows what any other would see.
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=H3_ALPN, verify_mode=ssl.CERT_NONE, max_datagram_frame_size=65536
    )
    async with connect(host, int(port), configuration=configuration, create_protocol=Client) as client:
        seen = await (get(client, host, *rest) if what == "get" else tunnel(client, host, rest))
    print(json.dumps(seen))


asyncio.run(main(*sys.argv[1:]))
