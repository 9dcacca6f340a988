/** A part of one as a percentage: `0.98765` as `98.77 %`. */
export function formatPercent(part: number, digits = 2): string {
  return `${(part * 100).toFixed(digits)} %`;
}
