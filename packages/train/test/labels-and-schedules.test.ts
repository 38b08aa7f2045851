import type { Dataset } from "@isthmus/data";
import { dense, type Engine, GraphBuilder, type HostArray } from "@isthmus/graph";
import { bernoulliLogProbFromLogits } from "@isthmus/math";
import { autoencoder, type ModelDefinition, type Schedule } from "@isthmus/models";
import { describe, expect, it } from "vitest";
import { evaluate, evaluateItems, fit, readCheckpoint } from "../src/index.ts";
import { bits, byteDataset, engines } from "./support.ts";

const labelled: Dataset = {
  ...byteDataset(),
  labels: Uint8Array.from({ length: 22 }, (_, i) => (i * i) % 3),
  classes: 3,
};

/** Logits from the one-hot label alone, weighted by the schedule `weight`: the smallest model that needs both. */
function labelModel(schedules: Readonly<Record<string, Schedule>>): ModelDefinition {
  const base = autoencoder({ inputShape: [6], trunk: { kind: "dense", hidden: [] }, latent: 2 });
  const build = new GraphBuilder();
  const x = build.input("x", ["batch", 6]);
  const logits = dense(build, build.oneHot(build.input("label", ["batch"], "i32"), 3), { name: "out", units: 6 });
  const weight = build.input("weight", []);
  const perItem = build.neg(bernoulliLogProbFromLogits(build, x, logits));
  const loss = build.mul(build.mean(perItem), weight);
  const evaluation = build.program({ outputs: { reconstruction: perItem, weight: build.mul(weight, perItem) } });
  const program = build.program({ outputs: { loss, weight: build.mul(weight, build.scalar(1)) } });
  const phases = [{ name: "all", loss: program, parameters: ["out.kernel", "out.bias"] }];
  return { ...base, parameters: program.state, evaluation, phases, schedules };
}

const ramp: Schedule = { kind: "linear", from: 0, to: 2, steps: 8 };
const options = { batchSize: 8, learningRate: 0.1, seed: 3 } as const;

/** An engine, telling what training steps are fed. */
async function spied(make: () => Promise<Engine>, onStep: (inputs: Readonly<Record<string, HostArray>>) => void) {
  const engine = await make();
  const compile: Engine["compile"] = async (program, state) => {
    const executable = await engine.compile(program, state);
    return {
      run: (inputs) => {
        if ("adam.stepSize" in inputs) onStep(inputs);
        return executable.run(inputs);
      },
      dispose: () => executable.dispose(),
    };
  };
  return { ...engine, name: engine.name, build: engine.build, createState: engine.createState.bind(engine), compile };
}

