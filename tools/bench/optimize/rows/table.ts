/** All rows. */
import type { Row } from '../row.ts';
import { distillationRows } from './distillation.ts';
import { goalRows } from './goals.ts';
import { languageRows } from './language.ts';
import { pruningRows } from './pruning.ts';
import { roundingRows } from './rounding.ts';

/** In the order in which they are measured. */
export const rows: readonly Row[] = [
  ...pruningRows,
  ...roundingRows,
  ...distillationRows,
  ...goalRows,
  ...languageRows,
];
