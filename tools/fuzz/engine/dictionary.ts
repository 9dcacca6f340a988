/** Numbers at which arithmetic, allocations and loops go wrong. */
export const numbers: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  2,
  255,
  256,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  2e9,
  4e9,
  2 ** 32,
  2 ** 53,
  1e21,
  1e308,
  -1e308,
  5e-324,
];

/** Names that objects have by birth, and others that code treats apart. */
export const names: readonly string[] = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'length',
  'then',
  'toJSON',
  'type',
  'kind',
  'name',
  '',
  '0',
  '-1',
  ' ',
  '.',
  '/',
  '\u0000',
  '\ud800',
  '\u2028',
  '\u001b[31m',
  '$number',
];

/** Values that stand where others belong. */
export const values: readonly ({} | null)[] = [
  ...numbers,
  ...names,
  null,
  true,
  false,
  [],
  {},
  [[]],
  [null],
  { $number: 'NaN' },
  { $number: 'constructor' },
  'x'.repeat(5000),
];

/** How deep a nesting is, and how many keys and items there are, that a mutant has now and then. */
export const deep = 8000;
export const many = 40_000;
