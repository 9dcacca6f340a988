/** Parquet as tables, by the package `hyparquet`, which is loaded when it is needed. */
import { FormatError } from '@espalier/nn';
import { check } from '@espalier/tensor/arguments';
import { aByteSource, type ByteSource } from '../../bytes/byte-source.ts';
import type { Column } from '../column.ts';
import { columnFrom } from '../from-values.ts';
import { Table } from '../table.ts';
import { checkRows, orDamaged } from './foreign.ts';

/** No page is larger when it is unpacked, for each byte that it takes packed, plus some. */
const mostUnpacked = 4096;
const freeUnpacked = 1 << 16;

type Unpack = (input: Uint8Array, outputLength: number) => Uint8Array;

/** @throws {FormatError} for a page that says it is far larger than it can be. */
function bounded(source: string, name: string, unpack: Unpack): Unpack {
  return (input, outputLength) => {
    if (!(outputLength >= 0 && outputLength <= mostUnpacked * input.length + freeUnpacked))
      throw new FormatError(
        source,
        0,
        `a page of ${input.length} bytes says it unpacks to ${outputLength} by ${name}; it is damaged`,
      );
    return unpack(input, outputLength);
  };
}

/**
 * A Parquet file as a table: flat columns of numbers, texts, truth values and dates (as text in ISO form); row groups are read one
 * after another. Codecs: snappy, gzip, zstd, brotli, lz4.
 * @throws {FormatError} for a file that is damaged.
 * @throws {DataError} naming row and column of a value that is none, such as a list.
 */
export async function readParquet(source: ByteSource): Promise<Table> {
  check('readParquet', 'source', source, aByteSource);
  const { parquetMetadataAsync, parquetScan, parquetSchema } = await import('hyparquet');
  const { compressors, decompressZstd } = await import('hyparquet-compressors');
  const unpack: Readonly<Record<string, Unpack>> = {
    ...(compressors as Readonly<Record<string, Unpack>>),
    // Into so many bytes: by itself it takes what the page says it needs.
    ZSTD: (input, outputLength) => decompressZstd(input, new Uint8Array(outputLength)),
  };
  const unpackers = Object.entries(unpack).map(([name, each]) => [name, bounded(source.name, name, each)]);
  const file = {
    byteLength: source.size,
    slice: async (start: number, end: number = source.size): Promise<ArrayBuffer> => {
      if (!(start >= 0 && start <= end && end <= source.size))
        throw new FormatError(
          source.name,
          Math.max(0, Math.min(start, source.size)),
          `says that something is at ${start} to ${end}, of ${source.size} bytes`,
        );
      return (await source.read(start, end - start)).buffer;
    },
  };
  return orDamaged(source.name, 'Parquet', async () => {
    const metadata = await parquetMetadataAsync(file);
    const rows = Number(metadata.num_rows);
    checkRows(source.name, source.size, rows);
    // Not by its indexes of pages, and column by column: of promises side by side, those that fail after the first are nobody's.
    const scan = await parquetScan({
      file,
      metadata,
      compressors: Object.fromEntries(unpackers),
      useOffsetIndex: false,
    });
    const counted = scan.ranges.reduce((sum, { rowStart, rowEnd }) => sum + rowEnd - rowStart, 0);
    if (counted !== rows)
      throw new FormatError(source.name, 0, `says it has ${rows} rows, and its row groups have ${counted}`);
    const columns = new Map<string, Column>();
    for (const { element } of parquetSchema(metadata).children) {
      const values = new Array<unknown>(rows);
      for (const { rowStart, rowEnd } of scan.ranges) {
        const part = await scan.readColumn({ column: element.name, rowStart, rowEnd });
        if (part.length !== rowEnd - rowStart)
          throw new FormatError(
            source.name,
            0,
            `its column '${element.name}' has ${part.length} values for rows ${rowStart + 1} to ${rowEnd}`,
          );
        for (let index = 0; index < part.length; index++) values[rowStart + index] = part[index];
      }
      columns.set(element.name, columnFrom(source.name, element.name, values));
    }
    return new Table(columns, source.name, rows);
  });
}
