import { dataTypes } from "./data-types.ts";

/** The numbers of a tensor that a file spells out one by one, in whichever of its lists. */
export class TensorNumbers {
  private readonly parts: ArrayLike<number>[] = [];
  private count = 0;

  add(values: ArrayLike<number>): void {
    this.parts.push(values);
    this.count += values.length;
  }

  /** What they are as row-major, little-endian elements of this type; nothing for a type that has no numbers. */
  bytes(elementType: number): Uint8Array {
    const type = dataTypes[elementType];
    if (!type) return new Uint8Array();
    const out = new DataView(new ArrayBuffer(this.count * type.bytes));
    let at = 0;
    for (const values of this.parts) {
      for (let i = 0; i < values.length; i++, at += type.bytes) type.write(out, at, values[i]!);
    }
    return new Uint8Array(out.buffer);
  }
}
