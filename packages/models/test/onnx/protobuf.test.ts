/** The wire format: what is written is read back, and what is damaged is refused by its place. */
import { FormatError } from '@espalier/nn';
import { bytesOf, type ByteSource } from '@espalier/nn/format';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBytes, decodeFile } from '../../src/onnx/protobuf/decode.ts';
import { encodeMessage } from '../../src/onnx/protobuf/encode.ts';
import { attributeProto, modelProto, tensorProto, type AttributeProto } from '../../src/onnx/protobuf/messages.ts';
import { WireWriter } from '../../src/onnx/protobuf/wire.ts';

const bare = { floats: [], ints: [], strings: [], tensors: [], graphs: [] };
const read = (...bytes: number[]): unknown => decodeBytes(Uint8Array.from(bytes), attributeProto, 'a.onnx');

test('every attribute that is written is read back', () => {
  fc.assert(
    fc.property(
      fc.record({
        name: fc.string({ unit: 'binary' }),
        i: fc.maxSafeInteger(),
        f: fc.float({ noNaN: true }),
        ints: fc.array(fc.maxSafeInteger().filter((value) => Math.abs(value) <= 2 ** 53)),
        floats: fc.array(fc.float({ noNaN: true })),
      }),
      (fields) => {
        const message: AttributeProto = { ...bare, ...fields };
        expect(decodeBytes(encodeMessage(message, attributeProto), attributeProto, 'a.onnx')).toEqual(message);
      },
    ),
  );
});

test('negative numbers take ten bytes, and the ends of the range stand for as far as there is', () => {
  expect(encodeMessage({ ...bare, i: -1 }, attributeProto)).toHaveLength(11);
  expect(read(0x18, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1)).toMatchObject({ i: -1 });
  expect(read(0x18, 255, 255, 255, 255, 255, 255, 255, 255, 127)).toMatchObject({ i: 2 ** 63 });
  expect(read(0x18, 128, 128, 128, 128, 128, 128, 128, 128, 128, 1)).toMatchObject({ i: -(2 ** 63) });
});

test('repeated numbers are read packed or not, and fields that nobody knows are stepped over', () => {
  // ints is field 8: 3 unpacked, 4 and 5 packed; field 100 is unknown in each layout.
  expect(
    read(0x40, 3, 0x42, 2, 4, 5, 0xa2, 6, 1, 9, 0xa0, 6, 7, 0xa1, 6, 1, 2, 3, 4, 5, 6, 7, 8, 0xa5, 6, 1, 2, 3, 4),
  ).toMatchObject({
    ints: [3, 4, 5],
  });
});

describe('what is damaged is refused by its place', () => {
  test.each([
    ['a text that is longer than the file', [0x0a, 200, 1, 65], 3, /200 bytes are announced, of 1 that are left/],
    ['a group', [0x0b], 0, /field 1 is a group/],
    ['a layout that there is not', [0x0f], 0, /the layout 7/],
    ['a field without a number', [0x02, 0], 0, /the number 0/],
    ['a varint without an end', [0x18, 255, 255], 3, /ends within a number/],
    ['a varint of eleven bytes', [0x18, ...new Array<number>(10).fill(255), 1], 1, /longer than ten bytes/],
    ['a number beyond 2^53', [0x18, 129, 128, 128, 128, 128, 128, 128, 16], 1, /beyond 2\^53/],
    ['a number of another layout', [0x1d, 1, 2, 3, 4], 1, /i has the layout 5/],
    ['a text that is no text', [0x0a, 1, 255], 2, /name is not UTF-8/],
    ['bytes where one number is expected', [0x1a, 1, 1], 2, /i is bytes/],
  ])('%s', (_, bytes, offset, message) => {
    let thrown: unknown;
    try {
      read(...bytes);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(FormatError);
    expect((thrown as FormatError).message).toMatch(message);
    expect((thrown as FormatError).offset).toBe(offset);
    expect((thrown as FormatError).source).toBe('a.onnx');
  });

  test('messages that lie too deep in each other', () => {
    // An attribute with a graph with a node with an attribute, and so on: fields 6, 1 and 5.
    let bytes: Uint8Array = new Uint8Array();
    for (let depth = 0; depth < 120; depth++) {
      const writer = new WireWriter();
      writer.tag([5, 1, 6][depth % 3] as number, 2);
      writer.sized(bytes);
      bytes = writer.bytes();
    }
    expect(() => decodeBytes(bytes, attributeProto, 'a.onnx')).toThrow(/more than 100 deep/);
  });
});

test('the bytes of large tensors stay in the file', async () => {
  const values = new Uint8Array(3 * 2 ** 20).fill(7);
  const none = {
    floatData: [],
    int32Data: [],
    stringData: [],
    int64Data: [],
    doubleData: [],
    uint64Data: [],
    externalData: [],
  };
  const tensor = {
    ...none,
    name: 'w',
    dataType: 2,
    dims: [values.length],
    rawData: { offset: 0, length: values.length, bytes: values },
  };
  const bytes = encodeMessage({ graph: { ...graphless, initializer: [tensor] }, ...modelless }, modelProto);
  let most = 0;
  const inner = bytesOf(bytes, 'large.onnx');
  const source: ByteSource = {
    ...inner,
    read: (offset, length) => {
      most = Math.max(most, length);
      return inner.read(offset, length);
    },
  };
  const model = await decodeFile(source, modelProto);
  const found = model.graph?.initializer[0];
  expect(most).toBeLessThanOrEqual(2 ** 20);
  expect(found?.rawData?.bytes).toBeUndefined();
  const { offset = 0, length = 0 } = found?.rawData ?? {};
  expect(await inner.read(offset, length)).toEqual(values);
  expect(decodeBytes(encodeMessage(tensor, tensorProto), tensorProto, 'w').dims).toEqual([values.length]);
});

const graphless = { node: [], input: [], output: [], valueInfo: [], sparseInitializer: [] };
const modelless = { opsetImport: [], metadataProps: [], functions: [] };
