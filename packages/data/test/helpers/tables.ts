import { fileURLToPath } from 'node:url';
import type { Table } from '@espalier/data';
import { readTable } from '@espalier/data/node';

/** scikit-learn's data, as `tools/golden/data.py` wrote it. */
export type Name = 'digits' | 'breast-cancer' | 'wine' | 'diabetes';

export const pathOf = (name: Name): string => fileURLToPath(new URL(`../tables/${name}.csv`, import.meta.url));

export const tableNamed = (name: Name): Promise<Table> => readTable(pathOf(name));
