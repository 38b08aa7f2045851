/**
 * Of every operator, written as it may and as it may not be, the checker says what two judges say: onnxruntime, which has the
 * operators of all sets, and ONNX's own checker (Debian's python3-onnx 1.12), which has those up to 17. Each attribute that
 * there is, each number of inputs and outputs, each type: also those that only an older or a newer set has.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as native from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { operators } from "../src/check/operators.ts";
import { checkOnnx } from "../src/index.ts";
import { fileOfTrial, trialsOf } from "./support/node-trials.ts";

const names = Object.keys(operators);

const options = {
  logSeverityLevel: 4,
  intraOpNumThreads: 1,
  graphOptimizationLevel: "disabled",
  extra: { session: { strict_shape_type_inference: "1" } },
} as const;

/** The model is sound, but kernels, the JavaScript or what an operator is put together from lack something. */
const unable = /^Could not find an implementation|^Unsupported data type|MLDataType|_inlfunc_|in node \(\) is invalid/;

/** Why onnxruntime refuses a file, empty where it does not. */
async function refusalOf(bytes: Uint8Array): Promise<string> {
  try {
    const session = await native.InferenceSession.create(bytes, options);
    await session.release();
    return "";
  } catch (error) {
    const { message } = error as Error;
    return unable.test(message) ? "" : message;
  }
}

function ourRefusalOf(bytes: Uint8Array): string {
  try {
    checkOnnx(bytes);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

/** ONNX itself lets it have any; the checker refuses what means nothing. */
const anyAttribute = /^LayerNormalization with "\w+"$/;

interface Exception {
  readonly why: string;
  readonly trials: RegExp;
  /** The first operator set where it is none. */
  readonly until?: number;
}

/** Where onnxruntime is another kind of judge; of all these, python3-onnx says what we say. */
const exceptions: readonly Exception[] = [
  { why: "a Constant becomes an initialiser before anything looks at it", trials: /^Constant / },
  { why: "it had a LayerNormalization of its own before ONNX did", trials: /^LayerNormalization /, until: 17 },
  {
    why: "types of outputs are not held to those that the operator makes",
    trials: /^(Cast|QuantizeLinear|RandomNormal|RandomNormalLike) makes|^RandomNormalLike with type/,
  },
  { why: "a node that reads nothing and makes nothing is not looked at", trials: /^RandomNormal with 0 outputs/ },
  { why: "its Erf takes floats alone", trials: /^Erf with type/ },
];
const met = new Set<string>();

function exceptionTo(what: string, opset: number): Exception | undefined {
  return exceptions.find(({ trials, until = Infinity }) => opset < until && trials.test(what));
}

interface Disagreement {
  readonly what: string;
  readonly ours: string;
  readonly theirs: string;
}

/** What two say of a trial, where one of them refuses it and the other does not. */
function compare(what: string, ours: string, theirs: string): Disagreement[] {
  const isOne = (ours === "") === (theirs === "") || anyAttribute.test(what);
  return isOne ? [] : [{ what, ours, theirs }];
}

describe.each([13, 14, 15, 16, 17, 18, 19, 20, 21])("onnxruntime, operator set %i", (opset) => {
  test.each(names)("%s", async (opType) => {
    const found: Disagreement[] = [];
    for (const trial of trialsOf(opType, opset)) {
      const bytes = fileOfTrial(trial, opset);
      const different = compare(trial.what, ourRefusalOf(bytes), await refusalOf(bytes));
      const exception = exceptionTo(trial.what, opset);
      if (!exception) found.push(...different);
      else if (different.length > 0) met.add(exception.why);
    }
    expect(found).toEqual([]);
  });
});

test("onnxruntime is another kind of judge wherever that is said", () => {
  expect([...met].sort()).toEqual(exceptions.map(({ why }) => why).sort());
});

const PYTHON = "/usr/bin/python3";
const program = fileURLToPath(new URL("../../../tools/fixtures/onnx_verdicts.py", import.meta.url));
const missing = spawnSync(PYTHON, ["-c", "import onnx"]).status !== 0;

function refusals(files: readonly Uint8Array[]): string[] {
  const input = files.flatMap((bytes) => [new Uint8Array(Uint32Array.of(bytes.length).buffer), bytes]);
  const { status, stdout, stderr } = spawnSync(PYTHON, [program], {
    input: Buffer.concat(input),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as string);
}

describe.skipIf(missing)("python3-onnx (apt-get install python3-onnx)", () => {
  test.each([13, 14, 15, 16, 17])("says the same of all in operator set %i", (opset) => {
    const trials = names.flatMap((opType) => trialsOf(opType, opset));
    const files = trials.map((trial) => fileOfTrial(trial, opset));
    const theirs = refusals(files);
    expect(theirs).toHaveLength(files.length);
    const found = trials.flatMap(({ what }, i) => compare(what, ourRefusalOf(files[i]!), theirs[i]!));
    expect(found).toEqual([]);
  });
});

test("both accept and refuse: the trials are not all of one kind", () => {
  for (const opType of names) {
    const verdicts = trialsOf(opType, 21).map((trial) => ourRefusalOf(fileOfTrial(trial, 21)) === "");
    expect({ opType, accepts: verdicts.includes(true), refuses: verdicts.includes(false) }).toEqual({
      opType,
      accepts: true,
      refuses: true,
    });
  }
});
