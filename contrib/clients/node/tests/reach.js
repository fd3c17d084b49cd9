/** The client of a test's server, whatever that asks to be shown. */

import {readFileSync} from 'node:fs';
import {env} from 'node:process';

import grpc from '@grpc/grpc-js';

import {Client} from '../src/index.js';

/** Makes a client that shows ENVRULES_TOKEN, over TLS if ENVRULES_TLS_CA names an authority's file. */
export function reach(address, options) {
  const {ENVRULES_TOKEN: token, ENVRULES_TLS_CA: ca} = env;
  const credentials = ca ? grpc.credentials.createSsl(readFileSync(ca)) : undefined;
  return new Client(address, {token, credentials, ...options});
}
