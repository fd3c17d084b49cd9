/**
 * A small client of envrules.
 *
 *     const client = new Client('127.0.0.1:50051', {principal: 'grid'});
 *     const receipts = await client.submit('yunxi', events, {decided: true});
 *
 * Messages are plain objects with the field names of the proto files; 64-bit numbers and enums are
 * strings. Every failed call throws a `CallFailed`.
 */

export {Client} from './client.js';
export {CallFailed} from './errors.js';
export {eventId, timestamp, toDate} from './values.js';
