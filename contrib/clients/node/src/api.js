/** The services of the proto files, and a channel with the deadlines and retries of the API. */

import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

import {checkRequests} from './fields.js';

/** Where the checkout has them; whoever copies this client says where the copies are. */
export const PROTO_DIR = fileURLToPath(new URL('../../../../proto', import.meta.url));
export const SERVICE_CONFIG = fileURLToPath(
  new URL('../../../../src/envrules/client/service_config.json', import.meta.url));

const SERVICES = ['event', 'decision', 'standing', 'ruleset', 'locality', 'evaluation'];

/**
 * Returns the constructors of the services, by name.
 *
 * @param {string} protoDir root of the proto files
 */
export function loadServices(protoDir) {
  const files = SERVICES.map((name) => `envrules/v1/${name}_service.proto`);
  const definition = protoLoader.loadSync(files, {
    includeDirs: [protoDir],
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  checkRequests(definition);
  return grpc.loadPackageDefinition(definition).envrules.v1;
}

/**
 * Returns a channel; without credentials nothing is encrypted.
 *
 * @param {string} address host and port
 * @param {string} serviceConfig file of the service config
 * @param {grpc.ChannelCredentials} [credentials]
 */
export function openChannel(address, serviceConfig, credentials) {
  return new grpc.Channel(address, credentials ?? grpc.credentials.createInsecure(), {
    'grpc.service_config': readFileSync(serviceConfig, 'utf8'),
    'grpc.service_config_disable_resolution': 1, // ours holds, not one from the DNS
    'grpc.max_receive_message_length': -1,
  });
}
