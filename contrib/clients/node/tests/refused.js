/**
 * What becomes of each kind of call at a server that does not let us in, printed as JSON.
 *
 *     node tests/refused.js ADDRESS
 */

import {CallFailed} from '../src/index.js';
import {reach} from './reach.js';

const [address] = process.argv.slice(2);
const client = reach(address, {patience: 0});
const event = {id: 'e', source: 'grid', unit_declared: {unit: 'v', title: '村', type: 'village'}};

/** Returns how a call fails, which it must. */
async function failure(call) {
  try {
    await call;
  } catch (error) {
    if (error instanceof CallFailed) {
      return [error.code, error.reason];
    }
    throw error;
  }
  return ['OK', ''];
}

const found = {
  submit: await failure(client.submit('yunxi', [event])),
  stream: await failure(client.stream('yunxi', [[event]]).next()),
  watch: await failure(client.watch('yunxi', {after: 0, heartbeat: 1}).next()),
};
client.close();
console.log(JSON.stringify(found));
