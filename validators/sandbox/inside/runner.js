// Runs a job in node: the source as a script, then each call as an expression in its global scope. What each call
// gives goes out as `inside/plain.py` writes it, in the frames of `inside/job.py`. Nothing here is trusted: the
// host, which alone knows what was expected, compares.
'use strict';
const fs = require('fs');
const vm = require('vm');

const CHANNEL = 3, INPUT = 4, MAX_DEPTH = 60, MAX_MESSAGE = 500;
const job = JSON.parse(fs.readFileSync(INPUT, 'utf8'));
fs.closeSync(INPUT);
const nonce = Buffer.from(job.nonce, 'hex');
const writeSync = fs.writeSync;

function send(kind, payload) {
  const body = Buffer.from(payload || '', 'utf8');
  const head = Buffer.alloc(5);
  head.write(kind, 0, 'latin1');
  head.writeUInt32BE(body.length, 1);
  let rest = Buffer.concat([nonce, head, body]);
  while (rest.length) rest = rest.subarray(writeSync(CHANNEL, rest));
}

class NotPlainData extends Error {}

function number(value) {
  if (Number.isNaN(value)) return { f: 'nan' };
  if (!Number.isFinite(value)) return { f: value > 0 ? 'inf' : '-inf' };
  return Object.is(value, -0) ? 0 : value;
}

function large(value) {
  const digits = (value < 0n ? -value : value).toString(16);
  return { i: (value < 0n ? '-0x' : '0x') + digits };
}

function text(value) {
  if (!value.isWellFormed()) throw new NotPlainData('a string that is no valid Unicode is not plain data');
  return value;
}

function plain(value, depth) {
  if (depth === 0) throw new NotPlainData(`the value is nested more than ${MAX_DEPTH} deep`);
  switch (typeof value) {
    case 'undefined': return null;
    case 'boolean': return value;
    case 'number': return number(value);
    case 'bigint': return large(value);
    case 'string': return text(value);
    case 'object': return value === null ? null : container(value, depth - 1);
    default: throw new NotPlainData(`a ${typeof value} is not plain data`);
  }
}

function container(value, depth) {
  const all = (items) => Array.from(items, (item) => plain(item, depth));
  if (Array.isArray(value)) return all(value);
  if (value instanceof Uint8Array) return { b: Buffer.from(value).toString('hex') };
  if (ArrayBuffer.isView(value)) return all(value);
  if (value instanceof Map) return { d: [all(value.keys()), all(value.values())] };
  if (value instanceof Set) return { S: all(value) };
  if (value instanceof Date) return value.toISOString();
  const kind = Object.getPrototypeOf(value);
  if (kind !== Object.prototype && kind !== null) {
    throw new NotPlainData(`an object of class '${kind.constructor && kind.constructor.name}' is not plain data`);
  }
  return { d: [all(Object.keys(value)), all(Object.values(value))] };
}

function message(error) {
  try {
    const told = error instanceof Error ? `${error instanceof NotPlainData ? 'NotPlainData' : error.name}: ${error.message}`
      : `Error: ${String(error)}`;
    return told.slice(0, MAX_MESSAGE);
  } catch {
    return 'Error: (its message cannot be read)';
  }
}

async function main() {
  try {
    vm.runInThisContext(job.source, { filename: '<program>' });
  } catch (error) {
    const told = error instanceof Error && typeof error.stack === 'string' ? error.stack.slice(0, 4000) : message(error);
    send('e', JSON.stringify({ error: `${message(error)}\n${told}`, memory: false }));
    return;
  }
  for (const call of job.calls) {
    try {
      send('v', JSON.stringify(plain(await vm.runInThisContext(`(${call}\n)`, { filename: '<call>' }), MAX_DEPTH)));
    } catch (error) {
      send('r', JSON.stringify(message(error)));
    }
  }
  send('z');
}

main().finally(() => process.exit(0));
