/** Parquet as tables, by the package `hyparquet`, which is loaded when it is needed. */
import type { ColumnDecoder, ColumnMetaData, DecodedArray, PageHeader, SchemaTree } from 'hyparquet/src/types.js';
import { FormatError } from '@espalier/nn';
import { aByteSource, type ByteSource } from '@espalier/nn/format';
import { check } from '@espalier/tensor/arguments';
import { DataError } from '../../errors.ts';
import type { Column } from '../column.ts';
import { CellsBuilder } from '../cells-builder.ts';
import { Table } from '../table.ts';
import { fitWindow } from './brotli-window.ts';
import { checkRows, orDamaged } from './foreign.ts';
import { readDataPage, readDictionary, type PageContext, type Unpack } from './parquet-page.ts';
import { RangeReader } from './range-reader.ts';
import { checkThrift } from './thrift-check.ts';
import { zstdUnpacker } from './zstd.ts';

/** No page is larger when it is unpacked, for each byte that it takes packed, plus some. */
const mostUnpacked = 4096;
const freeUnpacked = 1 << 16;

/** The length of the description, and the mark of the format. */
const tailBytes = 8;

/** Codecs by their names, each held to the size that a page can have. */
function unpackerOf(source: string, name: string, codecs: Readonly<Record<string, Unpack | undefined>>): Unpack {
  const codec = name === 'UNCOMPRESSED' ? (bytes: Uint8Array) => bytes : codecs[name];
  if (!codec) throw new FormatError(source, 0, `is packed by ${name}, which is not read`);
  return (bytes, length) => {
    if (!(length >= 0 && length <= mostUnpacked * bytes.length + freeUnpacked))
      throw new FormatError(source, 0, `a page of ${bytes.length} bytes says it unpacks to ${length} by ${name}`);
    const unpacked = codec(bytes, length);
    if (unpacked.length !== length)
      throw new FormatError(source, 0, `a page unpacks to ${unpacked.length} bytes by ${name}, not ${length}`);
    return unpacked;
  };
}

/** Takes the values of the pages of one column in one row group. */
async function readChunk(
  source: ByteSource,
  meta: ColumnMetaData,
  rows: number,
  context: PageContext,
  headerOf: (reader: { view: DataView; offset: number }) => PageHeader,
  take: (value: unknown) => void,
): Promise<void> {
  const start = Number(
    meta.dictionary_page_offset && meta.dictionary_page_offset < meta.data_page_offset
      ? meta.dictionary_page_offset
      : meta.data_page_offset,
  );
  const length = Number(meta.total_compressed_size);
  if (!(start >= 0 && length >= 0 && start + length <= source.size))
    throw new FormatError(source.name, 0, `says that a column is at ${start}, in ${length} of ${source.size} bytes`);
  const bytes = await source.read(start, length);
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  let taken = 0;
  let dictionary: DecodedArray | undefined;
  while (taken < rows) {
    checkThrift(new RangeReader(source.name, bytes.subarray(reader.offset)));
    const header = headerOf(reader);
    const size = header.compressed_page_size;
    if (!(size >= 0 && reader.offset + size <= bytes.length))
      throw new FormatError(source.name, start + reader.offset, `says that a page of ${size} bytes begins here`);
    const packed = bytes.subarray(reader.offset, reader.offset + size);
    reader.offset += size;
    if (header.type === 'DICTIONARY_PAGE') dictionary = readDictionary(context, header, packed);
    else if (header.data_page_header ?? header.data_page_header_v2)
      taken += readDataPage(context, header, packed, rows - taken, dictionary, take);
    // Pages of other kinds are passed over.
  }
}

