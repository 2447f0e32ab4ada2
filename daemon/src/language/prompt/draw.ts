// Drawing among weighted options. What the same numbers draw never changes: seeds in people's files depend on it.

/** Numbers from 0 up to, not including, 1. */
export type Random = () => number;

/**
 * The indices of `count` different options, or of as many as there are, in the order drawn. Options of weight 0 are never
 * drawn, unless all are. A number is asked for only where there is something to decide.
 */
export function drawSome(weights: readonly number[], count: number, random: Random): number[] {
  const left = weights.map((_, i) => i).filter((i) => weights[i]! > 0);
  const possible = left.length > 0 ? left : weights.map((_, i) => i);
  const weightOf = (i: number) => (left.length > 0 ? weights[i]! : 1);
  const drawn: number[] = [];
  while (drawn.length < count && possible.length > 0) {
    const at = possible.length === 1 ? 0 : placeOf(random(), possible.map(weightOf));
    drawn.push(...possible.splice(at, 1));
  }
  return drawn;
}

/** A whole number from `least` to `most`. No number is asked for when they are the same. */
export function drawNumber(least: number, most: number, random: Random): number {
  return least >= most ? most : least + Math.floor(random() * (most - least + 1));
}

function placeOf(fraction: number, weights: readonly number[]): number {
  let rest = fraction * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [i, weight] of weights.entries()) {
    rest -= weight;
    if (rest < 0) return i;
  }
  return weights.length - 1;
}
