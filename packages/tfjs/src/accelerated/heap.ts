import type { KernelExports } from "@isthmus/kernels";
import { getKernel, type NamedAttrMap, type NamedTensorInfoMap, type TensorInfo } from "@tensorflow/tfjs-core";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { sizeOf } from "../engine/sizes.ts";
import type { TfjsModule } from "./tfjs-module.ts";

/** tfjs's memory, its tensors in it, and our kernels over it. */
export class Heap {
  readonly backend: BackendWasm;
  readonly kernels: KernelExports;
  private readonly module: TfjsModule;
  private room = { address: 0, bytes: 0 };

  constructor(backend: BackendWasm, module: TfjsModule, kernels: KernelExports) {
    this.backend = backend;
    this.module = module;
    this.kernels = kernels;
  }

  /** Of the first element, in bytes. What lies on another backend is moved here. */
  address({ dataId }: TensorInfo): number {
    return this.backend.dataIdMap.get(dataId).memoryOffset;
  }

  /** A tensor of any content. */
  output(shape: readonly number[], dtype: TensorInfo["dtype"] = "float32"): TensorInfo {
    return this.backend.makeOutput([...shape], dtype);
  }

  /** A kernel of this backend, whoever wrote it. */
  call(name: string, inputs: NamedTensorInfoMap, attrs: object = {}): TensorInfo {
    const { kernelFunc } = getKernel(name, "wasm");
    return kernelFunc({ inputs, attrs: attrs as NamedAttrMap, backend: this.backend }) as TensorInfo;
  }

  release({ dataId }: TensorInfo): void {
    this.backend.disposeData(dataId);
  }

  /** The address of room that the next call takes for its own: fill it, call a kernel, forget it. */
  scratch(bytes: number): number {
    if (bytes > this.room.bytes) {
      this.module._free(this.room.address);
      this.room = { address: 0, bytes: 0 };
      this.room = { address: this.module._malloc(bytes) >>> 0, bytes };
    }
    return this.room.address;
  }

  /** A view that holds until memory grows: until something is allocated. */
  floats(address: number, count: number): Float32Array {
    return new Float32Array(this.module.HEAPU8.buffer, address, count);
  }

  words(address: number, count: number): Int32Array {
    return new Int32Array(this.module.HEAPU8.buffer, address, count);
  }

  valuesOf(x: TensorInfo): Float32Array {
    return this.floats(this.address(x), sizeOf(x.shape));
  }

  /** Forgets what tfjs's library has packed of a tensor whose elements were written in place. */
  forgetPacked({ dataId }: TensorInfo): void {
    const { id, memoryOffset, shape } = this.backend.dataIdMap.get(dataId);
    this.module.tfjs.disposeData(id);
    this.module.tfjs.registerTensor(id, sizeOf(shape), memoryOffset);
  }
}
