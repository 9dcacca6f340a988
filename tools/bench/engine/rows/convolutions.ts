/** Convolutions of pictures, forward and towards both of their operands. */
import { at, type Operand, type Problem } from '../problem.ts';
import { expectedAt, stream, uniform } from '../random.ts';
import type { Row } from '../row.ts';

const [batch, channels, side] = [8, 64, 32];

/** One convolution that keeps the sizes of [8, 64, 32, 32]. */
class Convolution {
  readonly kernel: number;
  readonly groups: number;
  readonly pad: number;
  /** Channels of the input that an output channel sees. */
  readonly seen: number;
  readonly x: Operand;
  readonly w: Operand;
  /** The gradient of the result. */
  readonly g: Operand;

  constructor(kernel: number, groups: number) {
    const next = stream(kernel + groups);
    this.kernel = kernel;
    this.groups = groups;
    this.pad = (kernel - 1) / 2;
    this.seen = channels / groups;
    const image = [batch, channels, side, side];
    this.x = uniform(next, image);
    this.w = uniform(next, [channels, this.seen, kernel, kernel]);
    this.g = uniform(next, image);
  }

  /** Of an image that is 0 around its borders. */
  #pixel({ values }: Operand, image: number, channel: number, y: number, x: number): number {
    const inside = y >= 0 && y < side && x >= 0 && x < side;
    return inside ? at(values, ((image * channels + channel) * side + y) * side + x) : 0;
  }

  #weight(to: number, from: number, dy: number, dx: number): number {
    return at(this.w.values, ((to * this.seen + from) * this.kernel + dy) * this.kernel + dx);
  }

  /** The sum over all places of the kernel. */
  #window(term: (dy: number, dx: number) => number): number {
    let sum = 0;
    for (let dy = 0; dy < this.kernel; dy++) for (let dx = 0; dx < this.kernel; dx++) sum += term(dy, dx);
    return sum;
  }

  forward(index: number): number {
    const [image, to, y, x] = unravel(index);
    const first = Math.floor(to / this.seen) * this.seen;
    let sum = 0;
    for (let from = 0; from < this.seen; from++)
      sum += this.#window(
        (dy, dx) =>
          this.#weight(to, from, dy, dx) *
          this.#pixel(this.x, image, first + from, y + dy - this.pad, x + dx - this.pad),
      );
    return sum;
  }

  inputGradient(index: number): number {
    const [image, from, y, x] = unravel(index);
    const first = Math.floor(from / this.seen) * this.seen;
    let sum = 0;
    for (let to = first; to < first + this.seen; to++)
      sum += this.#window(
        (dy, dx) =>
          this.#weight(to, from - first, dy, dx) * this.#pixel(this.g, image, to, y - dy + this.pad, x - dx + this.pad),
      );
    return sum;
  }

  weightGradient(index: number): number {
    const [dy, dx] = [Math.floor(index / this.kernel) % this.kernel, index % this.kernel];
    const pair = Math.floor(index / this.kernel ** 2);
    const [to, from] = [Math.floor(pair / this.seen), pair % this.seen];
    const channel = Math.floor(to / this.seen) * this.seen + from;
    let sum = 0;
    for (let image = 0; image < batch; image++)
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++)
          sum +=
            this.#pixel(this.g, image, to, y, x) *
            this.#pixel(this.x, image, channel, y + dy - this.pad, x + dx - this.pad);
    return sum;
  }
}

/** Image, channel, row and column of an element. */
function unravel(index: number): readonly [number, number, number, number] {
  const [plane, pixel] = [Math.floor(index / side ** 2), index % side ** 2];
  return [Math.floor(plane / channels), plane % channels, Math.floor(pixel / side), pixel % side];
}

type Pass = 'conv' | 'conv-input' | 'conv-weight';

function convolution(pass: Pass, kernel: number, groups: number): Problem {
  const made = new Convolution(kernel, groups);
  const { x, w, g, pad } = made;
  const image = x.values.length;
  const expected: Readonly<Record<Pass, Problem['expected']>> = {
    conv: () => expectedAt(image, (index) => made.forward(index)),
    'conv-input': () => expectedAt(image, (index) => made.inputGradient(index)),
    'conv-weight': () => expectedAt(w.values.length, (index) => made.weightGradient(index)),
  };
  return { op: pass, operands: [x, w, g], settings: { kernel, pad, groups }, expected: expected[pass] };
}

const row = (name: string, pass: Pass, kernel: number, groups: number): Row => ({
  name,
  sizes: `${batch}×${channels}×${side}×${side}, ${groups === 1 ? `${channels} filters of all channels` : 'a filter a channel'}, ${kernel}×${kernel}`,
  problem: () => convolution(pass, kernel, groups),
  targets: { js: 1.3, native: 0, threads: 1.8 },
});

/** Convolutions. */
export const convolutionRows: readonly Row[] = [
  row('conv-3x3', 'conv', 3, 1),
  row('conv-3x3-input', 'conv-input', 3, 1),
  row('conv-3x3-weight', 'conv-weight', 3, 1),
  row('conv-1x1', 'conv', 1, 1),
  row('depthwise', 'conv', 3, channels),
  row('depthwise-input', 'conv-input', 3, channels),
  row('depthwise-weight', 'conv-weight', 3, channels),
];
