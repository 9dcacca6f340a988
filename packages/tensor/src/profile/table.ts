/** Profiles as tables for people. */
import type { KernelProfile, Profile } from './report.ts';

/** Characters of what a kernel computes: enough to know it by. */
const longestText = 96;

const percent = (part: number | undefined): string =>
  part === undefined ? '–' : `${(100 * part).toFixed(part < 0.1 ? 1 : 0)} %`;

/** Three digits, or all before the point. */
function digits(value: number | undefined): string {
  if (value === undefined) return '–';
  if (value === 0) return '0';
  const places = 2 - Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.max(0, Math.min(places, 6)));
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const cut = (text: string): string => (text.length > longestText ? `${text.slice(0, longestText - 1)}…` : text);

/** Columns: a heading, and what stands there of a kernel. */
const columns: readonly (readonly [heading: string, cell: (kernel: KernelProfile) => string])[] = [
  ['ms', ({ ms }) => digits(ms)],
  ['share', ({ share }) => percent(share)],
  ['calls', ({ calls }) => String(calls)],
  ['threads', ({ threads }) => String(threads)],
  ['MFLOP', ({ flops }) => digits(flops === undefined ? undefined : flops / 1e6)],
  ['MB', ({ bytes }) => digits(bytes / 1e6)],
  ['GFLOP/s', ({ gflops }) => digits(gflops)],
  ['GB/s', ({ gigabytes }) => digits(gigabytes)],
  ['peak', ({ peakShare }) => percent(peakShare)],
  ['of', ({ bound, peakShare }) => (peakShare === undefined ? '–' : bound)],
];

/** The table of a profile: a line about the whole, one for each kernel, and what the peaks are. */
export function tableOf(profile: Profile): string {
  const { kernels, ms, kernelMs, planningMs, hostMs, peaks, parts } = profile;
  const calls = kernels.reduce((sum, kernel) => sum + kernel.calls, 0);
  const part = (time: number): string => `${digits(time)} ms (${percent(ms > 0 ? time / ms : 0)})`;
  const devices = new Set(kernels.map(({ device }) => device));
  const rows = kernels.map((kernel) => columns.map(([, cell]) => cell(kernel)));
  const headings = columns.map(([heading]) => heading);
  const widths = headings.map((heading, column) =>
    rows.reduce((widest, row) => Math.max(widest, (row[column] as string).length), heading.length),
  );
  const line = (cells: readonly string[], text: string): string =>
    `${cells.map((cell, column) => cell.padStart(widths[column] as number)).join('  ')}  ${text}`;
  const untold = parts.reduce((sum, { untold: count }) => sum + count, 0);
  return [
    `${digits(ms)} ms: ${part(kernelMs)} in ${counted(calls, 'call')} of ${counted(kernels.length, 'kernel')}, ${part(planningMs)} planning, ${part(hostMs)} elsewhere`,
    ...(kernels.length === 0 ? [] : [line(headings, 'kernel')]),
    ...rows.map((cells, at) => {
      const { text, device } = kernels[at] as KernelProfile;
      return line(cells, cut(devices.size > 1 ? `${device}: ${text}` : text));
    }),
    ...Object.entries(peaks).map(
      ([device, { gflops, gigabytes }]) =>
        `peak of ${device}, measured: ${digits(gflops)} GFLOP/s (f32 product in cache), ${digits(gigabytes)} GB/s (reading memory)`,
    ),
    ...(untold > 0 ? [`the trace lacks the last ${untold} calls: there were too many`] : []),
  ].join('\n');
}
