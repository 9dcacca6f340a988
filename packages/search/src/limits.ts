/** What an option has to be: a test of its value, and the words for what to give instead. */
export type Limit = readonly [accepts: (value: unknown) => boolean, wanted: string];

/** The most of what a strategy makes or keeps of a kind: more would take all time or memory. */
const most = 100_000;

// Options come from storages and recipes too: nothing is made a number of, since that may not even be possible.
const isWithin = (value: unknown, least: number, greatest = Infinity): boolean =>
  typeof value === 'number' && value >= least && value <= greatest;

/** A whole number from some least one, of things that a strategy makes or keeps. */
export const wholeFrom = (least: number): Limit => [
  (value) => Number.isSafeInteger(value) && isWithin(value, least, most),
  `a whole number from ${least} to ${most}`,
];

/** A whole number from some least one, of things that are only counted, such as steps and trials. */
export const countFrom = (least: number): Limit => [
  (value) => Number.isSafeInteger(value) && isWithin(value, least),
  `a whole number from ${least}`,
];

/** A whole number from 1. */
export const wholeFromOne: Limit = wholeFrom(1);

/** A number from 0. */
export const atLeastZero: Limit = [(value) => isWithin(value, 0), 'a number from 0'];

/** A number from 0 to 1. */
export const part: Limit = [(value) => isWithin(value, 0, 1), 'a number from 0 to 1'];

/** Any number but NaN. */
export const anyNumber: Limit = [(value) => typeof value === 'number' && !Number.isNaN(value), 'a number'];

/** A name. */
export const aName: Limit = [(value) => typeof value === 'string', 'a text'];

/** What a limit accepts, or null. */
export const orNull = ([accepts, wanted]: Limit): Limit => [(value) => value === null || accepts(value), wanted];

/** One of some words. */
export const oneOf = (words: readonly string[]): Limit => [
  (value) => words.some((word) => word === value),
  `one of ${words.join(', ')}`,
];

/** Numbers, perhaps none. */
export const numbers: Limit = [
  (value) => Array.isArray(value) && value.every((each) => typeof each === 'number'),
  'a list of numbers',
];

/** Some parts of a range. */
export const partsOfRange: Limit = [
  (value) => Array.isArray(value) && value.length > 0 && value.every(part[0]),
  'a list of parts of the range, from 0 to 1',
];
