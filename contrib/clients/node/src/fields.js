/** Fields that no message has: the loader would drop them, and what they say, without a word. */

const PACKAGE = 'envrules.v1';

/**
 * Lets the calls of all services refuse requests with fields that their messages do not have.
 *
 * @param {import('@grpc/proto-loader').PackageDefinition} definition what the loader has read
 */
export function checkRequests(definition) {
  const services = Object.values(definition).filter((one) => !('type' in one));
  for (const method of services.flatMap((service) => Object.values(service))) {
    const serialize = method.requestSerialize;
    method.requestSerialize = (message) => {
      check(message, method.requestType.type, definition, '');
      return serialize(message);
    };
  }
}

function check(message, type, definition, path) {
  for (const [name, value] of Object.entries(message)) {
    const field = type.field.find((one) => one.name === name);
    if (field === undefined) {
      if (type.oneofDecl.some((one) => one.name === name)) {
        continue; // the name of what is set, as the loader tells it
      }
      throw new TypeError(`${path}${name}: no such field in ${type.name}`);
    }
    const inner = definition[`${PACKAGE}.${field.typeName}`] ?? definition[field.typeName];
    if (field.type === 'TYPE_MESSAGE' && inner && value) {
      const items = Array.isArray(value) ? value : [value];
      items.forEach((item, n) => {
        const place = Array.isArray(value) ? `${name}[${n}]` : name;
        check(item, inner.type, definition, `${path}${place}.`);
      });
    }
  }
}
