/** WebGPU devices: a browser's, or in Node those of the package `webgpu` (Dawn). */
import { IsthmusError } from "@isthmus/math";

export interface FoundAdapter {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
}

export interface OpenGpu extends FoundAdapter {
  readonly device: GPUDevice;
}

/** What the package `webgpu` exports. */
export interface Dawn {
  readonly create: (options: string[]) => GPU;
  readonly globals: object;
}

export function noDevice(backend: string, reason: string): IsthmusError {
  return new IsthmusError("TFJS_NO_DEVICE", `tfjs:${backend} cannot be used here: ${reason}`, { backend });
}

const DRIVER =
  "there is no WebGPU adapter: a graphics driver is missing (on Linux Vulkan's; VK_ICD_FILENAMES names its file), or the page may not use it";

/**
 * @param dawn loads the package; called where the runtime has no WebGPU of its own
 * @throws IsthmusError `TFJS_NO_DEVICE`
 */
export async function findAdapter(dawn: () => Promise<Dawn>): Promise<FoundAdapter> {
  const gpu = ownGpu() ?? created(await dawn());
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw noDevice("webgpu", DRIVER);
  return { gpu, adapter };
}

/** An adapter and its device, with all that the adapter has to give. The same parameters and errors as `findAdapter`. */
export async function openGpu(dawn: () => Promise<Dawn>): Promise<OpenGpu> {
  const { gpu, adapter } = await findAdapter(dawn);
  const { limits } = adapter;
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, limits[name]]));
  const device = await adapter.requestDevice({ requiredLimits });
  return { gpu, adapter, device };
}

/** Those that the backend makes use of. */
const LIMITS = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
] as const;

function ownGpu(): GPU | undefined {
  return (globalThis as { readonly navigator?: { readonly gpu?: GPU } }).navigator?.gpu;
}

/** The backend takes the names of flags from the global object; those that are there stay. */
function created({ create, globals }: Dawn): GPU {
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  return create([]);
}

/** Runs `body`, which looks for WebGPU where browsers have it. */
export function withGpu<R>(gpu: GPU, body: () => R): R {
  if (ownGpu()) return body();
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
  try {
    return body();
  } finally {
    if (before) Object.defineProperty(globalThis, "navigator", before);
    else Reflect.deleteProperty(globalThis, "navigator");
  }
}
