/**
 * Asking a host for a device: the adapter's own limits and the optional features it has.
 */
import { DeviceError } from '../../errors.ts';
import type { Profile } from './program.ts';

/** Features that kernels given by users, and profilers, can make use of; the device's own kernels need none. */
const wantedFeatures: readonly GPUFeatureName[] = ['shader-f16', 'subgroups', 'timestamp-query'];

/** The limits that matter to compute; a device gets small defaults for those not asked for. */
const wantedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupStorageSize',
  'minStorageBufferOffsetAlignment',
] as const;

/** A GPU device and what was learned about it on the way. */
export interface OpenedDevice {
  readonly device: GPUDevice;
  readonly description: string;
  readonly profile: Profile;
}

/** One line about an adapter, from whatever it tells. */
export function describeAdapter(info: GPUAdapterInfo): string {
  const parts = [info.vendor, info.architecture, info.device, info.description].filter((part) => part !== '');
  return parts.length === 0 ? 'unnamed WebGPU adapter' : parts.join(', ');
}

/** True for adapters that run on the CPU. */
export function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || /llvmpipe|swiftshader|software/i.test(describeAdapter(info));
}

/** Whether a host compiles something of WGSL that not all do; older hosts do not say. */
function hasLanguageFeature(gpu: GPU, name: string): boolean {
  return (gpu as Partial<GPU>).wgslLanguageFeatures?.has(name) === true;
}

/** What a caller may ask for; see `WebGpuOptions`. */
interface OpenOptions {
  readonly powerPreference?: GPUPowerPreference;
  readonly tuning?: 'hardware' | 'software';
}

/**
 * Opens the adapter that the host offers.
 * @throws {DeviceError} if there is none.
 */
export async function openDevice(gpu: GPU, { powerPreference, tuning }: OpenOptions): Promise<OpenedDevice> {
  const adapter = await gpu.requestAdapter(powerPreference === undefined ? {} : { powerPreference });
  if (adapter === null)
    throw new DeviceError(
      'webgpu',
      'the host offers no adapter: install a graphics driver with Vulkan, Metal or D3D12, or use the cpu device',
      'device-missing',
    );
  const requiredLimits = Object.fromEntries(wantedLimits.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures = wantedFeatures.filter((feature) => adapter.features.has(feature));
  const device = await adapter
    .requestDevice({ requiredLimits, requiredFeatures, label: 'espalier' })
    .catch((cause: unknown) => {
      throw new DeviceError(
        'webgpu',
        `the adapter ${describeAdapter(adapter.info)} refused a device: ${String(cause)}`,
        'device-missing',
      );
    });
  const { limits } = device;
  const software = tuning === undefined ? isSoftware(adapter.info) : tuning === 'software';
  return {
    device,
    description: describeAdapter(adapter.info),
    profile: {
      software,
      maxInvocations: Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX),
      workgroupBytes: limits.maxComputeWorkgroupStorageSize,
      maxBindings: limits.maxStorageBuffersPerShaderStage,
      // A processor takes the bytes apart for it, which is no faster than doing so in WGSL.
      packedDots: !software && hasLanguageFeature(gpu, 'packed_4x8_integer_dot_product'),
    },
  };
}
