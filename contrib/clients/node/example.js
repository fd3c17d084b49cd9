/**
 * From the first event to the reason of a decision.
 *
 *     envrules serve --address 127.0.0.1:50051
 *     node example.js 127.0.0.1:50051
 *
 * It may be run again and again: every id is made of what it stands for, so nothing is stored twice.
 */

import {Client, eventId, timestamp} from './src/index.js';

const client = new Client(process.argv[2] ?? '127.0.0.1:50051', {principal: 'grid'});
const [locality, scheme] = ['yunxi', 'town_deduction'];

await client.createLocality(locality, '云溪镇', 'Asia/Shanghai', [scheme]);

const events = [
  {
    id: eventId('unit', 'zhao'),
    occurred_at: timestamp('2026-01-01T00:00:00+08:00'),
    source: 'grid',
    unit_declared: {unit: 'zhao', title: '赵庄村', type: 'village'},
  },
  {
    id: eventId('check', '2026-07', 'zhao'),
    occurred_at: timestamp('2026-07-03T10:00:00+08:00'),
    source: 'grid',
    inspection: {
      inspection: 'chk-7', unit: 'zhao', kind: 'monthly_check',
      findings: [{id: '1', category: '白色垃圾', place: 'main_road'}],
    },
  },
];
for (const receipt of await client.submit(locality, events, {decided: true})) {
  console.log(receipt.event_id, receipt.status, receipt.problems.map((one) => one.message_zh));
}

for await (const decision of client.decisions(locality, {filter: {units: ['zhao']}})) {
  console.log(`${decision.title}  ${decision.points}  ${decision.reason}`);
  for (const step of (await client.explain(locality, decision.id)).decision.steps) {
    console.log(`    ${step.rule}  ${step.ref}  ${step.location}`);
  }
}
for await (const standing of client.standings(locality, scheme, 'monthly', '2026-07')) {
  console.log(`${standing.unit_title}: ${standing.points}/${standing.full}`);
}
client.close();
