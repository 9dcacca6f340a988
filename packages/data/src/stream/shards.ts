/** Examples in parts that are read one at a time: what a stream is made of. */

/** Values of some examples, row by row. */
export interface PartRows {
  readonly x: Float32Array | Int32Array;
  readonly y: Float32Array | Int32Array;
}

/** The values of one example. */
export interface RowShape {
  /** Without the axis of examples. */
  readonly shape: readonly number[];
  readonly dtype: 'f32' | 'i32';
}

/** A source of examples in parts. */
export interface Shards {
  /** Where they come from, for errors. */
  readonly name: string;
  /** How many examples each part has. */
  readonly parts: readonly number[];
  readonly x: RowShape;
  readonly y: RowShape;
  /** The examples of a part. */
  readonly read: (part: number) => Promise<PartRows>;
}

/** Numbers that an example takes. */
export function widthOf({ shape }: RowShape): number {
  return shape.reduce((product, size) => product * size, 1);
}
