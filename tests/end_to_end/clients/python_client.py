"""Python's websockets (Debian's python3-websockets) as a client. README.md has the commands."""

import asyncio
import sys


def say(*words):
    print(*words, flush=True)


try:
    import websockets
    import websockets.exceptions
    import websockets.version
except ImportError:
    say("missing", "python3-websockets")
    sys.exit(1)


class Driver:
    def __init__(self):
        self.socket = None
        self.reading = None

    async def open(self, url, compression):
        try:
            # max_size is about what comes in; the rest of the settings are the library's own.
            self.socket = await websockets.connect(url, compression=compression)
        except websockets.exceptions.InvalidStatusCode as refusal:
            say("refused", refusal.status_code)
            return
        extensions = ", ".join(extension.name for extension in self.socket.extensions)
        say(f"open {extensions}".rstrip())
        self.reading = asyncio.create_task(self.read())

    async def read(self):
        try:
            while True:
                message = await self.socket.recv()
                if isinstance(message, bytes):
                    say("message binary", message.hex())
                else:
                    say("message text", message.replace("\n", "\\n"))
        except websockets.exceptions.ConnectionClosed as end:
            is_clean = end.rcvd is not None and end.sent is not None
            code = 1006 if end.rcvd is None else end.rcvd.code
            reason = "" if end.rcvd is None else end.rcvd.reason
            say("closed", code, "clean" if is_clean else "unclean", reason)

    async def ping(self):
        answer = await self.socket.ping("are you there")
        await answer
        say("pong")

    async def send(self, message):
        try:
            await self.socket.send(message)
        except websockets.exceptions.ConnectionClosed:
            pass  # read() tells of it

    async def obey(self, word, rest):
        if word == "open":
            await self.open(rest, None)
        elif word == "open-deflate":
            await self.open(rest, "deflate")
        elif word == "send":
            await self.send(rest)
        elif word == "send-binary":
            await self.send(bytes.fromhex(rest))
        elif word == "ping":
            await self.ping()
        elif word == "close":
            await self.socket.close(int(rest))
        else:
            raise ValueError(f"unknown command: {word}")


async def main():
    version = ".".join(str(part) for part in sys.version_info[:3])
    say("ready", f"python {version}, websockets {websockets.version.version}")
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader(limit=1 << 24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    driver = Driver()
    while line := await commands.readline():
        word, _, rest = line.decode().rstrip("\n").partition(" ")
        await driver.obey(word, rest)


sys.stdout.reconfigure(encoding="utf-8")
asyncio.run(main())
