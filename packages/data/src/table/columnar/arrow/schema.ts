/** What an Arrow file says about its columns. Source: `Schema.fbs`, Apache Arrow. */
import { DataError } from '../../../errors.ts';
import { FlatTable } from './flat-table.ts';
import { arrowType, integerType, standardIndex, type ArrowType, type FixedType } from './types.ts';

/** A column. */
export interface ArrowField {
  readonly name: string;
  /** Of its values, or of those of its dictionary. */
  readonly type: ArrowType;
  /** Where its values are numbers of those of a dictionary. */
  readonly dictionary: { readonly id: bigint; readonly index: FixedType } | undefined;
}

function dictionaryOf(table: FlatTable | undefined): ArrowField['dictionary'] {
  if (!table) return undefined;
  const own = table.table(1);
  const index = own ? integerType(own) : standardIndex;
  if (!index || table.i16(3) !== 0) return table.refuse('has a dictionary of a kind that is not read');
  return { id: table.i64(0), index };
}

function readField(table: FlatTable, source: string): ArrowField {
  const name = table.text(0) ?? '';
  const { name: typeName, read } = arrowType(table.u8(2), table.table(3));
  if (!read)
    throw new DataError(
      source,
      { row: 1, column: name },
      `has values of Arrow's type ${typeName}, which are no numbers, texts or truth values; a table has flat columns`,
    );
  return { name, type: read, dictionary: dictionaryOf(table.table(4)) };
}

/**
 * The columns that a schema names.
 * @throws {FormatError} for one that is damaged, or of another order of bytes.
 * @throws {DataError} naming the column that no table holds.
 */
export function readSchema(schema: FlatTable): readonly ArrowField[] {
  const { message } = schema;
  if (schema.i16(0) !== 0) schema.refuse('has its bytes in big-endian order, which is not read');
  const list = schema.list(1, 4);
  const fields = new Map<string, ArrowField>();
  for (let index = 0; index < list.length; index++) {
    const at = list.at + 4 * index;
    const field = readField(new FlatTable(message, message.follow(at)), message.source);
    if (fields.has(field.name)) message.refuse(at, `has two columns '${field.name}'`);
    fields.set(field.name, field);
  }
  return [...fields.values()];
}
