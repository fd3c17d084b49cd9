/**
 * A platform's day: submit, stream, watch, read. Checks what it is told, whatever happens to the
 * server meanwhile, and prints what it has seen as JSON for somebody else to compare.
 *
 *     node tests/story.js ADDRESS EVENTS
 *
 * After every tenth batch it prints `stored N` on a line of its own. ENVRULES_TOKEN and
 * ENVRULES_TLS_CA, a file, say what it shows to the server, and by whom the server must be vouched for.
 */

import assert from 'node:assert/strict';

import {CallFailed, eventId, timestamp} from '../src/index.js';
import {reach} from './reach.js';

const [address, count] = process.argv.slice(2);
const [TOWN, SCHEME, UNITS, BATCH] = ['yunxi', 'town_deduction', 100, 100];
const client = reach(address, {principal: 'grid', patience: 120});

const unit = (n) => ({
  id: eventId('unit', n),
  occurred_at: timestamp('2026-01-01T00:00:00+08:00'),
  source: 'grid',
  unit_declared: {unit: `v${n}`, title: `第${n}村`, type: 'village'},
});

const award = (n) => ({
  id: eventId('award', '2026-07', n),
  occurred_at: timestamp('2026-07-02T12:00:00+08:00'),
  source: 'grid',
  score_supplied: {
    unit: `v${n}`, score: 'monthly', item: 'transfer', period: '2026-07', points: '9.5',
    organ: '村建办',
  },
});

const at = (n) => timestamp(new Date(Date.UTC(2026, 6, 3) + 60_000 * n));

const issue = (n) => ({
  id: eventId('case', n, 'found'),
  occurred_at: at(n),
  source: 'grid',
  issue_found: {
    issue: `case-${n}`, category: '三大堆', place: 'village', place_unit: `v${n % UNITS}`,
    source: 'patrol',
  },
});

const check = (n) => ({
  id: eventId('check', n),
  occurred_at: at(n),
  source: 'grid',
  inspection: {
    inspection: `check-${n}`, unit: `v${n % UNITS}`, kind: 'monthly_check',
    findings: [{id: '1', category: '白色垃圾', place: 'main_road'}],
  },
});

function* batches(total) {
  const event = (n) => (n % 101 ? issue(n) : check(n));
  for (let start = 0; start < total; start += BATCH) {
    yield Array.from({length: Math.min(BATCH, total - start)}, (_, n) => event(start + n));
  }
}

/** Notes receipts: each event has one, and one place in the log that is nobody else's. */
class Receipts {
  #places = new Map();
  duplicates = 0;

  note(events, receipts) {
    assert.deepEqual(receipts.map((one) => one.event_id), events.map((one) => one.id));
    for (const {event_id: id, status, seq, problems} of receipts) {
      assert.deepEqual(problems, [], id);
      assert.ok(!this.#places.has(id), `${id} has two receipts`);
      this.#places.set(id, seq);
      this.duplicates += status === 'RECEIPT_STATUS_DUPLICATE';
    }
  }

  get all() {
    assert.equal(new Set(this.#places.values()).size, this.#places.size);
    return Object.fromEntries(this.#places);
  }
}

/** Follows all decisions until the watch is told where they end. */
class Watch {
  seen = [];
  #last = Infinity;

  async follow() {
    for await (const {decisions, cursor} of client.watch(TOWN, {after: 0, heartbeat: 1})) {
      for (const decision of decisions) {
        assert.equal(Number(decision.decision_seq), this.seen.length + 1);
        this.seen.push(decision);
      }
      if (Number(cursor) >= this.#last) {
        return;
      }
    }
  }

  endAt(last) {
    this.#last = last;
  }
}

async function prepare() {
  await client.createLocality(TOWN, '云溪镇', 'Asia/Shanghai');
  await client.advance(TOWN, 'grid', '2026-07-01T00:00:00+08:00');
  await client.createLocality(TOWN, '云溪镇', 'Asia/Shanghai', [SCHEME]);
}

/** Waits until all that is stored is judged; returns the locality. */
async function settled() {
  for (;;) {
    const locality = await client.locality(TOWN);
    assert.equal(locality.stall, null);
    if (locality.projected_seq === locality.head_seq) {
      return locality;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function checkRefusals() {
  const wrong = {...unit(0), unit_declared: {unit: 'v0', title: '另一个村', type: 'village'}};
  const [receipt] = await client.submit(TOWN, [wrong]);
  assert.equal(receipt.status, 'RECEIPT_STATUS_REFUSED');
  assert.equal(receipt.problems[0].code, 'ID_REUSED');
  await assert.rejects(client.submit('Yunxi', [unit(0)]), (error) => {
    assert.ok(error instanceof CallFailed);
    assert.deepEqual([error.code, error.reason], ['INVALID_ARGUMENT', 'BAD_REQUEST']);
    assert.deepEqual([error.fields[0].field, error.fields[0].code], ['locality', 'BAD_CHARACTER']);
    assert.match(error.messageZh, /\p{Script=Han}/u);
    return true;
  });
}

async function collected(items) {
  const found = [];
  for await (const item of items) {
    found.push(item);
  }
  return found;
}

await prepare();
const receipts = new Receipts();
const first = Array.from({length: UNITS}, (_, n) => [unit(n), award(n)]).flat();
receipts.note(first, await client.submit(TOWN, first, {decided: true}));
await checkRefusals();

const watch = new Watch();
const watching = watch.follow();
watching.catch(() => {}); // awaited below; until then nobody need hear of it
let answered = 0;
for await (const {events, receipts: given} of client.stream(TOWN, batches(Number(count)))) {
  receipts.note(events, given);
  if (++answered % 10 === 0) {
    console.log(`stored ${answered * BATCH}`);
  }
}
await client.advance(TOWN, 'grid', '2026-07-08T00:00:00+08:00');
watch.endAt(Number((await settled()).decision_seq));
await watching;

const listed = await collected(client.decisions(TOWN, {history: true}));
assert.deepEqual(listed, watch.seen);
const explained = await client.explain(TOWN, watch.seen.at(-1).id);
assert.deepEqual(explained.decision, watch.seen.at(-1));
assert.ok(explained.decision.steps.length > 0);
assert.ok(explained.events.length > 0);
const standings = await collected(client.standings(TOWN, SCHEME, 'monthly', '2026-07'));
const statement = await client.statement(TOWN, SCHEME, 'monthly', '2026-07', 'v1');
assert.ok(standings.some((one) => one.points !== '') && statement.lines.length > 0);
client.close();
console.log(JSON.stringify({
  receipts: receipts.all,
  duplicates: receipts.duplicates,
  decisions: watch.seen.map(({id, decision_seq: seq, title, reason, points, version}) =>
    ({id, seq, title, reason, points, version})),
  standings: standings.map((one) => [one.unit, one.points, one.rank ?? 0]),
  lines: statement.lines.map(({event_id: id, reason}) => [id, reason]),
}));
