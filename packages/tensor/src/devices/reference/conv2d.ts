/** Conv2d specs: the convolution and its two gradients are one sum over the same triples (x, w, y). */
import { dtypes } from '../../dtype/dtype.ts';
import type { Access, Conv2dSpec, LoopInstruction } from '../../kernel/spec.ts';
import { multiplyAddOf, rounders } from './arithmetic.ts';
import { contiguousStrides } from '../../shape/shape.ts';
import { compileBody, createFrame } from './body.ts';
import { affine, forEachIndex, positionIn, sizeOf } from './indices.ts';
import { boundTo, type Interpreter } from './kernel.ts';

/** Visits the positions of every x, w and y that meet: y[n, o, i, j] = Σ x[n, c, i·s − p + u·d, …] · w[o, c, u, v]. */
type Triples = (visit: (x: number, w: number, y: number) => void) => void;

/** Which tensors are multiplied and which is summed into, per pass. */
const roles = {
  forward: { from: ['x', 'w'], into: 'y' },
  input: { from: ['y', 'w'], into: 'x' },
  weight: { from: ['x', 'y'], into: 'w' },
} as const;

/** Interprets a convolution pass: sums in doubles over all triples, then rounds each result once, and stores it or hands it to the epilogue. */
export function interpretConv2d(spec: Conv2dSpec): Interpreter {
  const { from, into } = roles[spec.pass];
  const resultShape = shapeOf(spec, into);
  // Sums are kept by where each result would lie; with an epilogue, that is nobody's place.
  const result = spec[into] ?? { binding: -1, offset: 0, strides: contiguousStrides(resultShape) };
  const body: readonly LoopInstruction[] = spec.epilogue ?? [];
  const frame = createFrame(body.length, resultShape.length);
  const epilogue = compileBody(body, frame);
  const read = (role: 'x' | 'w' | 'y'): Access => spec[role] ?? result;
  const compute = dtypes[spec.bindings[read(from[0]).binding]?.dtype ?? 'f32'].compute;
  const multiplyAdd = multiplyAddOf(compute);
  const round = rounders[compute];
  const visitTriples = triplesOf(spec, into === 'y' ? result : (spec.y as Access));

  return (elements) => {
    const left = boundTo(elements, read(from[0]).binding);
    const right = boundTo(elements, read(from[1]).binding);
    const totals = new Map<number, number>();
    visitTriples((x, w, y) => {
      const at = { x, w, y };
      totals.set(at[into], multiplyAdd(totals.get(at[into]) ?? 0, left.read(at[from[0]]), right.read(at[from[1]])));
    });
    if (spec.epilogue) {
      frame.elements = elements;
      const place = affine(result.offset, result.strides, frame.index);
      forEachIndex(resultShape, frame.index, 0, () => {
        frame.accumulator = round(totals.get(place()) ?? 0);
        for (const step of epilogue) step();
      });
      frame.elements = [];
      return;
    }
    const out = boundTo(elements, result.binding);
    // Contiguous: the elements of the result follow its offset. Those that no triple reaches are 0.
    for (let position = result.offset; position < result.offset + sizeOf(resultShape); position++) {
      out.write(position, round(totals.get(position) ?? 0));
    }
  };
}

function shapeOf(spec: Conv2dSpec, tensor: 'x' | 'w' | 'y'): readonly number[] {
  const { batch, inChannels, outChannels, groups } = spec;
  return {
    x: [batch, inChannels, ...spec.inSize],
    w: [outChannels, inChannels / groups, ...spec.kernel],
    y: [batch, outChannels, ...spec.outSize],
  }[tensor];
}

function triplesOf(spec: Conv2dSpec, images: Access): Triples {
  const { stride, padding, dilation } = spec;
  const [inHeight, inWidth] = spec.inSize;
  const [outHeight, outWidth] = spec.outSize;
  const [kernelHeight, kernelWidth] = spec.kernel;
  const channelsPerGroup = spec.inChannels / spec.groups;
  const outputsPerGroup = spec.outChannels / spec.groups;
  return (visit) => {
    for (let image = 0; image < spec.batch; image++)
      for (let output = 0; output < spec.outChannels; output++)
        for (let i = 0; i < outHeight; i++)
          for (let j = 0; j < outWidth; j++) {
            const y = positionIn(images, image, output, i, j);
            const firstChannel = Math.floor(output / outputsPerGroup) * channelsPerGroup;
            for (let channel = 0; channel < channelsPerGroup; channel++)
              for (let u = 0; u < kernelHeight; u++)
                for (let v = 0; v < kernelWidth; v++) {
                  const row = i * stride[0] - padding[0] + u * dilation[0];
                  const column = j * stride[1] - padding[1] + v * dilation[1];
                  if (row < 0 || row >= inHeight || column < 0 || column >= inWidth) continue;
                  visit(
                    positionIn(spec.x, image, firstChannel + channel, row, column),
                    positionIn(spec.w, output, channel, u, v),
                    y,
                  );
                }
          }
  };
}
