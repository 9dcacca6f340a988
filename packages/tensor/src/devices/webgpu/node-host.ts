/**
 * WebGPU in Node: Dawn, from the optional package `webgpu`.
 */

interface DawnModule {
  readonly create: (options: string[]) => GPU;
}

/** The import goes through a variable so that bundlers for browsers leave it alone. */
async function importDawn(): Promise<DawnModule | undefined> {
  const name = 'webgpu';
  try {
    return (await import(/* @vite-ignore */ name)) as DawnModule;
  } catch {
    return undefined;
  }
}

/** One instance per set of flags, kept for good: Dawn tears its instance down with this object, whatever still uses it. */
const instances = new Map<string, GPU>();

/**
 * Dawn's WebGPU, or undefined where the package `webgpu` is not installed or finds no adapter.
 * `flags` are Dawn's own, such as `backend=vulkan` or `adapter=llvmpipe`.
 */
export async function nodeGpu(flags: readonly string[] = []): Promise<GPU | undefined> {
  const dawn = await importDawn();
  if (dawn === undefined) return undefined;
  const key = flags.join(' ');
  try {
    const gpu = instances.get(key) ?? dawn.create([...flags]);
    instances.set(key, gpu);
    return (await gpu.requestAdapter()) === null ? undefined : gpu;
  } catch {
    return undefined;
  }
}
