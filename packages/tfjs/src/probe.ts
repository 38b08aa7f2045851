/** What can be known of the machine before there is an engine; nothing of TensorFlow.js is loaded. */
import { loaded } from "./engine/backends.ts";
import { findAdapter, type FoundAdapter } from "./engine/gpu.ts";

/** A graphics processor as WebGPU describes it; texts are empty where it does not say. */
export interface WebgpuAdapter {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** No hardware: a processor's own threads draw, as SwiftShader's and Mesa's llvmpipe's do. */
  readonly software: boolean;
  readonly limits: {
    readonly maxBufferSize: number;
    readonly maxStorageBufferBindingSize: number;
    readonly maxComputeInvocationsPerWorkgroup: number;
    readonly maxComputeWorkgroupStorageSize: number;
  };
}

/** Looked for once in a process: Dawn complains on stderr each time that it finds no driver, and ends the process when it is collected. */
let found: Promise<FoundAdapter> | undefined;

/**
 * The adapter that `createTfjsEngine({ backend: "webgpu" })` would take: the browser's, or in Node one of the package `webgpu` (Dawn).
 *
 * @throws IsthmusError `TFJS_MISSING` where there is neither, `TFJS_NO_DEVICE` where no adapter is found
 */
export async function webgpuAdapter(): Promise<WebgpuAdapter> {
  found ??= findAdapter(() => loaded("webgpu", () => import("webgpu")));
  return describedAdapter((await found).adapter);
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|basic render/i;

/** Older browsers say of the adapter itself what newer ones say of its info. */
type Adapter = GPUAdapter & { readonly isFallbackAdapter?: boolean };
type Info = GPUAdapterInfo & { readonly isFallbackAdapter?: boolean };

/** What an adapter says of itself. */
export function describedAdapter({ info, limits, isFallbackAdapter }: Adapter): WebgpuAdapter {
  const { vendor, architecture, device, description } = info;
  const isFallback = (info as Info).isFallbackAdapter ?? isFallbackAdapter ?? false;
  return {
    ...{ vendor, architecture, device, description },
    software: isFallback || SOFTWARE.test(`${architecture} ${device} ${description}`),
    limits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    },
  };
}
