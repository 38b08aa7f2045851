import binaryen from "assemblyscript/binaryen";
import { describe, expect, it } from "vitest";
import { keepConstants } from "../scripts/keep-constants.mjs";

const splat = (value: string) => `v128.const i32x4${` ${value}`.repeat(4)}`;
const [ONE, TWO, ZERO] = [splat("0x3f800000"), splat("0x40000000"), splat("0x00000000")];

/** A module with a function `run(n)`, of lines as Binaryen writes them. */
const moduleOf = (...lines: string[]) =>
  [
    "(module",
    " (type $0 (func (param i32) (result i32)))",
    ` (import "env" "memory" (memory $0 0))`,
    ` (export "run" (func $run))`,
    " (func $run (param $0 i32) (result i32)",
    "  (local $1 v128)",
    ...lines.map((line) => `  ${line}`),
    " )",
    ")",
  ].join("\n");

/** One, to which n turns add one and double it. */
const counting = moduleOf(
  ...["local.get $1", ONE, "f32x4.add", "local.set $1"],
  ...["loop $again", " local.get $1", ` ${ONE}`, " f32x4.add", ` ${TWO}`, " f32x4.mul", ` ${ZERO}`, " f32x4.add"],
  ...[" local.set $1", " local.get $0", " i32.const 1", " i32.sub", " local.tee $0", " br_if $again", "end"],
  ...["local.get $1", "f32x4.extract_lane 0", "i32.trunc_f32_s"],
);

async function run(wat: string, n: number): Promise<number> {
  const module = binaryen.parseText(wat);
  module.setFeatures(binaryen.Features.All);
  expect(module.validate()).toBe(1);
  const imports = { env: { memory: new WebAssembly.Memory({ initial: 1 }) } };
  const { instance } = await WebAssembly.instantiate(module.emitBinary() as Uint8Array<ArrayBuffer>, imports);
  return (instance.exports["run"] as (n: number) => number)(n);
}

describe("keepConstants", () => {
  const kept = keepConstants(counting);

  it("reads each constant of a loop once, for all its uses, from a variable of the module", () => {
    expect(kept.match(/v128\.const i32x4 0x3f800000/g)).toHaveLength(1);
    expect(kept.match(/v128\.const i32x4 0x40000000/g)).toHaveLength(1);
    expect(kept.match(/global\.get/g)).toHaveLength(2);
    expect(kept.match(/local\.get \$kept0/g)).toHaveLength(2);
    expect(kept.indexOf("global.get $constant1")).toBeLessThan(kept.indexOf("loop"));
  });

  it("changes no result", async () => {
    for (const n of [1, 2, 7]) expect(await run(kept, n)).toBe(await run(counting, n));
    expect(await run(kept, 2)).toBe(10);
  });

  it("leaves zeros, what differs between lanes, and what is in no loop", () => {
    expect(kept.match(/v128\.const i32x4 0x00000000/g)).toHaveLength(1);
    const lanes = "v128.const i32x4 0x00000000 0x00000001 0x00000002 0x00000003";
    const once = ["loop $once", ` ${lanes}`, " drop", "end"];
    const other = moduleOf(lanes, "drop", ONE, "drop", ...once, TWO, "drop", "i32.const 0");
    expect(keepConstants(other)).toBe(other);
  });

  it("knows that a loop goes on behind what ends in it", () => {
    const inside = ["local.get $0", "if", ` ${ONE}`, " drop", "end", TWO, "drop"];
    const loop = keepConstants(moduleOf("loop $once", ...inside, "end", "i32.const 0"));
    expect(loop.match(/global\.get/g)).toHaveLength(2);
  });

  it("gives functions that share a constant the same variable", () => {
    const second = counting.slice(counting.indexOf(" (func"), -2).replace("$run", "$again");
    const both = keepConstants(`${counting.slice(0, -2)}\n${second}\n)`);
    expect(both.match(/\(global \$constant/g)).toHaveLength(2);
    expect(both.match(/global\.get \$constant0/g)).toHaveLength(2);
  });
});
