/** The checker's table of operators is ONNX's own (Debian's python3-onnx 1.12: operator sets up to 17), and its tests pass. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Form } from "../src/check/operator.ts";
import { formOf, operators } from "../src/check/operators.ts";
import { decodeModel } from "../src/decode.ts";
import { checkOnnx } from "../src/index.ts";

const PYTHON = "/usr/bin/python3";
const program = fileURLToPath(new URL("../../../tools/fixtures/onnx_schemas.py", import.meta.url));
const missing = spawnSync(PYTHON, ["-c", "import onnx"]).status !== 0;

type Schema = Required<Pick<Form, "inputs" | "outputs" | "types">> & {
  readonly attributes: Readonly<Record<string, string>>;
};

/** A list of ports with what each may be in place of its letter: letters are ours. */
function ports(letters: readonly string[], types: Form["types"]): string[] {
  return letters.map((letter) => {
    const name = letter.replace(/[?*]$/, "");
    const codes = types[name]!.filter((code) => code <= 16).toSorted((a, b) => a - b);
    return `${codes.join(" ")}${letter.slice(name.length)}`;
  });
}

/** Attributes that hold what is no number: sparse tensors and lists of text. */
const unread = new Set(["sparse_tensor", "strings"]);

function comparable({ inputs, outputs, types, attributes }: Schema): object {
  const kept = Object.entries(attributes).filter(([, type]) => !unread.has(type));
  return { inputs: ports(inputs, types), outputs: ports(outputs, types), attributes: Object.fromEntries(kept) };
}

describe.skipIf(missing)("python3-onnx (apt-get install python3-onnx)", () => {
  test.each([13, 14, 15, 16, 17])("has the operators of set %i as the checker has them", (opset) => {
    const names = Object.keys(operators);
    const { status, stdout, stderr } = spawnSync(PYTHON, [program, String(opset), ...names], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    const schemas = JSON.parse(stdout) as Record<string, Schema | null>;
    for (const name of names) {
      const form = formOf(operators[name]!, opset);
      const theirs = schemas[name];
      if (!form || !theirs) expect({ name, there: form !== undefined }).toEqual({ name, there: theirs !== null });
      else expect({ name, ...comparable({ attributes: {}, ...form }) }).toEqual({ name, ...comparable(theirs) });
    }
  });
});

const DATA = "/usr/share/libonnx-testdata/data/node";

describe.skipIf(!existsSync(DATA))("ONNX's own tests of operators (apt-get install libonnx-testdata)", () => {
  const notTensors = ["test_identity_opt", "test_identity_sequence"];

  test("are sound files, as far as their operators are known and their values are tensors", () => {
    const files = readdirSync(DATA).filter((name) => !notTensors.includes(name));
    const bytes = files.map((name) => [name, new Uint8Array(readFileSync(join(DATA, name, "model.onnx")))] as const);
    const known = bytes.filter(([, file]) => {
      const { graph, operatorSets } = decodeModel(file);
      const opset = operatorSets.find(({ domain }) => domain === "")?.version ?? 0;
      return (
        opset >= 13 && graph.nodes.every(({ opType, domain }) => domain === "" && Object.hasOwn(operators, opType))
      );
    });
    expect(known.length).toBeGreaterThan(400);
    for (const [name, file] of known) expect(() => checkOnnx(file), name).not.toThrow();
  });
});
