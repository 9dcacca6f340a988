/** All rows. */
import type { Row } from '../row.ts';
import { awareRows } from './aware.ts';
import { int8Rows } from './int8.ts';
import { distillationRows } from './distillation.ts';
import { goalRows } from './goals.ts';
import { deviceRows } from './devices.ts';
import { languageRows } from './language.ts';
import { pruningRows } from './pruning.ts';
import { regressionRows } from './regression.ts';
import { roundingRows } from './rounding.ts';
import { smallNumberRows } from './small-numbers.ts';
import { structuredRows } from './structured.ts';

/** In the order in which they are measured. */
export const rows: readonly Row[] = [
  ...pruningRows,
  ...structuredRows,
  ...roundingRows,
  ...awareRows,
  ...int8Rows,
  ...smallNumberRows,
  ...distillationRows,
  ...goalRows,
  ...regressionRows,
  ...languageRows,
  ...deviceRows,
];
