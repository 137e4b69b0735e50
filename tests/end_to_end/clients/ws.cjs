// Node's `ws` (Debian's node-ws) as a client.
'use strict';

const { say, sayMessage, requireWs, obey } = require('./driver.cjs');

const { WebSocket, version } = requireWs();
say('ready', `node ${process.versions.node}, ws ${version}`);

let socket = null;

function open(url, options) {
  let connection = null;  // the TCP connection
  let failure = '';  // of it
  let isRefused = false;
  const opening = new WebSocket(url, options);
  socket = opening;
  opening.on('upgrade', (response) => {
    connection = response.socket;
    connection.on('error', (error) => (failure = error.code));
  });
  opening.on('unexpected-response', (request, response) => {
    isRefused = true;
    say('refused', response.statusCode);
    request.destroy();
  });
  opening.on('open', () => say(`open ${opening.extensions}`.trim()));
  opening.on('message', (data, isBinary) => {
    if (isBinary) say('message binary', data.toString('hex'));
    else sayMessage(data.toString());
  });
  opening.on('pong', () => say('pong'));
  opening.on('error', (error) => {
    if (!isRefused) say('error', error.message);
  });
  opening.addEventListener('close', (event) => {
    if (isRefused) return;
    // wasClean says that both close frames were there; the connection itself counts here too.
    const isClean = event.wasClean && failure === '';
    say('closed', event.code, isClean ? 'clean' : 'unclean', `${event.reason}${failure}`);
  });
}

obey(
  {
    open: (url) => open(url, { perMessageDeflate: false }),
    'open-deflate': (url) => open(url, { perMessageDeflate: true }),
    send: (text) => socket.send(text),
    'send-binary': (hex) => socket.send(Buffer.from(hex, 'hex')),
    ping: () => socket.ping('are you there'),
    close: (code) => socket.close(Number(code)),
  },
  () => process.exit(0),
);
