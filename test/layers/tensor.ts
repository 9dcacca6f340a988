// The layers of @espalier/tensor, the lowest first.
import type { Layers } from './layers.ts';

const checks = ['errors.ts', 'arguments/describe.ts', 'arguments/rules.ts', 'arguments/show.ts'];
const values = [...checks, 'dtype', 'shape'];
const kernels = [...values, 'scalar', 'kernel'];
const graphs = [...kernels, 'device', 'graph'];
/** What tensor methods are made of. */
const parts = [...graphs, 'arguments', 'ops', 'runtime', 'random'];
const tensors = [...parts, 'device/registry.ts', 'tensor', 'autograd'];

/** Specs below the devices that run them, the graph below what lowers it, ops as data beside them, tensors above all. */
export const tensor: Layers = {
  arrows: {
    'errors.ts': [],
    cache: [],
    'arguments/show.ts': [],
    'arguments/describe.ts': ['arguments/show.ts'],
    'arguments/rules.ts': ['errors.ts', 'arguments/describe.ts', 'arguments/show.ts'],
    dtype: checks,
    shape: checks,
    scalar: ['errors.ts', 'dtype'],
    kernel: [...values, 'scalar'],
    device: [...kernels, 'cache'],
    'devices/reference': [...kernels, 'device'],
    'devices/cpu': [...kernels, 'cache', 'device'],
    'devices/webgpu': [...kernels, 'cache', 'device'],
    graph: [...kernels, 'device'],
    random: [...checks, 'scalar', 'graph'],
    ops: graphs,
    lower: graphs,
    runtime: [...graphs, 'cache', 'lower'],
    'device/registry.ts': [...checks, 'arguments', 'device', 'devices/reference', 'devices/cpu', 'devices/webgpu'],
    arguments: [...values, 'kernel', 'device', 'random'],
    tensor: parts,
    autograd: [...parts, 'tensor'],
    'runtime/structure.ts': [...parts, 'tensor'],
    'runtime/scope.ts': [...tensors, 'runtime/structure.ts'],
    'kernel/define-kernel.ts': tensors,
    functions: [...tensors, 'runtime/scope.ts'],
    'ops/tables': [...tensors, 'functions'],
    'ops/table.ts': ['ops', 'ops/tables'],
    compile: [...tensors, 'cache', 'lower', 'runtime/structure.ts'],
    encoded: [...tensors, 'functions', 'runtime/structure.ts'],
    profile: [...tensors, 'runtime/structure.ts'],
    'arguments/index.ts': [
      'arguments',
      'arguments/describe.ts',
      'arguments/rules.ts',
      'arguments/show.ts',
      'shape',
      'encoded',
    ],
  },
  exceptions: [
    { from: 'graph/op.ts', to: 'tensor', types: true, why: 'gradient rules are written in the methods of tensors' },
    { from: 'ops', to: 'tensor', types: true, why: 'gradient rules are written in the methods of tensors' },
    { from: 'graph/modes.ts', to: 'tensor', types: true, why: 'a scope holds the tensors that were made in it' },
    {
      from: 'runtime/pending-state.ts',
      to: 'tensor',
      types: true,
      why: 'it holds handles, and calls none of their methods',
    },
    { from: 'arguments/types.ts', to: 'tensor', why: 'the rule for a tensor asks whether a value is a handle' },
    {
      from: 'tensor/borders.ts',
      to: 'functions/join.ts',
      why: 'padding by what lies inside joins pieces of the tensor',
    },
    { from: 'tensor/tensor.ts', to: 'autograd', why: 'backward is a method' },
    { from: 'devices/cpu/wide', to: 'runtime/notices.ts', why: 'it says which vectors there are' },
    { from: 'devices/cpu/threads', to: 'runtime/notices.ts', why: 'it says when no thread starts' },
    {
      from: 'functions/attention/attention-op.ts',
      to: 'devices/cpu/attention',
      why: 'programs for attention come with its op',
    },
    {
      from: 'encoded/product.ts',
      to: 'devices/cpu/encoded',
      why: 'programs for encoded matrices come with their formats',
    },
  ],
};
