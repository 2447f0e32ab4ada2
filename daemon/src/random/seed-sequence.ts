// numpy's SeedSequence: one entropy and a key spread over as many independent seeds as wanted (O'Neill's seed_seq_fe;
// numpy/random/bit_generator.pyx).

/**
 * `SeedSequence(entropy, spawn_key=key, pool_size=poolSize).generate_state(count)`: unsigned 32-bit words.
 * An empty key stands for none.
 */
export function seedSequence(entropy: bigint, key: readonly bigint[], poolSize: number, count: number): number[] {
  const pool = mixedPool(assembled(entropy, key, poolSize), poolSize);
  let constant = 0x8b51f9dd;
  return Array.from({ length: count }, (_, i) => {
    const value = pool[i % poolSize]! ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    return fold(Math.imul(value, constant));
  });
}

/** The words of the entropy, padded to the pool where a key follows, then those of the key. */
function assembled(entropy: bigint, key: readonly bigint[], poolSize: number): number[] {
  const words = wordsOf(entropy);
  if (key.length === 0) return words;
  const padding = new Array<number>(Math.max(0, poolSize - words.length)).fill(0);
  return [...words, ...padding, ...key.flatMap(wordsOf)];
}

/** Little-endian 32-bit words; 0 is one word. */
function wordsOf(value: bigint): number[] {
  const words = [Number(value & 0xffffffffn)];
  for (let rest = value >> 32n; rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn));
  return words;
}

function mixedPool(entropy: readonly number[], poolSize: number): number[] {
  let constant = 0x43b0d7e5;
  const hash = (value: number): number => {
    const mixed = value ^ constant;
    constant = Math.imul(constant, 0x931e8875);
    return fold(Math.imul(mixed, constant));
  };
  const pool = Array.from({ length: poolSize }, (_, i) => hash(entropy[i] ?? 0));
  for (let source = 0; source < poolSize; source++)
    for (let target = 0; target < poolSize; target++)
      if (source !== target) pool[target] = mix(pool[target]!, hash(pool[source]!));
  for (const word of entropy.slice(poolSize))
    for (let target = 0; target < poolSize; target++) pool[target] = mix(pool[target]!, hash(word));
  return pool;
}

const fold = (value: number): number => (value ^ (value >>> 16)) >>> 0;

const mix = (x: number, y: number): number => fold(Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y));
