/** What a stream has sent and has no answer to yet: the part to send again when it breaks. */

/**
 * Items that are read once from their source, and sent until they are answered, in order.
 *
 * @template T
 */
export class Outbox {
  #source;
  #window;
  #waiting = [];
  #answered = 0;
  #ended = false;
  #reading = null;
  #wake = () => {};

  /**
   * @param {Iterable<T> | AsyncIterable<T>} source
   * @param {number} window how many items may be without an answer
   */
  constructor(source, window) {
    this.#source = source[Symbol.asyncIterator]?.() ?? source[Symbol.iterator]();
    this.#window = window;
  }

  /** Forgets and returns the item that was sent first of those without an answer. @returns {T} */
  answered() {
    this.#answered += 1;
    this.#wake();
    return this.#waiting.shift();
  }

  /**
   * Yields for a new attempt what has no answer yet, then what the source has still to give.
   *
   * @param {AbortSignal} signal ends this attempt
   * @returns {AsyncGenerator<T>}
   */
  async *items(signal) {
    signal.addEventListener('abort', () => this.#wake());
    for (let place = this.#answered; !signal.aborted; place++) {
      while (place - this.#answered >= Math.min(this.#window, this.#waiting.length)) {
        const full = this.#waiting.length >= this.#window;
        if (this.#ended && !full) {
          return;
        }
        await (full ? this.#change() : this.#read());
        if (signal.aborted) {
          return;
        }
      }
      yield this.#waiting[place - this.#answered];
    }
  }

  /** Lets the source go. A source that is still waiting for its next item ends after that. */
  close() {
    Promise.resolve(this.#source.return?.()).catch(() => {});
  }

  #change() {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Reads one item. That of a broken attempt may still be coming: it is the next one's, too. */
  #read() {
    this.#reading ??= this.#take().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #take() {
    const {done, value} = await this.#source.next();
    if (done) {
      this.#ended = true;
    } else {
      this.#waiting.push(value);
    }
  }
}
