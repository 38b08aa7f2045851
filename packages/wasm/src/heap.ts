import { IsthmusError } from "@isthmus/math";
import { disposed } from "./disposed.ts";
import { align, ALIGNMENT } from "./planner/arena.ts";

/** A stretch of the memory that belongs to one owner. */
export interface Region {
  readonly offset: number;
  readonly bytes: number;
}

const PAGE = 65_536;

/** One WebAssembly memory, handed out in regions. The first bytes are nobody's, so that 0 can mean "none". */
export class Heap {
  readonly maxBytes: number;
  private own: WebAssembly.Memory | undefined;
  /** Free stretches by ascending offset, no two touching. */
  private free: Region[];
  private views: Views;

  /** @param shared whether workers may see it */
  constructor(maxBytes: number, shared = false) {
    const maximum = Math.max(1, Math.floor(maxBytes / PAGE));
    this.own = new WebAssembly.Memory({ initial: 1, maximum, shared });
    this.maxBytes = maximum * PAGE;
    this.free = [{ offset: ALIGNMENT, bytes: PAGE - ALIGNMENT }];
    this.views = new Views(this.own.buffer);
  }

  /** @throws IsthmusError `ENGINE_DISPOSED` */
  requireMemory(): WebAssembly.Memory {
    if (!this.own) throw disposed("engine");
    return this.own;
  }

  /** Typed windows on the memory as it is now; growing detaches older ones, so do not keep them. */
  get windows(): Views {
    const { buffer } = this.requireMemory();
    if (buffer !== this.views.buffer) this.views = new Views(buffer);
    return this.views;
  }

  /**
   * Takes a region, growing the memory if need be. Its contents are left over from earlier owners.
   *
   * @throws IsthmusError `ENGINE_MEMORY`
   */
  allocate(bytes: number, purpose: string): Region {
    const wanted = align(Math.max(bytes, 1));
    let index = this.free.findIndex((gap) => gap.bytes >= wanted);
    if (index < 0) {
      this.grow(wanted, purpose);
      index = this.free.length - 1;
    }
    const gap = this.free[index]!;
    const rest = { offset: gap.offset + wanted, bytes: gap.bytes - wanted };
    this.free.splice(index, 1, ...(rest.bytes > 0 ? [rest] : []));
    return { offset: gap.offset, bytes: wanted };
  }

  release(region: Region): void {
    this.free.push(region);
    this.free.sort((a, b) => a.offset - b.offset);
    this.free = this.free.reduce<Region[]>((joined, next) => {
      const last = joined.at(-1);
      if (!last || last.offset + last.bytes < next.offset) return [...joined, next];
      return [...joined.slice(0, -1), { offset: last.offset, bytes: last.bytes + next.bytes }];
    }, []);
  }

  /** Gives up the memory: whatever asks for it afterwards is told so. */
  dispose(): void {
    this.own = undefined;
    this.views = new Views(new ArrayBuffer(0));
  }

  /** Makes the last free stretch at least `wanted` bytes long. */
  private grow(wanted: number, purpose: string): void {
    const size = this.requireMemory().buffer.byteLength;
    const last = this.free.at(-1);
    const tail = last && last.offset + last.bytes === size ? last.bytes : 0;
    const pages = Math.ceil((wanted - tail) / PAGE);
    try {
      this.requireMemory().grow(pages);
    } catch (cause) {
      throw memoryError(purpose, wanted, this, cause);
    }
    this.release({ offset: size, bytes: pages * PAGE });
  }
}

/** A request for `bytes` that the limit, or the machine, does not allow. */
export function memoryError(purpose: string, bytes: number, { maxBytes }: Heap, cause?: unknown): IsthmusError {
  return new IsthmusError(
    "ENGINE_MEMORY",
    `${purpose} needs ${bytes} bytes; the engine has not that much left of ${maxBytes}; use a smaller batch or raise maxMemoryBytes`,
    { bytes, maxBytes },
    cause === undefined ? undefined : { cause },
  );
}

class Views {
  readonly buffer: ArrayBuffer;
  readonly f32: Float32Array;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
    this.f32 = new Float32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u8 = new Uint8Array(buffer);
  }
}
