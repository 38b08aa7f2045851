import { bundleEncoder, bundleFloatEncoder } from "@isthmus/deploy";
import { javascriptExecutor, type Plan, readBundle } from "@isthmus/edge";
import { IsthmusError } from "@isthmus/math";
import { modelOf, SIZE } from "../../packages/deploy/test/models.ts";
import { kernelsTake } from "../../packages/deploy/test/kernels-take.ts";
import { items, manyKinds } from "../../packages/deploy/test/networks.ts";
import { repaired } from "../../packages/deploy/test/repaired.ts";
import {
  type Draw,
  type HostileKind,
  pick,
  probe,
  withDamage,
} from "../../packages/codec/test/support/hostile-draws.ts";

/** Int32 of a plan that are tried: what stands before its calls, and six of these. */
const PLAN_WORDS = 11 + 26 * 6;

/** A few int32 of the plan, the fourth section of a bundle without units, are others. */
function withOtherPlan(draw: Draw, bundle: Uint8Array): Uint8Array {
  const bytes = bundle.slice();
  const view = new DataView(bytes.buffer);
  const lengths = [0, 1].map((section) => view.getUint32(44 + 12 * section + 4, true));
  const plan = 44 + 12 * bytes[3]! + lengths[0]! + lengths[1]!;
  for (let left = 1 + draw(3); left > 0; left--) {
    const at = plan + 4 * draw(PLAN_WORDS);
    const value = view.getInt32(at, true);
    const anything = draw(2 ** 32) | 0;
    view.setInt32(
      at,
      pick(draw, [value + 4, value - 4, value + 1, 2 * value, -value, 0, 1, 4, draw(22), anything]),
      true,
    );
  }
  return bytes;
}

const LIMIT = 2 ** 18;

/** Reads a bundle; what is taken for good must run, or say which number stands for no symbol. */
function outcome(bytes: Uint8Array): string {
  const taken = kernelsTake(bytes, LIMIT, LIMIT);
  const disagree = (): Error => new Error(`the kernels ${taken ? "take" : "refuse"} it, and readBundle does not`);
  try {
    const { plan } = probe.around(() => readBundle(bytes, { memoryBytes: LIMIT, products: LIMIT }));
    if (!taken) throw disagree();
    return runOf(plan);
  } catch (error) {
    if (!(error instanceof IsthmusError)) throw error;
    if (taken) throw disagree();
    return error.code;
  }
}

function runOf(plan: Plan): string {
  try {
    javascriptExecutor(plan).run(new Float32Array(plan.input.length));
    return "decoded";
  } catch (error) {
    if (error instanceof IsthmusError) return error.code;
    throw error;
  }
}

const model = modelOf(manyKinds("sigmoid"));
const shared = [
  ...["BUNDLE_CRC", "BUNDLE_INVALID", "BUNDLE_LIMIT", "BUNDLE_MAGIC", "BUNDLE_TRUNCATED", "BUNDLE_VERSION"],
  ...["PLAN_INVALID", "PLAN_VERSION", "TABLE_INVALID", "decoded"],
];

/** Encoders for devices. Damage is half of it under sums that hold. */
function bundleKind(weights: string, seed: number, bundle: Uint8Array): HostileKind {
  return {
    name: `encoders for devices in ${weights}, damaged`,
    seed,
    run: (draw) => {
      if (draw(2)) return outcome(repaired(withOtherPlan(draw, bundle)));
      const damaged = withDamage(draw, bundle.subarray(0, draw(4) ? bundle.length : 1 + draw(bundle.length)), 3);
      const isWhole = damaged.length === bundle.length && damaged[3] === bundle[3];
      return outcome(isWhole && draw(2) ? repaired(damaged) : damaged);
    },
    outcomes: shared,
    share: 0.1,
    // Ten thousand bytes and more are summed up, and every number of the plan is checked.
    most: { bytes: 2 ** 22, milliseconds: 20 },
  };
}

export const bundleKinds: readonly HostileKind[] = [
  bundleKind("int8", 41, await bundleEncoder(model, { batches: [items(20, SIZE)] })),
  bundleKind("float32", 42, bundleFloatEncoder(model)),
];
