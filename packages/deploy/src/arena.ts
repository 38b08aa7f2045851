import { rowBytes } from "@isthmus/edge/format";

interface Block {
  readonly at: number;
  readonly length: number;
}

/** Lays values out in a workspace, each where others have ended: the first gap that is large enough. Multiples of 16 bytes. */
export class Arena {
  private taken: Block[] = [];
  /** Size of the workspace so far. */
  bytes = 0;

  allocate(bytes: number): number {
    const length = rowBytes(bytes);
    let at = 0;
    for (const block of this.taken) {
      if (block.at - at >= length) break;
      at = block.at + block.length;
    }
    this.taken = [...this.taken, { at, length }].sort((a, b) => a.at - b.at);
    this.bytes = Math.max(this.bytes, at + length);
    return at;
  }

  release(at: number): void {
    this.taken = this.taken.filter((block) => block.at !== at);
  }
}
