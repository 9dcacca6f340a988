// The layers of @espalier/data, the lowest first.
import type { Layers } from './layers.ts';

/** Bytes below tables, tables below what is learnt of them; whatever needs a file system above all. */
export const data: Layers = {
  arrows: {
    'errors.ts': [],
    bytes: [],
    split: [],
    augment: [],
    text: ['bytes'],
    table: ['errors.ts', 'bytes'],
    schema: ['table'],
    prepare: ['errors.ts', 'bytes', 'table', 'schema'],
    task: ['table', 'prepare'],
    pictures: ['errors.ts'],
    stream: ['errors.ts', 'bytes', 'table', 'prepare', 'split'],
    describe: ['errors.ts', 'table', 'schema', 'prepare', 'split', 'task'],
    node: ['errors.ts', 'bytes', 'table', 'schema', 'pictures', 'prepare', 'split', 'stream', 'text'],
  },
  exceptions: [],
};
