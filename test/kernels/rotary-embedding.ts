/**
 * Rotary position embedding (Su et al. 2021, arXiv 2104.09864): in [rows, positions, width], each pair of neighbouring
 * elements (2i, 2i + 1) at position p is turned by the angle p · 10000^(-2i / width). Turning back is the gradient, so
 * the kernel is its own derivative with `inverse` flipped.
 *
 * The worked example of CONTRIBUTING.md: a kernel with a reference, an implementation for each device, and a gradient.
 */
import { defineKernel, ShapeError, type Kernel, type KernelSite } from '@espalier/tensor';

const sizes = (site: KernelSite): { positions: number; width: number; pairs: number } => {
  const [rows = 0, positions = 0, width = 0] = site.inputs[0]?.shape ?? [];
  return { positions, width, pairs: (rows * positions * width) / 2 };
};

/** Turns every pair of `x` into `y`, in whatever precision the arrays have. */
function rotate(site: KernelSite, x: ArrayLike<number>, y: { [index: number]: number }): void {
  const { positions, width, pairs } = sizes(site);
  const direction = site.attributes['inverse'] === true ? -1 : 1;
  for (let pair = 0; pair < pairs; pair++) {
    const column = (2 * pair) % width;
    const position = Math.floor((2 * pair) / width) % positions;
    const angle = direction * position * 10_000 ** (-column / width);
    const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
    const [a, b] = [x[2 * pair] as number, x[2 * pair + 1] as number];
    y[2 * pair] = a * cosine - b * sine;
    y[2 * pair + 1] = a * sine + b * cosine;
  }
}

/** Takes one f32 tensor [rows, positions, width] of even width; `inverse: true` turns back. */
export const rotaryEmbedding: Kernel = defineKernel({
  name: 'rotaryEmbedding',
  inputs: 1,
  outputs: ([x]) => {
    if (x?.shape.length !== 3 || (x.shape[2] as number) % 2 !== 0)
      throw new ShapeError('rotaryEmbedding', `takes [rows, positions, even width], not [${x?.shape.join(', ')}]`);
    return [x];
  },
  reference: (site, [x], [y]) => rotate(site, x as Float64Array, y as Float64Array),
  cpu: (site, [x], [y]) => rotate(site, x as Float32Array, y as Float32Array),
  wgsl: (site) => {
    const { positions, width, pairs } = sizes(site);
    return {
      code: /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let pair = id.x;
  if (pair >= ${pairs}u) { return; }
  let column = (2u * pair) % ${width}u;
  let position = (2u * pair / ${width}u) % ${positions}u;
  let angle = ${site.attributes['inverse'] === true ? '-' : ''}f32(position) * pow(10000.0, -f32(column) / ${width}.0);
  let a = x[2u * pair];
  let b = x[2u * pair + 1u];
  y[2u * pair] = a * cos(angle) - b * sin(angle);
  y[2u * pair + 1u] = a * sin(angle) + b * cos(angle);
}`,
      workgroups: [Math.max(1, Math.ceil(pairs / 64)), 1, 1],
    };
  },
  gradient: ([g], { attributes }) => (g ? rotaryEmbedding([g], { inverse: attributes['inverse'] !== true }) : []),
});
