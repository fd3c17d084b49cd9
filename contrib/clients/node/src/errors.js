/** How a call fails. */

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const string = (id) => ({type: 'string', id});
const bytes = (id) => ({type: 'bytes', id});
const many = (type, id) => ({rule: 'repeated', type, id});

/** The fields that we read of google.rpc's messages, which the loader does not bring along. */
const DETAILS = protoLoader.fromJSON({nested: {rpc: {nested: {
  Any: {fields: {type_url: string(1), value: bytes(2)}},
  Status: {fields: {details: many('Any', 3)}},
  ErrorInfo: {fields: {reason: string(1)}},
  LocalizedMessage: {fields: {message: string(2)}},
  BadRequest: {fields: {field_violations: many('FieldViolation', 1)}},
  FieldViolation: {fields: {
    field: string(1),
    description: string(2),
    reason: string(3),
    localized_message: {type: 'LocalizedMessage', id: 4},
  }},
}}}}, {keepCase: true, defaults: true});

/** @typedef {{field: string, code: string, message: string, messageZh: string}} FieldError */

/** A call failed; `code` says how, `reason` why, `fields` where. */
export class CallFailed extends Error {
  /** @param {grpc.ServiceError} error */
  constructor(error) {
    super(`${grpc.status[error.code]}: ${error.details}`, {cause: error});
    this.name = 'CallFailed';
    /** Name of the gRPC status. @type {string} */
    this.code = grpc.status[error.code];
    /** Stable, for programs; empty where the connection failed. */
    this.reason = '';
    this.messageZh = '';
    /** @type {FieldError[]} */
    this.fields = [];
    for (const status of error.metadata?.get('grpc-status-details-bin') ?? []) {
      DETAILS['rpc.Status'].deserialize(status).details.forEach((detail) => this.#read(detail));
    }
  }

  #read({type_url: type, value}) {
    const name = type.split('.').at(-1);
    if (name === 'ErrorInfo') {
      this.reason = DETAILS['rpc.ErrorInfo'].deserialize(value).reason;
    } else if (name === 'LocalizedMessage') {
      this.messageZh = DETAILS['rpc.LocalizedMessage'].deserialize(value).message;
    } else if (name === 'BadRequest') {
      this.fields = DETAILS['rpc.BadRequest'].deserialize(value).field_violations.map((wrong) => ({
        field: wrong.field,
        code: wrong.reason,
        message: wrong.description,
        messageZh: wrong.localized_message?.message ?? '',
      }));
    }
  }
}

/** Returns an error of gRPC as a CallFailed, and any other as it is. */
export function asFailure(error) {
  return Number.isInteger(error?.code) && 'details' in error ? new CallFailed(error) : error;
}
