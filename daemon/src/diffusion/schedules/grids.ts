// Number grids as numpy makes them: the timesteps of published schedules depend on its rounding and end points.

/** `count` evenly spaced numbers from start to stop, both ends included. */
export function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === count - 1 && i > 0 ? stop : start + (i && i * step)));
}

/** start, start + step, … short of stop. A quotient just above a whole number gives one more, as in numpy. */
export function arange(start: number, stop: number, step: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((stop - start) / step)) }, (_, i) => start + i * step);
}

/** Nearest whole number, halves to the even one. */
export function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** Linear interpolation of the table values (at 0, 1, 2, …) at a position; constant beyond the ends. */
export function interpolate(table: ArrayLike<number>, position: number): number {
  const last = table.length - 1;
  if (position <= 0) return table[0]!;
  if (position >= last) return table[last]!;
  const low = Math.floor(position);
  return table[low]! + (table[low + 1]! - table[low]!) * (position - low);
}
