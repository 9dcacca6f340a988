/** What a thread that reads shards and the one that trains say to each other: plain values, and arrays that are handed over. */
import type { PreparationConfig } from '../../prepare/preparation.ts';
import type { CsvChoice } from '../../stream/csv-tables.ts';
import type { PartRows } from '../../stream/shards.ts';
import type { TokenFile } from '../../stream/token-stream.ts';
import type { CsvIndex } from '../../table/csv/read-csv.ts';

/** The shards of a file. */
export type SideFile =
  | {
      readonly kind: 'csv';
      readonly path: string;
      readonly index: CsvIndex;
      readonly preparation: PreparationConfig;
      readonly choice: CsvChoice;
    }
  | { readonly kind: 'tokens'; readonly path: string; readonly file: TokenFile };

/** What a thread is started with: its file, and modules that it imports first, for encodings of others. */
export interface SideSetup {
  readonly file: SideFile;
  readonly modules: readonly string[];
}

/** A part is asked for, by its number. */
export interface SideRequest {
  readonly part: number;
}

/** An error of this package or `@espalier/nn`, as it crosses to another thread. */
export interface SideError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Its own fields, such as the file, the offset and the row. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The answer to a request. */
export type SideResponse = SideRequest & ({ readonly rows: PartRows } | { readonly error: SideError });
