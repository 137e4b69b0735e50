// What the drivers written for Node have in common: commands come in as lines on standard input,
// what happens goes out as lines on standard output. README.md says which.
'use strict';

const readline = require('node:readline');

function say(...words) {
  process.stdout.write(words.join(' ') + '\n');
}

// A line holds no line end; a peer that sends one is wrong, and this shows it.
function sayMessage(text) {
  say('message text', text.replace(/\n/g, '\\n'));
}

function requireWs() {
  try {
    return { WebSocket: require('ws'), version: require('ws/package.json').version };
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    say('missing', 'node-ws');
    process.exit(1);
  }
}

// Calls commands[WORD](rest of the line) for each line, one after the other, and `finish` at the
// end of standard input.
async function obey(commands, finish) {
  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: 0 })) {
    const blank = line.indexOf(' ');
    const word = blank < 0 ? line : line.slice(0, blank);
    const rest = blank < 0 ? '' : line.slice(blank + 1);
    if (!Object.hasOwn(commands, word)) throw new Error(`unknown command: ${word}`);
    await commands[word](rest);
  }
  await finish();
}

module.exports = { say, sayMessage, requireWs, obey };
