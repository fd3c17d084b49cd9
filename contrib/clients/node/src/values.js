/** Ids and times as the API wants them. */

const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)$/;

/**
 * Returns the id of an event, made of what your records call it: the case number and the step, say.
 *
 * The same parts always give the same id and others another one, so an event may be sent again
 * after any crash. Do not use the clock or a counter that starts anew.
 *
 * @param {...(string | number)} parts
 */
export function eventId(...parts) {
  const texts = parts.map(String);
  if (texts.length === 0 || texts.includes('')) {
    throw new RangeError('an event id is made of parts that are not empty');
  }
  // `#` belongs to findings, and the colon is what we part with.
  const id = texts.map((text) => text.replace(/[%:#]/g, encodeURIComponent)).join(':');
  if ([...id].length > 128) {
    throw new RangeError(`an event id has at most 128 characters: ${id}`);
  }
  return id;
}

/**
 * Returns a moment as the API's timestamp.
 *
 * @param {string | Date} moment ISO 8601 with its offset, to the microsecond: 2026-07-03T10:00:00+08:00
 */
export function timestamp(moment) {
  const text = moment instanceof Date ? moment.toISOString() : moment;
  const [, whole, fraction = '', offset] = ISO.exec(text) ?? [];
  const milliseconds = Date.parse(`${whole}${offset}`);
  if (Number.isNaN(milliseconds)) {
    throw new RangeError(`not a time with its offset, to the microsecond: ${text}`);
  }
  return {seconds: milliseconds / 1000, nanos: 1000 * Number(fraction.padEnd(6, '0'))};
}

/** Returns a timestamp of the API as a Date, which knows milliseconds only; null if there is none. */
export function toDate(stamp) {
  return stamp === null ? null : new Date(1000 * Number(stamp.seconds) + stamp.nanos / 1e6);
}
