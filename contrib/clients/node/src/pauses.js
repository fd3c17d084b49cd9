/** Pauses between attempts to go on where a lost connection ended. */

import {setTimeout as sleep} from 'node:timers/promises';

import {asFailure} from './errors.js';

const FIRST = 100;
const LONGEST = 5000;

/** Longer and longer pauses, until nothing has been heard for as long as patience lasts. */
export class Pauses {
  #patience;
  #since;
  #pause;

  /** @param {number} patience seconds */
  constructor(patience) {
    this.#patience = 1000 * patience;
    this.heard();
  }

  /** Notes that the server has answered. */
  heard() {
    this.#since = performance.now();
    this.#pause = FIRST;
  }

  /**
   * Pauses before the next attempt; throws if it is no use, or patience is at its end.
   *
   * A pause is shortened at random, so that clients who lost one server do not come back at once.
   */
  async wait(error) {
    const failure = asFailure(error);
    const left = this.#since + this.#patience - performance.now();
    if (failure.code !== 'UNAVAILABLE' || left <= 0) {
      throw failure;
    }
    await sleep(Math.min(left, this.#pause * (0.5 + Math.random() / 2)));
    this.#pause = Math.min(2 * this.#pause, LONGEST);
  }
}
