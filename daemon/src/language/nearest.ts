// The word somebody probably meant.

const longest = 64;

/**
 * The candidate closest to the word, or none when all are too far. Case, spaces, hyphens and underscores count little;
 * `otherNames` (as other programs call it → candidate) wins over spelling.
 */
export function nearest(
  word: string,
  candidates: readonly string[],
  otherNames: Readonly<Record<string, string>> = {},
): string | undefined {
  if (word.length > longest) return undefined;
  const plain = simplify(word);
  const known = synonyms(otherNames).get(plain);
  if (known !== undefined && candidates.includes(known)) return known;
  const limit = Math.max(1, Math.floor(plain.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const distance = editDistance(plain, simplify(candidate), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function simplify(word: string): string {
  return word.toLowerCase().replace(/[\s_-]/g, "");
}

const synonymTables = new WeakMap<object, Map<string, string>>();

function synonyms(names: Readonly<Record<string, string>>): Map<string, string> {
  let table = synonymTables.get(names);
  if (!table) {
    table = new Map(Object.entries(names).map(([name, ours]) => [simplify(name), ours]));
    synonymTables.set(names, table);
  }
  return table;
}

/**
 * Edits from one word to the other: insertion, deletion, replacement, exchange of neighbours (optimal string alignment).
 * Stops early with `limit` when there are at least so many.
 */
export function editDistance(a: string, b: string, limit = Infinity): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replaced, previous[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
      if (cost < least) least = cost;
    }
    if (least >= limit) return limit;
    [before, previous] = [previous, row];
  }
  return previous[b.length]!;
}
