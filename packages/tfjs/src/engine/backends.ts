import { IsthmusError } from "@isthmus/math";
import type { KernelBackend } from "@tensorflow/tfjs-core";
import type { TfjsCore } from "../tfjs-ops.ts";
import { requireVersion, VERSION } from "../version.ts";
import type { OpenBackend } from "./device.ts";
import { noDevice, openGpu, withGpu } from "./gpu.ts";
import { startWasm } from "./start-wasm.ts";

export const backendNames = ["cpu", "wasm", "webgpu", "webgl"] as const;
export type BackendName = (typeof backendNames)[number];

/** Opens the backend: its module loaded, its device found. */
export const openers: Readonly<Record<BackendName, (tf: TfjsCore) => Promise<OpenBackend>>> = {
  cpu: openCpu,
  wasm: openWasm,
  webgpu: openWebgpu,
  webgl: openWebgl,
};

export async function loadCore(): Promise<TfjsCore> {
  const tf = await loaded("@tensorflow/tfjs-core", () => import("@tensorflow/tfjs-core"));
  requireVersion("the tfjs engine", "tfjs-core", tf.version_core, "install that version");
  return tf;
}

/** A module that users install themselves. */
export async function loaded<M>(name: string, load: () => Promise<M>): Promise<M> {
  try {
    return await load();
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0]! : String(error);
    const pinned = name.startsWith("@tensorflow/") ? `${name}@${VERSION}` : name;
    const message = `the tfjs engine needs ${name}, which cannot be loaded (${reason}); install it: npm install ${pinned}`;
    throw new IsthmusError("TFJS_MISSING", message, { module: name }, { cause: error });
  }
}

const checked = (name: string, version: unknown): void =>
  requireVersion("the tfjs engine", name, version, "install that version");

/** One that nobody else sees. */
function own(name: BackendName, backend: KernelBackend, traits: OpenBackend["traits"] = {}): OpenBackend {
  return { name, backend, traits, requireBound: () => undefined, close: () => backend.dispose() };
}

async function openCpu(): Promise<OpenBackend> {
  const { MathBackendCPU, version_cpu } = await loaded(
    "@tensorflow/tfjs-backend-cpu",
    () => import("@tensorflow/tfjs-backend-cpu"),
  );
  checked("tfjs-backend-cpu", version_cpu);
  const backend = new MathBackendCPU();
  // It advertises the native backend on the console when it is first written to.
  (backend as unknown as { firstUse: boolean }).firstUse = false;
  return own("cpu", backend);
}

/** As far as tfjs's engine must be known: which backends there are. */
interface Registry {
  readonly registry: Record<string, KernelBackend | undefined>;
}

/**
 * The one of the process: kernels keep the functions of one module, so that a second would take them away from the first. It is
 * made if nobody has made it yet, and left to tfjs, whose current backend stays what it is.
 */
async function openWasm(tf: TfjsCore): Promise<OpenBackend> {
  const name = "@tensorflow/tfjs-backend-wasm";
  const { setWasmPaths, version_wasm } = await loaded(name, () => import("@tensorflow/tfjs-backend-wasm"));
  checked("tfjs-backend-wasm", version_wasm);
  const { registry } = tf.engine() as unknown as Registry;
  if (!registry["wasm"]) {
    const made = await startWasm(tf, setWasmPaths);
    if (registry["wasm"]) made.dispose();
    else {
      registry["wasm"] = made;
      for (const { setupFunc } of tf.getKernelsForBackend("wasm")) setupFunc?.(made);
    }
  }
  const backend = registry["wasm"]!;
  return {
    name: "wasm",
    backend,
    traits: { naiveSums: true, plainProducts: true, slowBroadcasts: true, dropsNaN: true },
    requireBound: () => {
      if (registry["wasm"] === backend) return;
      const message = `TensorFlow.js has another "wasm" backend than this engine was made with; make a new engine`;
      throw new IsthmusError("TFJS_BACKEND_LOST", message, { backend: "wasm" });
    },
    close: () => undefined,
  };
}

async function openWebgpu(): Promise<OpenBackend> {
  const { WebGPUBackend } = await loaded(
    "@tensorflow/tfjs-backend-webgpu",
    () => import("@tensorflow/tfjs-backend-webgpu"),
  );
  const held = await openGpu(() => loaded("webgpu", () => import("webgpu")));
  const backend = withGpu(held.gpu, () => new WebGPUBackend(held.device, held.adapter.info));
  const open = own("webgpu", backend, { roughFunctions: true });
  const close = (): void => {
    open.close();
    held.device.destroy();
  };
  return { ...open, held, close };
}

async function openWebgl(tf: TfjsCore): Promise<OpenBackend> {
  const { MathBackendWebGL, version_webgl } = await loaded(
    "@tensorflow/tfjs-backend-webgl",
    () => import("@tensorflow/tfjs-backend-webgl"),
  );
  checked("tfjs-backend-webgl", version_webgl);
  const env = tf.env();
  const hasCanvas = "OffscreenCanvas" in globalThis || "document" in globalThis;
  if (!hasCanvas || !env.getBool("HAS_WEBGL") || !env.getBool("WEBGL_RENDER_FLOAT32_ENABLED")) {
    throw noDevice("webgl", "no WebGL context with float32 textures, which a browser has and Node has not");
  }
  return own("webgl", new MathBackendWebGL(), { roughFunctions: true });
}