/** The description at the end of a file, as it stands there, with the length and the mark behind it. */
async function footerOf(source: ByteSource): Promise<Uint8Array> {
  const tail = source.size < tailBytes ? undefined : await source.read(source.size - tailBytes, tailBytes);
  if (!tail || String.fromCharCode(...tail.subarray(4)) !== 'PAR1')
    throw new FormatError(
      source.name,
      Math.max(0, source.size - 4),
      'does not end as a Parquet file does; is it whole?',
    );
  const length = new RangeReader(source.name, tail).u32();
  const start = source.size - tailBytes - length;
  if (start < 0)
    throw new FormatError(
      source.name,
      source.size - tailBytes,
      `says that ${length} bytes describe it, of ${source.size}`,
    );
  const footer = await source.read(start, length + tailBytes);
  checkThrift(new RangeReader(source.name, footer.subarray(0, length)));
  return footer;
}

/** @throws {DataError} for a column of lists or of several values. */
function checkFlat(source: string, { children, element }: SchemaTree): void {
  if (children.length > 0 || element.repetition_type === 'REPEATED')
    throw new DataError(
      source,
      { row: 1, column: element.name },
      'is no number, text or truth value, but a list or a record; a table has flat columns',
    );
}

/**
 * A Parquet file as a table: flat columns of numbers, texts, truth values and dates (as text in ISO form), read column by column. Codecs:
 * snappy, gzip, zstd, brotli, lz4.
 * @throws {FormatError} for a file that is damaged.
 * @throws {DataError} naming the column that is not flat.
 */
export async function readParquet(source: ByteSource): Promise<Table> {
  check('readParquet', 'source', source, aByteSource);
  const { parquetMetadata, parquetSchema } = await import('hyparquet');
  const { parquetHeader } = await import('hyparquet/src/column.js');
  const { convert, DEFAULT_PARSERS } = await import('hyparquet/src/convert.js');
  const { byteStreamSplit } = await import('hyparquet/src/encoding.js');
  const { readPlain } = await import('hyparquet/src/plain.js');
  const { compressors } = await import('hyparquet-compressors');
  const packed = compressors as Readonly<Record<string, Unpack>>;
  const codecs: Readonly<Record<string, Unpack | undefined>> = {
    ...packed,
    BROTLI: (bytes, length) => packed['BROTLI']?.(fitWindow(bytes, length), length) ?? bytes,
    ZSTD: await zstdUnpacker(),
  };
  return orDamaged(source.name, 'Parquet', async () => {
    const metadata = parquetMetadata(await footerOf(source));
    const groups = metadata.row_groups.map((group) => Number(group.num_rows));
    for (const count of [Number(metadata.num_rows), ...groups]) checkRows(source.name, source.size, count);
    const rows = groups.reduce((sum, count) => sum + count, 0);
    if (rows !== Number(metadata.num_rows))
      throw new FormatError(source.name, 0, `says it has ${metadata.num_rows} rows, and its row groups have ${rows}`);
    const columns = new Map<string, Column>();
    for (const [place, tree] of parquetSchema(metadata).children.entries()) {
      const { element } = tree;
      checkFlat(source.name, tree);
      const column = new CellsBuilder(source.name, element.name, rows);
      for (const [index, group] of metadata.row_groups.entries()) {
        const meta = group.columns[place]?.meta_data;
        if (meta?.path_in_schema.length !== 1 || meta.path_in_schema[0] !== element.name)
          throw new FormatError(source.name, 0, `row group ${index} has no column '${element.name}'`);
        const decoder = {
          pathInSchema: [element.name],
          element,
          schemaPath: [tree],
          parsers: DEFAULT_PARSERS,
          ...meta,
        } as unknown as ColumnDecoder;
        const context: PageContext = {
          source: source.name,
          library: { readPlain, byteStreamSplit, convert },
          decoder,
          unpack: unpackerOf(source.name, meta.codec, codecs),
          isNullable: element.repetition_type !== 'REQUIRED',
        };
        await readChunk(source, meta, groups[index] as number, context, parquetHeader, (value) => column.push(value));
      }
      columns.set(element.name, column.finish());
    }
    return new Table(columns, source.name, rows);
  });
}
