// Small systems of linear equations, for the weights of UniPC.

/** Solves A·w = b by Gaussian elimination with pivoting; A is square and regular. */
export function solve(a: readonly (readonly number[])[], b: readonly number[]): number[] {
  const rows = a.map((row, i) => [...row, b[i]!]);
  const n = rows.length;
  for (let column = 0; column < n; column++) {
    const pivot = rows
      .slice(column)
      .reduce((best, row) => (Math.abs(row[column]!) > Math.abs(best[column]!) ? row : best));
    rows[rows.indexOf(pivot)] = rows[column]!;
    rows[column] = pivot;
    for (const row of rows.slice(column + 1)) {
      const factor = row[column]! / pivot[column]!;
      for (let k = column; k <= n; k++) row[k]! -= factor * pivot[k]!;
    }
  }
  const w = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    const known = w.reduce((sum, value, k) => sum + (k > i ? rows[i]![k]! * value : 0), 0);
    w[i] = (rows[i]![n]! - known) / rows[i]![i]!;
  }
  return w;
}
