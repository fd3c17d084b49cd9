/** The client. */

import {once} from 'node:events';

import grpc from '@grpc/grpc-js';

import {loadServices, openChannel, PROTO_DIR, SERVICE_CONFIG} from './api.js';
import {asFailure} from './errors.js';
import {Outbox} from './outbox.js';
import {Pauses} from './pauses.js';
import {timestamp} from './values.js';

const PAGE = 1000;

/**
 * @typedef {object} Options
 * @property {string} [principal] who calls, as long as the server takes our word for it
 * @property {string} [token] bearer token
 * @property {grpc.ChannelCredentials} [credentials] without them nothing is encrypted
 * @property {number} [patience] how many seconds a stream or a watch whose server has gone tries to
 *   go on where it was before it fails
 * @property {string} [protoDir] root of the proto files
 * @property {string} [serviceConfig] file of the deadlines and retries
 */

/** One connection to a server. */
export class Client {
  #channel;
  #services = {};
  #headers;
  #patience;

  /**
   * @param {string} address host and port
   * @param {Options} [options]
   */
  constructor(address, options = {}) {
    const {protoDir = PROTO_DIR, serviceConfig = SERVICE_CONFIG, patience = 60} = options;
    this.#patience = patience;
    this.#headers = Object.entries({
      'envrules-principal': options.principal,
      authorization: options.token && `Bearer ${options.token}`,
    }).filter(([, value]) => value);
    this.#channel = openChannel(address, serviceConfig, options.credentials);
    for (const [name, Service] of Object.entries(loadServices(protoDir))) {
      if (Service.service) {
        this.#services[name] = new Service(address, null, {channelOverride: this.#channel});
      }
    }
  }

  /** Closes the connection; streams and watches end. */
  close() {
    this.#channel.close();
  }

  /**
   * Makes any call that is not a stream.
   *
   * @param {string} service for example `RulesetService`
   * @param {string} method for example `ListRevisions`
   * @param {object} request
   * @returns {Promise<object>} the response
   */
  call(service, method, request) {
    return new Promise((resolve, reject) => {
      this.#services[service][method](request, this.#metadata(), (error, response) =>
        error ? reject(asFailure(error)) : resolve(response));
    });
  }

  /** Creates a locality judged by `schemes`; idempotent. */
  async createLocality(locality, title, timezone, schemes = []) {
    const request = {locality, title, timezone, schemes: schemes.map((scheme) => ({scheme}))};
    return (await this.call('LocalityService', 'CreateLocality', request)).locality;
  }

  /** Returns a locality and how it is doing. */
  async locality(locality) {
    return (await this.call('LocalityService', 'GetLocality', {locality})).locality;
  }

  /**
   * Stores up to 1000 events; returns a receipt for each, in order.
   *
   * @param {string} locality
   * @param {object[]} events
   * @param {{decided?: boolean}} [options] `decided`: wait until they are judged as well
   */
  async submit(locality, events, {decided = false} = {}) {
    const request = {locality, events, ...waiting(decided)};
    return (await this.call('EventService', 'SubmitEvents', request)).receipts;
  }

  /**
   * Sends batches of up to 1000 events without waiting; yields each with its receipts, in order.
   *
   * Reads on in `batches` only as fast as the server takes them and you take the receipts. A broken
   * stream is opened again, and what had no receipts is sent again. After CallFailed do that
   * yourself: it is always safe.
   *
   * @param {string} locality
   * @param {Iterable<object[]> | AsyncIterable<object[]>} batches
   * @param {{decided?: boolean, window?: number}} [options] `window`: how many batches may be
   *   without receipts
   */
  async *stream(locality, batches, {decided = false, window = 16} = {}) {
    const outbox = new Outbox(batches, window);
    const pauses = new Pauses(this.#patience);
    const request = (events) => ({locality, events, ...waiting(decided)});
    let unreadable = null;
    try {
      for (;;) {
        const attempt = new AbortController();
        const call = guarded(this.#services.EventService.StreamEvents(this.#metadata()));
        send(call, outbox.items(attempt.signal), request, attempt.signal).catch((error) => {
          unreadable = error;
          call.cancel();
        });
        try {
          for await (const {receipts} of call) {
            pauses.heard();
            yield {events: outbox.answered(), receipts};
          }
          return;
        } catch (error) {
          await pauses.wait(unreadable ?? error);
        } finally {
          attempt.abort();
          call.cancel();
        }
      }
    } finally {
      outbox.close();
    }
  }

  /** Says that `source` has sent everything before `until`; null: that it has ended. */
  advance(locality, source, until) {
    const how = until === null ? {release: true} : {until: timestamp(until)};
    return this.call('EventService', 'AdvanceWatermark', {locality, source, ...how});
  }

  /**
   * Yields what is decided after the cursor `after`, as long as wanted: `{decisions, cursor, now}`.
   *
   * A broken watch goes on from its cursor by itself. Store the cursor with what you did about the
   * decisions; after CallFailed, or a crash of your own, watch again from it. `break` ends it.
   *
   * @param {string} locality
   * @param {{after?: string | number, heartbeat?: number, filter?: object}} [options] `after`: 0 is
   *   from the beginning, not given from now on; `heartbeat`: longest silence in seconds
   */
  async *watch(locality, {after, heartbeat = 15, filter} = {}) {
    const request = {locality, after, filter, heartbeat: {seconds: heartbeat}};
    const pauses = new Pauses(this.#patience);
    for (;;) {
      const call = guarded(
        this.#services.DecisionService.WatchDecisions(request, this.#metadata()));
      try {
        for await (const response of call) {
          pauses.heard();
          request.after = response.cursor;
          yield response;
        }
        return;
      } catch (error) {
        await pauses.wait(error);
      } finally {
        call.cancel();
      }
    }
  }

  /**
   * Yields decisions.
   *
   * @param {string} locality
   * @param {{filter?: object, history?: boolean}} [options] `filter` as in DecisionFilter;
   *   `history`: every version, not only those that hold
   */
  decisions(locality, {filter, history = false} = {}) {
    const request = {locality, filter, include_history: history};
    return this.#pages('DecisionService', 'ListDecisions', request, 'decisions');
  }

  /** Explains a decision: itself with its steps, the history of its slot, the events behind it. */
  explain(locality, decisionId) {
    return this.call('DecisionService', 'GetDecision', {locality, decision_id: decisionId});
  }

  /** Yields the standings of a score and period, by partition and rank. */
  standings(locality, scheme, score, period) {
    const request = {locality, scheme, score, period};
    return this.#pages('StandingService', 'ListStandings', request, 'standings');
  }

  /** Returns a unit's statement (对账单): every finding and what it cost. */
  async statement(locality, scheme, score, period, unit) {
    const request = {locality, scheme, score, period, unit};
    return (await this.call('StandingService', 'GetStatement', request)).statement;
  }

  async *#pages(service, method, request, field) {
    for (let token = null; token !== ''; ) {
      const page = {...request, page_size: PAGE, page_token: token ?? ''};
      const response = await this.call(service, method, page);
      yield* response[field];
      token = response.next_page_token;
    }
  }

  #metadata() {
    const metadata = new grpc.Metadata();
    this.#headers.forEach(([name, value]) => metadata.set(name, value));
    return metadata;
  }
}

function waiting(decided) {
  return decided
    ? {wait_for: 'WAIT_FOR_DECIDED', wait_timeout: {seconds: 60}}
    : {wait_for: 'WAIT_FOR_STORED'};
}

/** A call that is left alone may still fail, when it is cancelled: that is no news to anybody. */
function guarded(call) {
  return call.on('error', () => {});
}

/** Sends items as fast as the transport takes them; fails only if they cannot be had. */
async function send(call, items, request, signal) {
  for await (const item of items) {
    if (!call.write(request(item))) {
      const drained = await once(call, 'drain', {signal}).then(() => true, () => false);
      if (!drained) {
        return;
      }
    }
  }
  if (!signal.aborted) {
    call.end();
  }
}
