// The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), seeded as init_genrand does.

const SIZE = 624;
const SHIFT = 397;

/** Position in the stream: the 624 words and the index of the next one. Plain data. */
export interface TwisterState {
  readonly words: readonly number[];
  readonly next: number;
}

export class MersenneTwister {
  readonly #words = new Uint32Array(SIZE);
  #next = SIZE;

  constructor(seed: number) {
    this.#words[0] = seed;
    for (let i = 1; i < SIZE; i++) {
      const previous = this.#words[i - 1]!;
      this.#words[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  /** The next 32 bits, as an unsigned integer. */
  uint32(): number {
    if (this.#next === SIZE) this.#twist();
    let y = this.#words[this.#next++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  state(): TwisterState {
    return { words: [...this.#words], next: this.#next };
  }

  restore(state: TwisterState): void {
    this.#words.set(state.words);
    this.#next = state.next;
  }

  #twist(): void {
    const w = this.#words;
    for (let i = 0; i < SIZE; i++) {
      const y = (w[i]! & 0x80000000) | (w[(i + 1) % SIZE]! & 0x7fffffff);
      w[i] = w[(i + SHIFT) % SIZE]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}
