"""A publisher that speaks as much of NATS, or of Redis, as the load driver does, and can err.

    fake_peer.py nats|redis PORT [loses|repeats|misaddresses DELIVERY]

The delivery with that number is lost, comes twice, or comes with a subject that its receiver has
not subscribed to: the driver must find it out. Without these words the fake is a peer that needs no
installing, so that what the driver makes of a peer's words is checked everywhere.
"""

import asyncio
import signal
import sys

NOT_SUBSCRIBED = b"elsewhere"


class Publisher:
    def __init__(self, fault, faulty_delivery):
        self.subscribers = {}
        self.fault = fault
        self.faulty_delivery = faulty_delivery
        self.deliveries = 0

    def subscribe(self, subject, subscriber):
        self.subscribers.setdefault(subject, []).append(subscriber)

    def publish(self, subject, payload, sender=None):
        for owner, deliver in self.subscribers.get(subject, []):
            if owner is not sender:
                self.deliver(deliver, subject, payload)

    def deliver(self, deliver, subject, payload):
        self.deliveries += 1
        is_faulty = self.deliveries == self.faulty_delivery
        if is_faulty and self.fault == "loses":
            return
        deliver(NOT_SUBSCRIBED if is_faulty and self.fault == "misaddresses" else subject, payload)
        if is_faulty and self.fault == "repeats":
            deliver(subject, payload)


async def payload_of(reader, size):
    payload = await reader.readexactly(size + 2)
    return payload[:size]


async def serve_nats(publisher, reader, writer):
    def subscribe(subject, subscription):
        def deliver(to, payload):
            writer.write(b"MSG %s %s %d\r\n%s\r\n" % (to, subscription, len(payload), payload))

        publisher.subscribe(subject, (writer, deliver))

    writer.write(b'INFO {"server_name":"a fake"}\r\nPING\r\n')
    while words := (await reader.readline()).split():
        if words[0] == b"SUB":
            subscribe(words[1], words[2])
        elif words[0] == b"PUB":
            publisher.publish(words[1], await payload_of(reader, int(words[2])), writer)
        elif words[0] == b"PING":
            writer.write(b"PONG\r\n")
        elif words[0] not in (b"CONNECT", b"PONG"):
            writer.write(b"-ERR 'Unknown Protocol Operation'\r\n")


async def serve_redis(publisher, reader, writer):
    def bulk(text):
        return b"$%d\r\n%s\r\n" % (len(text), text)

    def deliver(channel, payload):
        writer.write(b">3\r\n" + bulk(b"message") + bulk(channel) + bulk(payload))

    while words := (await reader.readline()).split():
        if words[0].startswith(b"*"):
            sizes = range(int(words[0][1:]))
            words = [await payload_of(reader, int((await reader.readline())[1:])) for _ in sizes]
        if words[0] == b"HELLO":
            writer.write(b"%2\r\n" + bulk(b"proto") + b":3\r\n" + bulk(b"modules") + b"*0\r\n")
        elif words[0] == b"SUBSCRIBE":
            for number, channel in enumerate(words[1:], start=1):
                publisher.subscribe(channel, (writer, deliver))
                writer.write(b">3\r\n" + bulk(b"subscribe") + bulk(channel) + b":%d\r\n" % number)
        elif words[0] == b"PUBLISH":
            publisher.publish(words[1], words[2])
            writer.write(b":%d\r\n" % len(publisher.subscribers.get(words[1], [])))
        elif words[0] == b"PING":
            writer.write(b"+PONG\r\n")
        else:
            writer.write(b"-ERR unknown command\r\n")


async def main(dialect, port, fault=None, faulty_delivery="0"):
    serve = {"nats": serve_nats, "redis": serve_redis}[dialect]
    publisher = Publisher(fault, int(faulty_delivery))

    async def handle(reader, writer):
        try:
            await serve(publisher, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        writer.close()

    await asyncio.start_server(handle, "127.0.0.1", int(port), backlog=4096)
    await asyncio.Event().wait()


for stop in (signal.SIGINT, signal.SIGTERM):
    signal.signal(stop, lambda *_: sys.exit(0))
asyncio.run(main(*sys.argv[1:]))
