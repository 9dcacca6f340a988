/** All rows, in the order in which they are measured. */
import type { Row } from '../row.ts';
import { alongRowsRows } from './along-rows.ts';
import { attentionRows } from './attention.ts';
import { convolutionRows } from './convolutions.ts';
import { elementRows } from './elements.ts';
import { encodedRows } from './encoded.ts';
import { orderingRows } from './ordering.ts';
import { overheadRows } from './overhead.ts';
import { productRows } from './products.ts';
import { trainingRows } from './training.ts';

/** The rows of the table, and behind them those of matrices in formats. */
export const rows: readonly Row[] = [
  ...productRows,
  ...convolutionRows,
  ...attentionRows,
  ...alongRowsRows,
  ...elementRows,
  ...orderingRows,
  ...trainingRows,
  ...overheadRows,
  ...encodedRows,
];
