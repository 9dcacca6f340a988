/** Rows as Parquet: a row group for each batch, texts as strings and numbers as doubles, compressed by Snappy. */
import type { ByteSink, RowWriter, WrittenColumn } from './writer.ts';

const isText = ({ values }: WrittenColumn): boolean => typeof values[0] === 'string';

/** Writes row groups, and what tells of them behind the last. The library is loaded when it is needed. */
export async function parquetWriter(sink: ByteSink): Promise<RowWriter> {
  const { ByteWriter, ParquetWriter, schemaFromColumnData } = await import('hyparquet-writer');
  const bytes = new ByteWriter();
  let writer: InstanceType<typeof ParquetWriter> | undefined;
  /** Gives away what was written, so that only a batch is held. */
  const drain = async (): Promise<void> => {
    const made = bytes.getBytes().slice();
    bytes.index = 0;
    await sink(made);
  };
  return {
    write: async (columns) => {
      const columnData = columns.map((column) => ({
        name: column.name,
        data: Array.from(column.values),
        type: isText(column) ? ('STRING' as const) : ('DOUBLE' as const),
        nullable: false,
      }));
      writer ??= new ParquetWriter({
        writer: bytes,
        schema: schemaFromColumnData({ columnData }),
        createdBy: 'espalier',
      });
      await writer.write({ columnData, rowGroupSize: columnData[0]?.data.length ?? 1 });
      await drain();
    },
    finish: async () => {
      await writer?.finish();
      await drain();
    },
  };
}
