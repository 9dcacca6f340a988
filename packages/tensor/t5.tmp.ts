import { nodeGpu } from './src/devices/webgpu/node-host.ts';
const gpu = (await nodeGpu())!;
const adapter = (await gpu.requestAdapter())!;
const device = await adapter.requestDevice({requiredLimits: {maxComputeInvocationsPerWorkgroup: 1024}});
device.onuncapturederror = (e) => console.log(e.error.message.slice(0, 600));
const n = 512;
const head = (av: string) => `@group(0) @binding(0) var<storage, read> a: array<${av}>;
@group(0) @binding(1) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4<f32>>;
`;
const R = (k: number) => Array.from({length: k}, (_, i) => i);
const salt = Math.floor(Math.random()*1e6);
// k-step 1, scalar A
const v1 = (rows: number, wgx: number, wgy: number, rowExpr: string, colExpr: string) => head('f32') + `
@compute @workgroup_size(${wgx}, ${wgy}) fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_id) l: vec3<u32>) {
 let row = ${rowExpr}; let col = ${colExpr};
 ${R(rows).map(r => `var s${r}_0 = vec4<f32>(); var s${r}_1 = vec4<f32>();`).join('\n')}
 for (var k = 0u; k < 512u; k++) {
  let b0 = b[k*128u + col]; let b1 = b[k*128u + col + 1u];
  ${R(rows).map(r => `let a${r} = a[(row + ${r}u)*512u + k]; s${r}_0 += a${r}*b0; s${r}_1 += a${r}*b1;`).join('\n')}
 }
 ${R(rows).map(r => `c[(row + ${r}u)*128u + col] = s${r}_0; c[(row + ${r}u)*128u + col + 1u] = s${r}_1;`).join('\n')}
 if (k_salt == ${salt}u) { c[0] = vec4(${salt}.0); }
}`.replace('k_salt', 'g.z');
const v4 = (rows: number, wgx: number, wgy: number, rowExpr: string, colExpr: string) => head('vec4<f32>') + `
@compute @workgroup_size(${wgx}, ${wgy}) fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_id) l: vec3<u32>) {
 let row = ${rowExpr}; let col = ${colExpr};
 ${R(rows).map(r => `var s${r}_0 = vec4<f32>(); var s${r}_1 = vec4<f32>();`).join('\n')}
 for (var k = 0u; k < 128u; k++) {
  ${R(rows).map(r => `let a${r} = a[(row + ${r}u)*128u + k];`).join('\n')}
  ${R(4).map(q => `let b${q}_0 = b[(k*4u+${q}u)*128u + col]; let b${q}_1 = b[(k*4u+${q}u)*128u + col + 1u]; ${R(rows).map(r => `s${r}_0 += a${r}.${'xyzw'[q]}*b${q}_0; s${r}_1 += a${r}.${'xyzw'[q]}*b${q}_1;`).join('\n')}`).join('\n')}
 }
 ${R(rows).map(r => `c[(row + ${r}u)*128u + col] = s${r}_0; c[(row + ${r}u)*128u + col + 1u] = s${r}_1;`).join('\n')}
 if (k_salt == ${salt}u) { c[0] = vec4(${salt}.0); }
}`.replace('k_salt', 'g.z');
// array accumulators with loops
const v5 = (rows: number, wgx: number, wgy: number, rowExpr: string, colExpr: string) => head('vec4<f32>') + `
@compute @workgroup_size(${wgx}, ${wgy}) fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_id) l: vec3<u32>) {
 let row = ${rowExpr}; let col = ${colExpr};
 var s: array<vec4<f32>, ${rows*2}>;
 for (var k = 0u; k < 128u; k++) {
  let bb = array<vec4<f32>, 8>(${R(4).map(q => `b[(k*4u+${q}u)*128u + col], b[(k*4u+${q}u)*128u + col + 1u]`).join(', ')});
  for (var r = 0u; r < ${rows}u; r++) { let av = a[(row + r)*128u + k]; s[r*2u] += av.x*bb[0] + av.y*bb[2] + av.z*bb[4] + av.w*bb[6]; s[r*2u+1u] += av.x*bb[1] + av.y*bb[3] + av.z*bb[5] + av.w*bb[7]; }
 }
 for (var r = 0u; r < ${rows}u; r++) { c[(row + r)*128u + col] = s[r*2u]; c[(row + r)*128u + col + 1u] = s[r*2u+1u]; }
 if (k_salt == ${salt}u) { c[0] = vec4(${salt}.0); }
}`.replace('k_salt', 'g.z');
const U = '(g.y)*ROWSu', D = '(g.y*8u + l.y)*ROWSu';
const direct = / \$\{x\}/;
const base = v1(8,64,1,U.replace('ROWS','8'),'(g.x*64u+l.x)*2u');
const storesAt = base.indexOf(' c[(row + 0u)'); const endAt = base.indexOf(' if (g.z ==');
const list = R(8).flatMap(r => [`s${r}_0`, `s${r}_1`]);
const loopArr = base.slice(0, storesAt) + `var sums = array<vec4<f32>, 16>(${list.join(', ')}); for (var i = 0u; i < 8u; i++) { for (var q = 0u; q < 2u; q++) { c[(row + i)*128u + col + q] = sums[i*2u+q]; } }` + base.slice(endAt);
const loopScalar = loopArr.replace('var<storage, read_write> c: array<vec4<f32>>', 'var<storage, read_write> c: array<f32>').replace('c[(row + i)*128u + col + q] = sums[i*2u+q];', 'for (var p = 0u; p < 4u; p++) { c[(row + i)*512u + (col + q) * 4u + p] = sums[i*2u+q][p]; }').replace('c[0] = vec4(', 'c[0] = (');
const loopGuard = loopScalar.replace('i < 8u', 'i < min(8u, 512u - row)').replace('let row =', 'if (g.y >= 64u) { return; } let row =');
const minRows = loopGuard.replace(/a\[\(row \+ (\d)u\)/g, 'a[min(row + $1u, 511u)');
const unrolledScalar = base.slice(0, storesAt).replace('var<storage, read_write> c: array<vec4<f32>>', 'var<storage, read_write> c: array<f32>') + R(8).map(r => R(8).map(q => `c[(row + ${r}u)*512u + col*4u + ${q}u] = s${r}_${q>>2}.${'xyzw'[q&3]};`).join('\n')).join('\n') + base.slice(endAt).replace('c[0] = vec4(', 'c[0] = (');
const cases: [string, string, [number, number]][] = [['direct', base, [1,64]], ['loopArr', loopArr, [1,64]], ['loopScalar', loopScalar, [1,64]], ['loopGuard', loopGuard, [1,64]], ['minRows', minRows, [1,64]], ['unrolledScalar', unrolledScalar, [1,64]]];
const bufs = [0,1,2].map(() => device.createBuffer({size: n*n*4, usage: 0x8c}));
for (const b of bufs.slice(0,2)) device.queue.writeBuffer(b, 0, new Float32Array(n*n).map(Math.random));
for (const [name, code, wg] of cases) {
  let t = performance.now();
  const module = device.createShaderModule({code});
  const pipeline = device.createComputePipeline({layout: 'auto', compute: {module}});
  const bg = device.createBindGroup({layout: pipeline.getBindGroupLayout(0), entries: bufs.map((buffer, binding) => ({binding, resource: {buffer}}))});
  const run = async () => { const e = device.createCommandEncoder(); const q = e.beginComputePass(); q.setPipeline(pipeline); q.setBindGroup(0,bg); q.dispatchWorkgroups(...wg); q.end(); device.queue.submit([e.finish()]); await device.queue.onSubmittedWorkDone(); };
  await run(); const first = performance.now() - t;
  let best = 1e9; for (let i = 0; i < 6; i++) { const c = process.cpuUsage(); await run(); const u = process.cpuUsage(c); best = Math.min(best, (u.user+u.system)/1000); }
  console.log(name.padEnd(26), 'first', first.toFixed(0), 'cpu', best.toFixed(1), 'GF/cpu-s', (2*n**3/best/1e6).toFixed(2));
}
process.exit(0);
