import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseNpy, writeNpy } from "../src/index.ts";
import type { NpyType } from "../src/index.ts";
import { isthmusError } from "./support/error.ts";

interface Fixture {
  readonly cases: readonly {
    readonly name: string;
    readonly type: NpyType;
    readonly shape: readonly number[];
    /** Little-endian, base64. */
    readonly rowMajor: string;
    readonly file: string;
    /** Whether this is the form we write. */
    readonly v1: boolean;
  }[];
  readonly refused: Readonly<Record<string, string>>;
}

const numpy = JSON.parse(readFileSync(new URL("./fixtures/npy.json", import.meta.url), "utf8")) as Fixture;
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));
const elementBytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView): number[] => [
  ...new Uint8Array(buffer, byteOffset, byteLength),
];

describe("NPY files written by NumPy", () => {
  it.each(numpy.cases)("$name is read", ({ file, type, shape, rowMajor }) => {
    const array = parseNpy(bytesOf(file));
    expect(array.type).toBe(type);
    expect(array.shape).toEqual(shape);
    expect(elementBytes(array.values)).toEqual([...bytesOf(rowMajor)]);
  });

  it.each(numpy.cases.filter(({ v1 }) => v1))("$name is written byte for byte", ({ file }) => {
    expect(writeNpy(parseNpy(bytesOf(file)))).toEqual(bytesOf(file));
  });

  it.each(Object.entries(numpy.refused))("%s is refused by name", async (_name, file) => {
    const error = await isthmusError(() => parseNpy(bytesOf(file), "x.npy"));
    expect(error.code).toBe("DATA_NPY");
    expect(error.message).toMatch(/^x\.npy: element type .*expected one of u8/);
  });

  it("is read from a view into a larger buffer", () => {
    const { file, rowMajor } = numpy.cases.find(({ name }) => name === "<f8")!;
    const larger = Buffer.concat([Buffer.alloc(3), Buffer.from(file, "base64")]);
    expect(elementBytes(parseNpy(larger.subarray(3)).values)).toEqual([...bytesOf(rowMajor)]);
  });
});

describe("writeNpy", () => {
  it("refuses a shape that does not describe the values, and values NPY cannot hold", () => {
    expect(() => writeNpy({ shape: [2], values: new Float32Array(3) })).toThrow(RangeError);
    expect(() => writeNpy({ shape: [3], values: [1, 2, 3] as never })).toThrow(TypeError);
  });
});

describe("a damaged NPY file", () => {
  const good = writeNpy({ shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) });
  const withHeader = (dict: string): Uint8Array => {
    const text = Buffer.from(`${dict}\n`);
    return Uint8Array.of(0x93, ...Buffer.from("NUMPY"), 1, 0, text.length & 0xff, text.length >> 8, ...text);
  };

  it("cut at any byte, or longer, is refused", async () => {
    for (let length = 0; length < good.length; length++) {
      expect((await isthmusError(() => parseNpy(good.subarray(0, length)))).code).toBe("DATA_NPY");
    }
    expect((await isthmusError(() => parseNpy(Uint8Array.of(...good, 0)))).code).toBe("DATA_NPY");
  });

  it.each([
    ["{}"],
    ["{'descr': '<f4', 'fortran_order': False}"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (0,), 'more': True}"],
    ["{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (0,)}"],
    ["{'descr': '<f4', 'fortran_order': 0, 'shape': (0,)}"],
    ["{'descr': '<f4', 'fortran_order': '', 'shape': (0,)}"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (0)}"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (,)}"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999)}"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296,)}"],
    ["{'descr': __import__('os'), 'fortran_order': False, 'shape': (0,)}"],
    ["[]"],
  ])("header %s is refused", async (dict) => {
    expect((await isthmusError(() => parseNpy(withHeader(dict)))).code).toBe("DATA_NPY");
  });

  it("with an unknown version or an endless header is refused", async () => {
    expect((await isthmusError(() => parseNpy(good.with(6, 4)))).message).toContain("unknown NPY version 4.0");
    const endless = Uint8Array.of(0x93, ...Buffer.from("NUMPY"), 2, 0, 0xff, 0xff, 0xff, 0xff);
    expect((await isthmusError(() => parseNpy(endless))).message).toContain("header of 4294967295 bytes");
  });

  it("with any one byte changed either reads as an array of its own size or is refused", () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
        try {
          const { values, shape } = parseNpy(good.with(at, byte));
          expect(values.length).toBe(shape.reduce((product, n) => product * n, 1));
        } catch (error) {
          expect(error).toMatchObject({ name: "IsthmusError", code: "DATA_NPY" });
        }
      }),
      { numRuns: 2000 },
    );
  });
});
