/** Arrow IPC files and streams, Feather among them, as tables. */
import { FormatError } from '@espalier/nn';
import { aByteSource, allBytes, type ByteSource } from '@espalier/nn/format';
import { check } from '@espalier/tensor/arguments';
import { CellsBuilder } from '../cells-builder.ts';
import { Table } from '../table.ts';
import { ArrowBatch, type Codecs } from './arrow/batch.ts';
import { arrowMessages, messageKinds, type ArrowMessage } from './arrow/messages.ts';
import { readSchema, type ArrowField } from './arrow/schema.ts';
import { readColumn, readValues } from './arrow/values.ts';
import { checkRows } from './foreign.ts';
import { unpackLz4Frame } from './lz4-frame.ts';
import { zstdUnpacker } from './zstd.ts';

/** No frame of zstd is larger when it is unpacked, for each byte that it takes packed, plus some. */
const mostUnpacked = 4096;
const freeUnpacked = 1 << 16;

async function codecs(): Promise<Codecs> {
  const unpackZstd = await zstdUnpacker();
  return [
    unpackLz4Frame,
    (bytes, length) => {
      if (length > mostUnpacked * bytes.length + freeUnpacked)
        throw new FormatError('zstd', 0, `${bytes.length} bytes do not unpack to ${length}`);
      const unpacked = unpackZstd(bytes, length);
      if (unpacked.length !== length)
        throw new FormatError('zstd', 0, `unpacks to ${unpacked.length} bytes, not ${length}`);
      return unpacked;
    },
  ];
}

function push(values: unknown[], more: readonly unknown[]): void {
  for (const value of more) values.push(value);
}

/** Makes columns of batches, one after another, and holds the number of all their values to the size of the file. */
class Columns {
  readonly #source: ByteSource;
  readonly #fields: readonly ArrowField[];
  readonly #codecs: Codecs;
  readonly #dictionaries = new Map<bigint, unknown[]>();
  #cells = 0;
  rows = 0;
  readonly columns: readonly CellsBuilder[];

  constructor(source: ByteSource, fields: readonly ArrowField[], unpack: Codecs) {
    this.#source = source;
    this.#fields = fields;
    this.#codecs = unpack;
    this.columns = fields.map(({ name }) => new CellsBuilder(source.name, name));
  }

  #claim(rows: number, columns: number): void {
    this.#cells += rows * Math.max(1, columns);
    checkRows(this.#source.name, this.#source.size, this.#cells, 'values');
  }

  add(message: ArrowMessage): void {
    const { kind, header } = message;
    if (kind === messageKinds.dictionary) return this.#addDictionary(message);
    if (kind !== messageKinds.record) header.refuse(`has a message of kind ${kind}, which is none of a table`);
    const batch = new ArrowBatch(message, header, this.#codecs);
    this.#claim(batch.length, this.#fields.length);
    this.rows += batch.length;
    for (const [index, field] of this.#fields.entries())
      readColumn(batch, field, this.#dictionaries, (value) => this.columns[index]?.push(value));
  }

  #addDictionary(message: ArrowMessage): void {
    const { header } = message;
    const id = header.i64(0);
    const owners = this.#fields.filter(({ dictionary }) => dictionary?.id === id);
    const [field] = owners;
    if (!field) return header.refuse(`has a dictionary ${id}, which no column has`);
    const other = owners.find(({ type }) => type !== field.type);
    if (other) header.refuse(`has a dictionary ${id} of '${field.name}' and '${other.name}', which differ in type`);
    const batch = new ArrowBatch(message, header.needed(1, 'values'), this.#codecs);
    this.#claim(batch.length, 1);
    const values = readValues(batch, field.type);
    if (header.u8(2) === 0) {
      this.#dictionaries.set(id, values);
      return;
    }
    const before = this.#dictionaries.get(id);
    if (!before) return header.refuse(`goes on with a dictionary ${id} before it has one`);
    push(before, values);
  }
}

/**
 * An Arrow file or stream as a table: flat columns of numbers, texts, truth values and dates (as text in ISO form), plain or packed by
 * lz4 or zstd. It is held in memory whole; counts and sizes are checked before anything is allocated.
 * @throws {FormatError} for a file that is damaged.
 * @throws {DataError} naming the column that is not flat.
 */
export async function readArrow(source: ByteSource): Promise<Table> {
  check('readArrow', 'source', source, aByteSource);
  const unpack = await codecs();
  const bytes = await allBytes(source);
  const { schema, batches } = arrowMessages(source.name, bytes);
  const fields = readSchema(schema);
  const columns = new Columns(source, fields, unpack);
  for (const message of batches) columns.add(message);
  const named = fields.map(({ name }, index) => [name, (columns.columns[index] as CellsBuilder).finish()] as const);
  return new Table(new Map(named), source.name, columns.rows);
}
