/** The ops of rows in onnxruntime-web. */
import type { Engine, Operand, Prepared, Problem, Surroundings } from '../problem.ts';
import { encoded } from './encoded.ts';
import { graphs, type OpGraph } from './graphs.ts';
import { ort, type OrtTensor } from './library.ts';
import { constant, model, type Port } from './model.ts';

const whole = (values: Int32Array): BigInt64Array => BigInt64Array.from(values, BigInt);

function held({ values, shape }: Operand, index: number): Uint8Array {
  return values instanceof Int32Array
    ? constant(`x${index}`, 'i64', shape, whole(values))
    : constant(`x${index}`, 'f32', shape, values);
}

function sent({ values, shape }: Operand): OrtTensor {
  return values instanceof Int32Array
    ? new ort.Tensor('int64', whole(values), shape)
    : new ort.Tensor('float32', values, shape);
}

const prepare =
  (graphOf: (problem: Problem) => OpGraph) =>
  async (problem: Problem, { threads }: Surroundings): Promise<Prepared> => {
    ort.env.wasm.numThreads = threads;
    const { nodes, constants = [], held: kept = [], unused = [], result = 'f32' } = graphOf(problem);
    const operands = [...problem.operands.entries()].filter(([index]) => !unused.includes(index));
    const inputs = operands.filter(([index]) => !kept.includes(index));
    const bytes = model({
      nodes,
      constants: [
        ...constants,
        ...operands.filter(([index]) => kept.includes(index)).map(([index, each]) => held(each, index)),
      ],
      inputs: inputs.map(([index, { values, shape }]): Port => ({
        name: `x${index}`,
        type: values instanceof Int32Array ? 'i64' : 'f32',
        shape,
      })),
      outputs: [{ name: 'y', type: result }],
    });
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
    const feeds = Object.fromEntries(inputs.map(([index, each]) => [`x${index}`, sent(each)]));
    let made: OrtTensor | undefined;
    return {
      step: async () => {
        ({ y: made } = await session.run(feeds));
      },
      results: async () => Array.from(made?.data ?? [], Number),
    };
  };

export const ops: Engine['ops'] = {
  ...Object.fromEntries(Object.entries(graphs).map(([name, graphOf]) => [name, prepare(graphOf)])),
  encoded: prepare(encoded),
};
