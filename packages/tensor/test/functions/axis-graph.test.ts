/** How axes follow one another, as graphs say it, is how they do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  axisGraph,
  concat,
  conv2d,
  dryRun,
  Generator,
  maxPool2d,
  permutation,
  randint,
  randn,
  type AxisGraphNode,
  type AxisPlace,
  type AxisRelation,
  type Shape,
  type Tensor,
} from '../../src/index.ts';

/** An op on inputs of some shapes, with the name of its node. */
interface OpCase {
  readonly op: string;
  readonly shapes: readonly Shape[];
  /** Indices below a number, as the last input. */
  readonly indices?: number;
  readonly run: (inputs: readonly Tensor[]) => Tensor;
}

const of =
  (run: (...inputs: Tensor[]) => Tensor) =>
  (inputs: readonly Tensor[]): Tensor =>
    run(...inputs);

const cases: readonly OpCase[] = [
  { op: 'add', shapes: [[3, 4], [3, 4]], run: of((a, b) => a.add(b)) }, // prettier-ignore
  { op: 'tanh', shapes: [[2, 3]], run: of((a) => a.tanh()) },
  { op: 'sum', shapes: [[3, 4, 5]], run: of((a) => a.sum(1, { keepDims: true })) },
  { op: 'permute', shapes: [[3, 4, 5]], run: of((a) => a.permute([2, 0, 1])) },
  { op: 'expand', shapes: [[3, 1, 5]], run: of((a) => a.expand([2, 3, 4, 5])) },
  { op: 'slice', shapes: [[5, 4]], run: of((a) => a.narrow(0, 1, 3)) },
  { op: 'slice', shapes: [[5, 4]], run: of((a) => a.flip(0)) },
  { op: 'matmul', shapes: [[2, 3, 4], [2, 4, 5]], run: of((a, b) => a.matmul(b)) }, // prettier-ignore
  { op: 'conv2d', shapes: [[2, 3, 5, 5], [4, 3, 3, 3]], run: of((x, w) => conv2d(x, w)) }, // prettier-ignore
  { op: 'conv2d', shapes: [[2, 6, 4, 4], [4, 3, 3, 3]], run: of((x, w) => conv2d(x, w, { groups: 2 })) }, // prettier-ignore
  { op: 'concat', shapes: [[2, 3], [2, 4]], run: of((a, b) => concat([a, b], 1)) }, // prettier-ignore
  { op: 'take', shapes: [[4, 3, 5], [6]], indices: 3, run: of((a, index) => a.take(index, 1)) }, // prettier-ignore
  { op: 'gather', shapes: [[3, 4], [3, 2]], indices: 4, run: of((a, index) => a.gather(1, index)) }, // prettier-ignore
  { op: 'pad', shapes: [[3, 4]], run: of((a) => a.pad([[0, 0], [1, 2]])) }, // prettier-ignore
  { op: 'cumsum', shapes: [[3, 4]], run: of((a) => a.cumsum(1)) },
  { op: 'sort', shapes: [[3, 4]], run: of((a) => a.sort(-1).values) },
  { op: 'windows', shapes: [[2, 3, 4, 4]], run: of((a) => maxPool2d(a, { kernel: 2, stride: 1 })) },
];

const isIndex = ({ shapes, indices }: OpCase, input: number): boolean =>
  indices !== undefined && input === shapes.length - 1;

const nodeOf = (known: OpCase): AxisGraphNode =>
  dryRun(
    known.shapes.map((shape, input) => ({ shape, dtype: isIndex(known, input) ? 'i32' : 'f32' })),
    (...inputs) => {
      const { nodes } = axisGraph(known.run(inputs));
      return nodes.find((node) => node.op === known.op) as AxisGraphNode;
    },
  );

const sizeAt = (at: AxisPlace, { shapes }: OpCase, output: Shape): number =>
  ('hidden' in at ? at.size : 'output' in at ? output[at.output] : shapes[at.input]?.[at.axis]) as number;

/** Indices of an axis in another order, wherever it is one of some. */
function reordered(value: Tensor, axes: readonly AxisPlace[], input: number | 'output', order: Tensor): Tensor {
  return axes.reduce<Tensor>((each, at) => {
    if ('output' in at) return input === 'output' ? each.take(order, at.output) : each;
    return 'input' in at && at.input === input ? each.take(order, at.axis) : each;
  }, value);
}

const showPlace = (at: AxisPlace): string =>
  'hidden' in at ? `h${at.hidden}:${at.size}` : 'output' in at ? `y${at.output}` : `${'abc'[at.input]}${at.axis}`;

function showRelation(relation: AxisRelation): string {
  switch (relation.kind) {
    case 'same':
      return relation.axes.map(showPlace).join('=');
    case 'contracted':
      return `Σ ${relation.axes.map(showPlace).join('·')}`;
    case 'joined':
      return relation.sides.map((side) => side.map(showPlace).join('×')).join(' is ');
    case 'parts':
      return `${showPlace(relation.whole)} is ${relation.parts.map(showPlace).join('+')}`;
    case 'repeated':
      return `any ${showPlace(relation.axis)}`;
  }
}

