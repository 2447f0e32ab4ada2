// How an ancestral step splits the way down: deterministically to `down`, then noise of deviation `up`.

/** up² + down² = to², with the noise that the reverse process adds. */
export function ancestralSplit(from: number, to: number): { up: number; down: number } {
  const up = Math.min(to, Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2));
  return { up, down: Math.sqrt(to ** 2 - up ** 2) };
}
