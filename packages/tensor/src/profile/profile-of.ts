/** One profile of parts that were seen elsewhere. */
import {
  aCount,
  aNonNegativeNumber,
  anObject,
  aPositiveNumber,
  aText,
  check,
  listOf,
  ruleOf,
  type Rule,
} from '../arguments/rules.ts';
import { isPlain } from '../runtime/structure.ts';
import type { Happenings, KernelTimes, ProfileData } from './data.ts';
import type { Peaks } from './peaks.ts';
import { Profile } from './report.ts';

/** Whether an object has fields that rules hold for. */
function has(value: unknown, fields: Readonly<Record<string, Rule<unknown>>>): boolean {
  return anObject.holds(value) && Object.entries(fields).every(([name, rule]) => rule.holds(value[name]));
}

const kernelFields = {
  text: aText,
  kind: aText,
  device: aText,
  threads: aCount,
  calls: aCount,
  ms: aNonNegativeNumber,
  bytes: aNonNegativeNumber,
  flops: ruleOf('a number or undefined', (value) => value === undefined || aNonNegativeNumber.holds(value)),
} satisfies Readonly<Record<keyof KernelTimes, Rule<unknown>>>;

const doubles = ruleOf('a Float64Array', (value) => value instanceof Float64Array);

const happeningFields = {
  kernel: ruleOf('an Int32Array', (value) => value instanceof Int32Array),
  start: doubles,
  ms: doubles,
  flops: doubles,
  bytes: doubles,
} satisfies Readonly<Record<keyof Happenings, Rule<unknown>>>;

const partFields = {
  name: aText,
  began: aNonNegativeNumber,
  ms: aNonNegativeNumber,
  planningMs: aNonNegativeNumber,
  untold: aCount,
  kernels: listOf(ruleOf('the times of a kernel', (value) => has(value, kernelFields))),
  happenings: ruleOf('calls one by one', (value) => has(value, happeningFields)),
} satisfies Readonly<Record<keyof ProfileData, Rule<unknown>>>;

const someParts = listOf(ruleOf<ProfileData>('a part of a profile', (value) => has(value, partFields)));

const peakFields = { gflops: aPositiveNumber, gigabytes: aPositiveNumber } satisfies Readonly<
  Record<keyof Peaks, Rule<unknown>>
>;

const somePeaks = ruleOf<Readonly<Record<string, Peaks>>>(
  'an object of the peaks of devices by their names',
  (value) => isPlain(value) && Object.values(value).every((each) => has(each, peakFields)),
);

/**
 * A profile of the parts of others, such as those that workers told of: kernels that are the same are one in it, and its trace has
 * the parts side by side.
 * @param peaks what devices do at most, by their names, as `measurePeaks` tells it; kernels of others have no share of a peak.
 */
export function profileOf(
  parts: readonly ProfileData[],
  peaks: Readonly<Record<string, Peaks>> = {},
): Profile<undefined> {
  check('profileOf', 'parts', parts, someParts);
  check('profileOf', 'peaks', peaks, somePeaks);
  return new Profile(parts, peaks, undefined);
}
