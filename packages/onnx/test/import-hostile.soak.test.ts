/** Hundreds of thousands of hostile ONNX files, drawn anew in each run: each is refused with a code, or read. */
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { encodeModel } from "../src/encode.ts";
import { mishap } from "./support/hostile.ts";
import { senseless } from "./support/senseless.ts";

const CASES = 50_000;
const MINUTES = 60_000;

const files = ["torch-encoder-17", "torch-encoder-13", "torch-decoder-17", "torch-decoder-13"];

test.each(files)("bytes of %s changed, cut out and put in", { timeout: 30 * MINUTES }, (name) => {
  const bytes = new Uint8Array(readFileSync(new URL(`fixtures/${name}.onnx`, import.meta.url)));
  const change = fc.record({ at: fc.nat(bytes.length - 1), cut: fc.nat(3), put: fc.uint8Array({ maxLength: 3 }) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
      const list = [...bytes];
      for (const { at, cut, put } of changes) list.splice(at, cut, ...put);
      expect(mishap(Uint8Array.from(list))).toBe(undefined);
    }),
    { numRuns: CASES },
  );
});

test("messages that are sound and say nonsense", { timeout: 30 * MINUTES }, () => {
  fc.assert(
    fc.property(senseless(), (model) => {
      expect(mishap(encodeModel(model))).toBe(undefined);
    }),
    { numRuns: CASES },
  );
});
