/** What the client does by itself: ids, times, and what a stream has to send again. */

import assert from 'node:assert/strict';
import {once} from 'node:events';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';

import {SERVICE_CONFIG} from '../src/api.js';
import {CallFailed, Client, eventId, timestamp, toDate} from '../src/index.js';
import {Outbox} from '../src/outbox.js';

test('the same parts give the same event id, others another one', () => {
  assert.equal(eventId('411002-17', 'found'), '411002-17:found');
  assert.equal(eventId('案卷17', 2), '案卷17:2');
  const ids = [['a:b', 'c'], ['a', 'b:c'], ['a', 'b', 'c'], ['a%3Ab', 'c'], ['a#b', 'c']];
  assert.equal(new Set(ids.map((parts) => eventId(...parts))).size, ids.length);
  assert.ok(!eventId('a#b').includes('#'));
  assert.throws(() => eventId(), RangeError);
  assert.throws(() => eventId('a', ''), RangeError);
  assert.throws(() => eventId('x'.repeat(129)), RangeError);
});

test('a time keeps its microseconds, and needs its offset', () => {
  const seconds = Date.UTC(2026, 6, 3, 2) / 1000;
  assert.deepEqual(timestamp('2026-07-03T10:00:00+08:00'), {seconds, nanos: 0});
  assert.deepEqual(timestamp('2026-07-03T02:00:00.000123Z'), {seconds, nanos: 123_000});
  assert.deepEqual(timestamp(new Date(1000 * seconds + 7)), {seconds, nanos: 7_000_000});
  assert.equal(toDate({seconds: String(seconds), nanos: 7_000_000}).getTime(), 1000 * seconds + 7);
  assert.equal(toDate(null), null);
  for (const wrong of ['2026-07-03T10:00:00', '2026-07-03', '2026-07-03T10:00:00.0000001Z', 'now']) {
    assert.throws(() => timestamp(wrong), RangeError);
  }
});

/** Takes so many items of an attempt. */
async function take(items, count) {
  const found = [];
  while (found.length < count) {
    const {done, value} = await items.next();
    if (done) {
      break;
    }
    found.push(value);
  }
  return found;
}

test('a new attempt sends what has no answer, then goes on', async () => {
  const outbox = new Outbox(['a', 'b', 'c', 'd'], 9);
  const first = new AbortController();
  assert.deepEqual(await take(outbox.items(first.signal), 3), ['a', 'b', 'c']);
  assert.equal(outbox.answered(), 'a');
  first.abort();
  const second = outbox.items(new AbortController().signal);
  assert.deepEqual(await take(second, 9), ['b', 'c', 'd']);
  assert.deepEqual([outbox.answered(), outbox.answered(), outbox.answered()], ['b', 'c', 'd']);
  assert.deepEqual(await take(outbox.items(new AbortController().signal), 9), []);
});

test('no more is read than the window allows', async () => {
  let read = 0;
  const numbers = (function* () {
    for (;;) {
      yield read++;
    }
  })();
  const outbox = new Outbox(numbers, 3);
  const items = outbox.items(new AbortController().signal);
  assert.deepEqual(await take(items, 3), [0, 1, 2]);
  const next = items.next();
  await new Promise(setImmediate);
  assert.equal(read, 3);
  outbox.answered();
  assert.deepEqual(await next, {done: false, value: 3});
});

test('an item that a broken attempt was reading is sent by the next one', async () => {
  let give;
  const source = (async function* () {
    yield await new Promise((resolve) => {
      give = resolve;
    });
  })();
  const outbox = new Outbox(source, 3);
  const broken = new AbortController();
  const before = outbox.items(broken.signal).next();
  broken.abort();
  const after = outbox.items(new AbortController().signal).next();
  await new Promise(setImmediate);
  give('late');
  assert.deepEqual(await before, {done: true, value: undefined});
  assert.deepEqual(await after, {done: false, value: 'late'});
});

test('a field that no message has is refused by name', async () => {
  const client = new Client('127.0.0.1:1', {patience: 0});
  const event = {id: 'e', score_supplied: {unit: 'zhao', by: '村建办'}};
  const refused = (error) => {
    assert.ok(error instanceof CallFailed);
    assert.match(error.message, /events\[1\]\.score_supplied\.by: no such field in ScoreSupplied/);
    return true;
  };
  await assert.rejects(client.submit('yunxi', [{id: 'good'}, event]), refused);
  await assert.rejects(client.stream('yunxi', [[{id: 'good'}, event]]).next(), refused);
  client.close();
});

test('a source of batches that fails ends the stream with its own error', async () => {
  const client = new Client('127.0.0.1:1');
  const batches = (function* () {
    throw new RangeError('the queue is gone');
  })();
  await assert.rejects(client.stream('yunxi', batches).next(), /the queue is gone/);
  client.close();
});

test('a call to a server that never answers ends when the service config says so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'envrules-client-'));
  const sockets = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const serviceConfig = join(folder, 'short.json');
  writeFileSync(serviceConfig, readFileSync(SERVICE_CONFIG, 'utf8').replaceAll('"30s"', '"1s"'));
  const client = new Client(`127.0.0.1:${silent.address().port}`, {serviceConfig});
  await assert.rejects(client.locality('yunxi'), (error) => error.code === 'DEADLINE_EXCEEDED');
  client.close();
  sockets.forEach((socket) => socket.destroy());
  silent.close();
  rmSync(folder, {recursive: true});
});