describe.each(engines)("on the %s engine", (_, makeEngine) => {
  it("each item comes with its own label, and each step with its own value", async () => {
    const steps: { pixel: number; label: number }[] = [];
    const weights: number[] = [];
    const engine = await spied(makeEngine, (inputs) => {
      weights.push(inputs["weight"]![0]!);
      inputs["label"]!.forEach((label, row) => steps.push({ pixel: inputs["x"]![row * 6]!, label }));
    });
    await fit(labelModel({ weight: ramp }), { train: labelled }, { ...options, engine, epochs: 3 });
    // Three steps an epoch, 0, 1/4, ..., from 0 at step 1 to 2 at step 9.
    expect(weights).toEqual([0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]);
    const known = new Map(Array.from({ length: 22 }, (__, i) => [Math.fround(labelled.values[i * 6]! / 255), i]));
    expect(known.size).toBe(22);
    expect(steps).toHaveLength(66);
    for (const { pixel, label } of steps) expect(label).toBe(labelled.labels![known.get(pixel)!]);
  });

  it("goes on in the middle of a schedule, bit for bit", async () => {
    const engine = await makeEngine();
    const definition = labelModel({ weight: ramp });
    const checkpoints: Uint8Array[] = [];
    const checkpoint = async (bytes: Uint8Array) => void checkpoints.push(bytes);
    const whole = await fit(definition, { train: labelled }, { ...options, engine, epochs: 4, checkpoint });
    for (const resume of checkpoints.slice(0, 3)) {
      const resumed = await fit(definition, { train: labelled }, { ...options, engine, epochs: 4, resume });
      expect(bits(resumed.parameters)).toEqual(bits(whole.parameters));
      expect(resumed.history.map(({ train }) => train)).toEqual(whole.history.map(({ train }) => train));
    }
    engine.dispose();
  });

  it("evaluates with the value the schedule ends with, item by item as in the mean", async () => {
    const engine = await makeEngine();
    const definition = labelModel({ weight: ramp });
    const { parameters } = await fit(definition, { train: labelled }, { ...options, engine, epochs: 1 });
    const means = await evaluate(definition, parameters, labelled, { engine });
    expect(means["weight"]).toBeCloseTo(2 * means["reconstruction"]!, 6);
    const items = await evaluateItems(definition, parameters, labelled, { engine, batchSize: 5 });
    for (const [name, values] of Object.entries(items)) {
      expect(values).toHaveLength(22);
      // Each of the 22 terms has its float32 rounding at most twice, and is below 32.
      expect(values.reduce((sum, value) => sum + value, 0) / 22).toBeCloseTo(means[name]!, 5);
    }
    const alone = {
      ...labelled,
      items: 1,
      values: labelled.values.slice(42, 48),
      labels: labelled.labels!.slice(7, 8),
    };
    const [seventh] = (await evaluateItems(definition, parameters, alone, { engine }))["reconstruction"]!;
    expect(items["reconstruction"]![7]).toBeCloseTo(seventh!, 5);
    engine.dispose();
  });
});

describe("the run's identity", () => {
  it("holds schedules and labels", async () => {
    const engine = await engines[0]![1]();
    let bytes!: Uint8Array;
    const checkpoint = async (stored: Uint8Array) => void (bytes = stored);
    await fit(labelModel({ weight: ramp }), { train: labelled }, { ...options, engine, epochs: 1, checkpoint });
    expect(readCheckpoint(bytes).run["schedules"]).toEqual({ weight: ramp });
    const resume = (definition: ModelDefinition, train: Dataset) =>
      fit(definition, { train }, { ...options, engine, epochs: 2, resume: bytes });
    const mismatch = (field: string) => ({ code: "CHECKPOINT_MISMATCH", details: { field } });
    await expect(resume(labelModel({ weight: { ...ramp, steps: 9 } }), labelled)).rejects.toMatchObject(
      mismatch("schedules.weight.steps"),
    );
    const others = { ...labelled, labels: labelled.labels!.map((label, i) => (i === 4 ? (label + 1) % 3 : label)) };
    await expect(resume(labelModel({ weight: ramp }), others)).rejects.toMatchObject(mismatch("data.labels"));
    const wider = { ...labelled, labels: Int32Array.from(labelled.labels!) };
    await expect(resume(labelModel({ weight: ramp }), wider)).resolves.toMatchObject({ epochs: 2 });
  });

  it("labels that are missing or out of range are refused", async () => {
    const engine = await engines[0]![1]();
    const definition = labelModel({ weight: 1 });
    const bare = byteDataset();
    await expect(fit(definition, { train: bare }, { engine })).rejects.toThrow(
      /"bytes" expected a label for each of its 22 items, got none/,
    );
    const { parameters } = await fit(definition, { train: labelled }, { ...options, engine, epochs: 1 });
    await expect(evaluate(definition, parameters, bare, { engine })).rejects.toThrow(/"bytes" expected a label/);
    const wrong = { ...labelled, labels: new Uint8Array(22).fill(3) };
    await expect(fit(definition, { train: wrong }, { engine })).rejects.toThrow(
      /"label" expected ids in \[0, 3\), got 3/,
    );
  });
});
