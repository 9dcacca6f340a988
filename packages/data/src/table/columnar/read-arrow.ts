/** Arrow IPC files and streams, Feather among them, as tables, by the package `@uwdata/flechette`, which is loaded when it is needed. */
import { FormatError } from '@espalier/nn';
import { InternalError } from '@espalier/tensor';
import { check } from '@espalier/tensor/arguments';
import { aByteSource, allBytes, type ByteSource } from '../../bytes/byte-source.ts';
import { columnFrom } from '../from-values.ts';
import { Table } from '../table.ts';
import { checkRows, orDamaged } from './foreign.ts';
import { unpackLz4Frame } from './lz4-frame.ts';
import { zstdUnpacker } from './zstd.ts';

const mostUnpacked = 4096;
const freeUnpacked = 1 << 16;

const onlyRead = (): never => {
  throw new InternalError('readArrow', 'nothing is packed here');
};

/** @throws {FormatError} for a part of a column that says it has more values than its bytes hold. */
function checkBatch(source: string, name: string, batch: object): void {
  const { length, values, offsets } = batch as {
    readonly length: number;
    readonly values?: ArrayLike<unknown>;
    readonly offsets?: ArrayLike<unknown>;
  };
  // Truth values are bits.
  const most = offsets ? offsets.length - 1 : values ? 8 * values.length : 0;
  if (!(length >= 0) || length > most)
    throw new FormatError(source, 0, `its column '${name}' says it has ${length} values, and has bytes for ${most}`);
}

/**
 * An Arrow file or stream as a table: flat columns of numbers, texts, truth values and dates (as text in ISO form), plain or packed by
 * lz4 or zstd. It is held in memory whole.
 * @throws {FormatError} for a file that is damaged.
 * @throws {DataError} naming row and column of a value that is none, such as a list.
 */
export async function readArrow(source: ByteSource): Promise<Table> {
  check('readArrow', 'source', source, aByteSource);
  const { CompressionType, setCompressionCodec, tableFromIPC } = await import('@uwdata/flechette');
  const unpackZstd = await zstdUnpacker();
  setCompressionCodec(CompressionType.LZ4_FRAME, {
    encode: onlyRead,
    decode: (bytes, length) => unpackLz4Frame(bytes, length),
  });
  setCompressionCodec(CompressionType.ZSTD, {
    encode: onlyRead,
    decode: (bytes, length) => {
      if (!(length >= 0 && length <= mostUnpacked * bytes.length + freeUnpacked))
        throw new FormatError('zstd', 0, `${bytes.length} bytes do not unpack to ${length}`);
      const unpacked = unpackZstd(bytes, length);
      if (unpacked.length !== length)
        throw new FormatError('zstd', 0, `unpacks to ${unpacked.length} bytes, not ${length}`);
      return unpacked;
    },
  });
  const bytes = await allBytes(source);
  return orDamaged(source.name, 'Arrow', () => {
    const table = tableFromIPC(bytes, { useBigInt: true, useDate: true });
    checkRows(source.name, source.size, table.numRows);
    const names = table.schema.fields.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new FormatError(source.name, 0, `has two columns '${twice}'`);
    const columns = names.map((name, index) => {
      const column = table.getChildAt(index);
      for (const batch of column.data) checkBatch(source.name, name, batch);
      const values = column.toArray();
      if (values.length !== table.numRows)
        throw new FormatError(
          source.name,
          0,
          `its column '${name}' has ${values.length} values for ${table.numRows} rows`,
        );
      return [name, columnFrom(source.name, name, values)] as const;
    });
    return new Table(new Map(columns), source.name, table.numRows);
  });
}
