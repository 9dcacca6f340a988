/** Models of a few nodes in ONNX's protocol buffers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */

/** @param {number} value @returns {number[]} */
const varint = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))]);

/** @typedef {{ field: number, bytes: Uint8Array } | { field: number, value: number }} Field of a message: bytes, or a number */

/** @param {readonly Field[]} fields */
function message(fields) {
  const pieces = fields.map((each) =>
    'value' in each
      ? Uint8Array.from([...varint(each.field * 8), ...varint(each.value)])
      : concatenated([Uint8Array.from([...varint(each.field * 8 + 2), ...varint(each.bytes.length)]), each.bytes]),
  );
  return concatenated(pieces);
}

/** @param {readonly Uint8Array[]} pieces */
function concatenated(pieces) {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** @param {number} field @param {string} value @returns {Field} */
const text = (field, value) => ({ field, bytes: new TextEncoder().encode(value) });

/** ONNX's numbers of element types. */
export const elementTypes = { f32: 1, u8: 2, i8: 3 };

/**
 * A constant of the model.
 *
 * @param {string} name
 * @param {keyof typeof elementTypes} type
 * @param {readonly number[]} shape
 * @param {Float32Array | Uint8Array | Int8Array} data
 */
export const constant = (name, type, shape, data) =>
  message([
    ...shape.map((value) => ({ field: 1, value })),
    { field: 2, value: elementTypes[type] },
    text(8, name),
    { field: 9, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) },
  ]);

/**
 * @param {string} op
 * @param {readonly string[]} inputs
 * @param {readonly string[]} outputs
 * @param {Readonly<Record<string, number>>} [attributes] whole numbers
 * @param {string} [domain] of operators that are not ONNX's own
 */
export const node = (op, inputs, outputs, attributes = {}, domain = '') =>
  message([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => ({
      field: 5,
      bytes: message([text(1, name), { field: 3, value }, { field: 20, value: 2 }]),
    })),
    text(7, domain),
  ]);

/** @param {string} name @param {readonly number[]} shape */
const f32Value = (name, shape) => {
  const sizes = message(shape.map((value) => ({ field: 1, bytes: message([{ field: 1, value }]) })));
  const type = message([
    { field: 1, value: elementTypes.f32 },
    { field: 2, bytes: sizes },
  ]);
  return message([text(1, name), { field: 2, bytes: message([{ field: 1, bytes: type }]) }]);
};

/**
 * A model from `x` to `y`, both f32.
 *
 * @param {readonly Uint8Array[]} nodes
 * @param {readonly Uint8Array[]} constants
 * @param {readonly number[]} x its shape
 * @param {readonly number[]} y its shape
 */
export function onnxModel(nodes, constants, x, y) {
  const graph = message([
    ...nodes.map((bytes) => ({ field: 1, bytes })),
    text(2, 'bench'),
    ...constants.map((bytes) => ({ field: 5, bytes })),
    { field: 11, bytes: f32Value('x', x) },
    { field: 12, bytes: f32Value('y', y) },
  ]);
  const operators = (/** @type {string} */ domain, /** @type {number} */ version) => ({
    field: 8,
    bytes: message([text(1, domain), { field: 2, value: version }]),
  });
  return message([
    { field: 1, value: 8 },
    { field: 7, bytes: graph },
    operators('', 17),
    operators('com.microsoft', 1),
  ]);
}
