/** Models of a few nodes in ONNX's protocol buffers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */

/** A field of a message: bytes, a whole number, or a float. */
type Field =
  | { readonly field: number; readonly bytes: Uint8Array }
  | { readonly field: number; readonly value: number }
  | { readonly field: number; readonly float: number };

/** Of 64 bits, as negative numbers have all of them. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  while (left >= 128n) {
    bytes.push(Number(left & 127n) | 128);
    left >>= 7n;
  }
  return [...bytes, Number(left)];
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function message(fields: readonly Field[]): Uint8Array {
  return concatenated(
    fields.flatMap((each) => {
      if ('value' in each) return [Uint8Array.from([...varint(each.field * 8), ...varint(each.value)])];
      if ('float' in each)
        return [Uint8Array.of(...varint(each.field * 8 + 5)), new Uint8Array(Float32Array.of(each.float).buffer)];
      return [Uint8Array.from([...varint(each.field * 8 + 2), ...varint(each.bytes.length)]), each.bytes];
    }),
  );
}

const text = (field: number, value: string): Field => ({ field, bytes: new TextEncoder().encode(value) });

/** ONNX's numbers of element types. */
export const elementTypes = { f32: 1, u8: 2, i8: 3, i64: 7 } as const;
type ElementType = keyof typeof elementTypes;

/** A constant of the model. */
export function constant(
  name: string,
  type: ElementType,
  shape: readonly number[],
  { buffer, byteOffset, byteLength }: ArrayBufferView,
): Uint8Array {
  return message([
    ...shape.map((value) => ({ field: 1, value })),
    { field: 2, value: elementTypes[type] },
    text(8, name),
    { field: 9, bytes: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength) },
  ]);
}

/** Whole numbers, lists of them, and texts. */
export type Attributes = Readonly<Record<string, number | readonly number[] | string>>;

/** The one attribute that is a float. */
const floats = new Set(['epsilon']);

function attribute(name: string, value: Attributes[string]): Uint8Array {
  if (typeof value === 'string') return message([text(1, name), text(4, value), { field: 20, value: 3 }]);
  if (typeof value !== 'number')
    return message([text(1, name), ...value.map((each) => ({ field: 8, value: each })), { field: 20, value: 7 }]);
  return floats.has(name)
    ? message([text(1, name), { field: 2, float: value }, { field: 20, value: 1 }])
    : message([text(1, name), { field: 3, value }, { field: 20, value: 2 }]);
}

/** A node of an operator; `domain` for those that are not ONNX's own. */
export function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Attributes = {},
  domain = '',
): Uint8Array {
  return message([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => ({ field: 5, bytes: attribute(name, value) })),
    text(7, domain),
  ]);
}

/** An input or output: its name, type and, where it is known, shape. */
export interface Port {
  readonly name: string;
  readonly type: ElementType;
  readonly shape?: readonly number[];
}

function port({ name, type, shape }: Port): Uint8Array {
  const sizes = shape?.map((value) => ({ field: 1, bytes: message([{ field: 1, value }]) }));
  const tensor = message([
    { field: 1, value: elementTypes[type] },
    ...(sizes === undefined ? [] : [{ field: 2, bytes: message(sizes) }]),
  ]);
  return message([text(1, name), { field: 2, bytes: message([{ field: 1, bytes: tensor }]) }]);
}

/** What a model is made of. */
export interface Graph {
  readonly nodes: readonly Uint8Array[];
  readonly constants: readonly Uint8Array[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** A model. */
export function model({ nodes, constants, inputs, outputs }: Graph): Uint8Array {
  const list = (field: number, all: readonly Uint8Array[]): readonly Field[] => all.map((bytes) => ({ field, bytes }));
  const graph = message([
    ...list(1, nodes),
    text(2, 'bench'),
    ...list(5, constants),
    ...list(11, inputs.map(port)),
    ...list(12, outputs.map(port)),
  ]);
  const operators = (domain: string, version: number): Field => ({
    field: 8,
    bytes: message([text(1, domain), { field: 2, value: version }]),
  });
  return message([
    { field: 1, value: 9 },
    { field: 7, bytes: graph },
    operators('', 20),
    operators('com.microsoft', 1),
  ]);
}