describe('axisGraph', () => {
  test('says of axes that they are one where another order of all of them changes nothing else', () => {
    const drawn = fc.record({ known: fc.constantFrom(...cases), seed: fc.integer({ min: 0, max: 1e6 }) });
    fc.assert(
      fc.property(drawn, ({ known, seed }) => {
        const generator = new Generator(seed);
        const inputs = known.shapes.map((shape, input) =>
          isIndex(known, input)
            ? randint(0, known.indices ?? 0, shape, { generator }).realizeSync()
            : randn(shape, { generator }).realizeSync(),
        );
        const output = known.run(inputs).realizeSync();
        for (const relation of nodeOf(known).relations) {
          if (relation.kind !== 'same' && relation.kind !== 'contracted') continue;
          const { axes } = relation;
          // What only the op knows has no order of ours.
          if (axes.some((at) => 'hidden' in at)) continue;
          const order = permutation(sizeAt(axes[0], known, output.shape), { generator }).realizeSync();
          const made = known.run(inputs.map((input, position) => reordered(input, axes, position, order))).dataSync();
          const wanted = reordered(output, axes, 'output', order).dataSync();
          expect(made.length).toBe(wanted.length);
          for (const [at, value] of wanted.entries()) expect(made[at]).toBeCloseTo(value, 4);
        }
      }),
    );
  });

  test.each<[string, readonly string[]]>([
    ['add', ['y0=a0=b0', 'y1=a1=b1']],
    ['sum', ['y0=a0', 'y2=a2']],
    ['permute', ['y0=a2', 'y1=a0', 'y2=a1']],
    ['expand', ['any y0', 'y1=a0', 'any y2', 'y3=a2']],
    ['slice', ['a0 is h0:1+y0+h1:1', 'y1=a1']],
    ['matmul', ['y0=a0=b0', 'y1=a1', 'y2=b2', 'Σ a2·b1']],
    ['conv2d', ['y0=a0', 'y1=b0', 'Σ a1·b1']],
    ['concat', ['y0=a0=b0', 'y1 is a1+b1']],
    ['gather', ['y0=b0=a0', 'y1=b1']],
    ['take', ['y1=b0', 'y0=a0', 'y2=a2']],
    ['pad', ['y0=a0']],
    ['cumsum', ['y0=a0']],
    ['sort', []],
    ['windows', ['y0=a0', 'y1=a1']],
  ])('says what %s knows, and nothing of axes that it needs whole', (op, relations) => {
    expect(nodeOf(cases.find((each) => each.op === op) as OpCase).relations.map(showRelation)).toEqual(relations);
  });

  test('says which groups of channels go with which', () => {
    const grouped = cases.filter(({ op }) => op === 'conv2d')[1] as OpCase;
    expect(nodeOf(grouped).relations.map(showRelation)).toEqual([
      'y0=a0',
      'a1 is h0:2×h1:3',
      'b0 is h0:2×h2:2',
      'y1 is h0:2×h2:2',
      'Σ h1:3·b1',
    ]);
  });

  test('takes a reshape apart into the shortest runs of axes', () => {
    const reshape = (from: Shape, to: Shape): string[] =>
      nodeOf({ op: 'reshape', shapes: [from], run: ([x]) => (x as Tensor).reshape(to) }).relations.map(showRelation);
    expect(reshape([2, 3, 4, 5], [2, 60])).toEqual(['a0 is y0', 'a1×a2×a3 is y1']);
    expect(reshape([2, 6, 12], [2, 6, 3, 4])).toEqual(['a0 is y0', 'a1 is y1', 'a2 is y2×y3']);
    expect(reshape([4, 6], [8, 3])).toEqual(['a0×a1 is y0×y1']);
    expect(reshape([3, 1, 5], [1, 3, 5, 1])).toEqual(['a0 is y1', 'a2 is y2']);
  });

  test('lists inputs before what is made of them, and finds tensors in it', () => {
    const w = randn([4, 3]).realizeSync();
    dryRun([{ shape: [2, 4] }], (x) => {
      const y = x.matmul(w).relu();
      const { nodes, placeOf } = axisGraph(y);
      for (const [place, { inputs }] of nodes.entries()) for (const input of inputs) expect(input).toBeLessThan(place);
      expect(nodes[placeOf(w) as number]).toMatchObject({ op: 'stored', kind: 'source', shape: [4, 3] });
      expect(nodes[placeOf(x) as number]?.kind).toBe('source');
      expect(placeOf(y)).toBe(nodes.length - 1);
      expect(placeOf(randn([2]))).toBeUndefined();
    });
  });
});
