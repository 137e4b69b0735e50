// Headless Chromium as a client: its own WebSocket, in a page, driven over the DevTools protocol.
//
// The protocol runs over a pair of pipes (descriptors 3 and 4 of the browser), so there is no port
// to find, and the browser ends by itself when this process is gone.
'use strict';

const childProcess = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { say, sayMessage, obey } = require('./driver.cjs');

const chromium = '/usr/bin/chromium';
if (!fs.existsSync(chromium)) {
  say('missing', 'chromium');
  process.exit(1);
}

const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'chromium-'));
// No connections made on the chance that they will be wanted: nothing is sent on them, and they stay.
fs.mkdirSync(path.join(profile, 'Default'));
fs.writeFileSync(
  path.join(profile, 'Default', 'Preferences'),
  JSON.stringify({ net: { network_prediction_options: 2 } }),
);
const browser = childProcess.spawn(
  chromium,
  [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-dev-shm-usage',
    '--disable-breakpad',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-default-apps',
    '--disable-extensions',
    '--disable-sync',
    '--no-first-run',
    '--no-proxy-server',
    '--log-level=3',
    // Nothing but the loopback, whatever the browser may think of.
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE ::1',
    '--remote-debugging-pipe',
    `--user-data-dir=${profile}`,
    'about:blank',
  ],
  { stdio: ['ignore', 2, 2, 'pipe', 'pipe'] },
);
const browserEnd = new Promise((resolve) => browser.once('exit', resolve));

let isLeaving = false;
function leave(code) {
  browser.kill('SIGKILL');
  fs.rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
  process.exit(code);
}
browserEnd.then(() => {
  if (isLeaving) return;
  say('error', 'the browser has ended');
  leave(1);
});
process.on('uncaughtException', (error) => {
  say('error', error.stack.replace(/\n */g, ' | '));
  leave(1);
});
process.on('SIGTERM', () => leave(1));

// The DevTools protocol: JSON between zero bytes.

const answers = new Map();
const listeners = new Map();
let lastId = 0;
let session;

function call(method, params = {}) {
  const id = ++lastId;
  browser.stdio[3].write(JSON.stringify({ id, method, params, sessionId: session }) + '\0');
  return new Promise((resolve, reject) => answers.set(id, { resolve, reject, method }));
}

function listen(event, listener) {
  listeners.set(event, listener);
}

function take(message) {
  if (message.id === undefined) {
    listeners.get(message.method)?.(message.params);
    return;
  }
  const { resolve, reject, method } = answers.get(message.id);
  answers.delete(message.id);
  if (message.error) reject(new Error(`${method}: ${message.error.message}`));
  else resolve(message.result);
}

let unfinished = [];
browser.stdio[4].on('data', (bytes) => {
  for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0)) {
    unfinished.push(bytes.subarray(0, end));
    take(JSON.parse(Buffer.concat(unfinished).toString()));
    unfinished = [];
    bytes = bytes.subarray(end + 1);
  }
  unfinished.push(bytes);
});
browser.stdio[3].on('error', () => {});  // browserEnd tells of it

async function evaluate(expression) {
  const { exceptionDetails } = await call('Runtime.evaluate', { expression, awaitPromise: true });
  if (exceptionDetails) {
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  }
}

// The side in the page. A binding is a function there that is an event here.

function openInPage(url) {
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const tell = (...event) => globalThis.tell(JSON.stringify(event));
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => tell('open', socket.extensions);
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') tell('text', data);
    else tell('binary', hex(new Uint8Array(data)));
  };
  socket.onclose = ({ code, wasClean, reason }) => tell('closed', code, wasClean, reason);
  globalThis.socket = socket;
}

let isOpen = false;
let refusal = '';
const told = {
  open(extensions) {
    isOpen = true;
    say(`open ${extensions}`.trim());
  },
  text: sayMessage,
  binary: (hex) => say('message binary', hex),
  closed(code, wasClean, reason) {
    if (isOpen) say('closed', code, wasClean ? 'clean' : 'unclean', reason);
    else say('refused', refusal);
  },
};

async function open(url) {
  isOpen = false;
  refusal = 'without an answer';
  await evaluate(`(${openInPage})(${JSON.stringify(url)})`);
}

async function start() {
  const { product } = await call('Browser.getVersion');
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  ({ sessionId: session } = await call('Target.attachToTarget', { targetId, flatten: true }));
  for (const domain of ['Page', 'Network', 'Runtime']) await call(`${domain}.enable`);
  await call('Runtime.addBinding', { name: 'tell' });
  listen('Runtime.bindingCalled', ({ payload }) => {
    const [event, ...details] = JSON.parse(payload);
    told[event](...details);
  });
  // The page itself learns nothing of the answer; the developer tools do.
  listen('Network.webSocketFrameError', ({ errorMessage }) => {
    refusal = /response code: (\d+)/.exec(errorMessage)?.[1] ?? errorMessage;
  });
  say('ready', product);
}

async function visit(url) {
  const loaded = new Promise((resolve) => listen('Page.loadEventFired', resolve));
  let answer = 'no answer';
  listen('Network.responseReceived', ({ type, response }) => {
    if (type === 'Document') answer = `${response.status} ${response.mimeType}`;
  });
  const { errorText } = await call('Page.navigate', { url });
  if (errorText) throw new Error(`${url}: ${errorText}`);
  await loaded;
  say('page', answer);
}

// A page of another origin than the chat server's.
async function serve() {
  const server = http.createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<!doctype html><title>another site</title>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  say('serving', `http://127.0.0.1:${server.address().port}`);
}

async function finish() {
  isLeaving = true;
  session = undefined;
  call('Browser.close').catch(() => {});
  const code = await browserEnd;
  leave(code ?? 1);
}

start().then(() =>
  obey(
    {
      serve,
      page: visit,
      open,
      'open-deflate': open,  // it always offers
      send: (text) => evaluate(`socket.send(${JSON.stringify(text)})`),
      'send-binary': (hex) => evaluate(`socket.send(new Uint8Array([${Buffer.from(hex, 'hex').join()}]))`),
      close: (code) => evaluate(`socket.close(${Number(code)})`),
    },
    finish,
  ),
);
